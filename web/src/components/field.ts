/** Parts of forms: a labelled text field, and a button that is busy while it works. */
import { element, setAttribute, setText, type Attributes } from '../dom.js';

/** A labelled text field and its error message. */
export interface Field {
  element: HTMLElement;
  input: HTMLInputElement;
  /** Shows what is wrong; an empty text clears it. */
  fail(text: string): void;
}

let made = 0;

export function createField(label: string, attributes: Attributes, beside: HTMLElement | null = null): Field {
  made += 1;
  const id = `field-${made}`;
  const input = element('input', {
    type: 'text',
    class: 'input',
    id,
    'aria-describedby': `${id}-error`,
    ...attributes,
  });
  const error = element('p', { class: 'field-error', id: `${id}-error`, role: 'alert' });
  const field = element(
    'div',
    { class: 'field' },
    element('label', { class: 'field-label', for: id }, label),
    beside ? element('div', { class: 'field-row' }, input, beside) : input,
    error,
  );

  function fail(text: string): void {
    setText(error, text);
    setAttribute(input, 'aria-invalid', text === '' ? null : 'true');
  }
  input.addEventListener('input', () => fail(''));
  return { element: field, input, fail };
}

/** Runs one submission at a time, and marks the button as busy meanwhile. */
export function whileBusy(button: HTMLButtonElement, work: () => Promise<void>): void {
  if (button.getAttribute('aria-busy') === 'true') return;
  setAttribute(button, 'aria-busy', 'true');
  void work().finally(() => setAttribute(button, 'aria-busy', null));
}
