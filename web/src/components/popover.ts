/** A panel that a button opens, and that Escape, the button, a press outside or tabbing out closes. */
import { setAttribute, setShown, type Dispose } from '../dom.js';

export interface Popover {
  /** Closes the panel and returns the focus to the button. */
  close(): void;
  dispose: Dispose;
}

/** `root` contains the button and the panel; `focusFirst` moves the focus into the panel that has just opened. */
export function createPopover(
  root: HTMLElement,
  button: HTMLButtonElement,
  panel: HTMLElement,
  focusFirst: () => void,
): Popover {
  let listening = new AbortController();

  function open(): void {
    setShown(panel, true);
    setAttribute(button, 'aria-expanded', 'true');
    listening = new AbortController();
    const { signal } = listening;
    document.addEventListener('keydown', onKey, { signal });
    document.addEventListener('pointerdown', ({ target }) => hideUnlessIn(target), { signal });
    root.addEventListener('focusout', ({ relatedTarget }) => hideUnlessIn(relatedTarget), { signal });
    focusFirst();
    panel.scrollIntoView({ block: 'nearest' });
  }

  function hide(): void {
    listening.abort();
    setShown(panel, false);
    setAttribute(button, 'aria-expanded', 'false');
  }

  function hideUnlessIn(target: EventTarget | null): void {
    // When the window loses the focus there is no target, and the panel stays open.
    if (target instanceof Node && !root.contains(target)) hide();
  }

  function close(): void {
    button.focus();
    hide();
  }

  function onKey(event: KeyboardEvent): void {
    if (event.key !== 'Escape' || event.defaultPrevented) return;
    event.preventDefault();
    close();
  }

  button.addEventListener('click', () => (panel.hidden ? open() : close()));
  hide();
  return { close, dispose: () => listening.abort() };
}
