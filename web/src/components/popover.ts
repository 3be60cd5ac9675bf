import { setAttribute, setShown, type Dispose } from '../dom.js';

/** A panel that its button opens, and that Escape, the button, a press elsewhere or Tab out of it closes. */
export interface Popover {
  /** Closes it and gives the focus back to the button. */
  close(): void;
  dispose: Dispose;
}

/** `root` holds both; `focusFirst` puts the focus into the panel that has just opened. */
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
    // The focus goes nowhere when the window loses it; that closes nothing.
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
