/** The confirmation dialog. */
import { element } from '../dom.js';

/** Asks a yes-or-no question in a dialog that Escape closes; resolves to whether the person agreed. */
export function confirmed(question: { title: string; text: string; yes: string; no: string }): Promise<boolean> {
  const yes = element('button', { type: 'submit', class: 'button button-primary', value: 'yes' }, question.yes);
  const no = element('button', { type: 'submit', class: 'button', value: 'no', autofocus: true }, question.no);
  const dialog = element(
    'dialog',
    { class: 'dialog', 'aria-labelledby': 'dialog-title', 'data-testid': 'confirm' },
    element(
      'form',
      { method: 'dialog' },
      element('h2', { id: 'dialog-title' }, question.title),
      element('p', {}, question.text),
      element('div', { class: 'dialog-actions' }, no, yes),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
  });
}
