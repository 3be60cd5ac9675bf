import { element, setAttribute, setText, type Attributes } from '../dom.js';

/** A labelled text field with a place for what is wrong with it. */
export interface Field {
  element: HTMLElement;
  input: HTMLInputElement;
  /** Says what is wrong, or nothing when empty. */
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

/** Runs one submit at a time; the button tells that it is under way. */
export function whileBusy(button: HTMLButtonElement, work: () => Promise<void>): void {
  if (button.getAttribute('aria-busy') === 'true') return;
  setAttribute(button, 'aria-busy', 'true');
  void work().finally(() => setAttribute(button, 'aria-busy', null));
}
