/** The few functions that the page needs to build and update the DOM. */
type Child = Node | string | null;

/** Attributes of a new element; `true` sets an empty attribute, `false` and `undefined` set none. */
export type Attributes = Record<string, string | number | boolean | undefined>;

/** Creates an element. Strings are added as text, never as markup. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const created = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    created.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children) if (child !== null) created.append(child);
  return created;
}

/** Sets the text only if it differs, so that a live region is announced once and a selection is kept. */
export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

/** Sets an attribute only if it differs; null removes it. */
export function setAttribute(target: Element, name: string, value: string | null): void {
  if (value === null) target.removeAttribute(name);
  else if (target.getAttribute(name) !== value) target.setAttribute(name, value);
}

/** Shows or hides an element. */
export function setShown(target: HTMLElement, shown: boolean): void {
  if (target.hidden === shown) target.hidden = !shown;
}

/** Ends the timers and listeners of a page or component. */
export type Dispose = () => void;

/** What every component returns: its element, and `dispose` if it has timers or listeners to end. */
export interface Component {
  element: HTMLElement;
  dispose?: Dispose;
}
