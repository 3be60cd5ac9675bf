/** The dialog that lists the keyboard shortcuts. */
import { element } from '../dom.js';

const SHORTCUTS: readonly (readonly [keys: readonly string[], does: string])[] = [
  [['Space', 'K'], 'Play or pause'],
  [['←', '→'], 'Go back or forward by 5 seconds'],
  [['M'], 'Mute or unmute'],
  [['F'], 'Enter or leave fullscreen'],
  [['?'], 'Show this list'],
];

/** Shows the dialog, which Escape closes. */
export function showShortcuts(): void {
  const list = element('dl', { class: 'shortcuts' });
  for (const [keys, does] of SHORTCUTS) {
    const names = keys.map((key) => element('kbd', {}, key));
    list.append(element('dt', {}, ...names), element('dd', {}, does));
  }
  const close = element('button', { type: 'submit', class: 'button', autofocus: true }, 'Close');
  const dialog = element(
    'dialog',
    { class: 'dialog', 'aria-labelledby': 'shortcuts-title', 'data-testid': 'shortcuts' },
    element(
      'form',
      { method: 'dialog' },
      element('h2', { id: 'shortcuts-title' }, 'Keyboard shortcuts'),
      list,
      element('div', { class: 'dialog-actions' }, close),
    ),
  );
  document.body.append(dialog);
  dialog.addEventListener('close', () => dialog.remove());
  dialog.showModal();
}
