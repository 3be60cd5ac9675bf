/** The dialog that lists who is banned, and lifts bans. */
import type { Ban, SessionSnapshot } from 'playhead-sdk';
import type { App } from '../app.js';
import { element, setText } from '../dom.js';
import { sentenceOf } from '../words.js';
import { calledAmong } from './called.js';

export async function showBans(app: App, { room, presence }: SessionSnapshot): Promise<void> {
  const bans: Ban[] = [];
  const status = element('p', { class: 'quiet', role: 'status' }, 'Loading…');
  const list = element('ul', { class: 'people', 'data-testid': 'bans' });
  const dialog = element(
    'dialog',
    { class: 'dialog', 'aria-labelledby': 'bans-title', 'data-testid': 'bans-dialog' },
    element('h2', { id: 'bans-title' }, 'Banned people'),
    status,
    list,
    element(
      'form',
      { method: 'dialog', class: 'dialog-actions' },
      element('button', { type: 'submit', class: 'button', autofocus: true }, 'Close'),
    ),
  );
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();

  function say(): void {
    setText(status, list.children.length === 0 ? 'Nobody is banned.' : '');
  }

  try {
    const people = await app.client.people(room.room_id);
    let next: string | undefined;
    do {
      const page: { items: Ban[]; next_page_token?: string } = await people.bans({ page_token: next });
      bans.push(...page.items);
      next = page.next_page_token;
    } while (next !== undefined && dialog.open);
    // Only among all of them is it known whose names look alike.
    list.append(...bans.map((ban) => createRow(ban, () => people.liftBan(ban.participant_id))));
    say();
  } catch (error) {
    setText(status, sentenceOf(error));
  }

  function createRow(ban: Ban, lift: () => Promise<void>): HTMLElement {
    const name = calledAmong([...bans, ...presence], ban) ?? 'Someone';
    const button = element(
      'button',
      { type: 'button', class: 'button button-quiet small', 'aria-label': `Unban ${name}` },
      'Unban',
    );
    const row = element(
      'li',
      { class: 'person' },
      element('span', { class: 'person-name' }, name, ban.reason ? element('span', { class: 'quiet' }, ` · ${ban.reason}`) : null),
      button,
    );
    button.addEventListener('click', () => {
      button.disabled = true;
      lift().then(
        () => {
          row.remove();
          say();
        },
        (error: unknown) => {
          button.disabled = false;
          setText(status, sentenceOf(error));
        },
      );
    });
    return row;
  }
}
