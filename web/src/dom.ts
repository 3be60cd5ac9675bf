type Child = Node | string | null;

/** Attributes of a new element; `true` writes an empty attribute, `false` and `undefined` write none. */
export type Attributes = Record<string, string | number | boolean | undefined>;

/** Builds one element. Text goes in as text, never as markup. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    node.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children) if (child !== null) node.append(child);
  return node;
}

/** Writes text only when it differs, so that a live region speaks once and a selection survives. */
export function setText(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** Writes an attribute only when it differs. */
export function setAttribute(node: Element, name: string, value: string | null): void {
  if (value === null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/** Shows or hides an element. */
export function setShown(node: HTMLElement, shown: boolean): void {
  if (node.hidden === shown) node.hidden = !shown;
}

/** A cleanup that undoes what a page or component set up. */
export type Dispose = () => void;

/** What every component gives back: its element, and how to end it when it holds timers or listeners. */
export interface Component {
  element: HTMLElement;
  dispose?: Dispose;
}
