/** Copying text, also where the page has no clipboard. */
import { element } from './dom.js';

/** Copies a text; resolves to whether that worked. */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

// Plain-HTTP pages have no clipboard API, but can copy from a selected field.
function copyBySelection(text: string): boolean {
  const field = element('textarea', { class: 'only-spoken', 'aria-hidden': 'true', readonly: true });
  field.value = text;
  // What lies behind an open dialog can't be selected.
  (document.querySelector('dialog[open]') ?? document.body).append(field);
  const before = document.activeElement;
  field.select();
  const done = document.execCommand('copy');
  field.remove();
  if (before instanceof HTMLElement) before.focus();
  return done;
}
