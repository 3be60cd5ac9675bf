/** The dialog in which the host, co-hosts and moderators act on one person. */
import type { Presence, Role, RoomSession } from 'playhead-sdk';
import type { App } from '../app.js';
import { element } from '../dom.js';
import { sentenceOf } from '../words.js';
import { calledAmong } from './called.js';
import { confirmed } from './confirm.js';

// Who moderates, the highest first. Everyone else ranks below.
const MODERATING: readonly Role[] = ['host', 'co_host', 'moderator'];

const ROLES: readonly { role: Role; label: string; hint: string }[] = [
  { role: 'guest', label: 'Guest', hint: 'Watches along.' },
  { role: 'moderator', label: 'Moderator', hint: 'Can remove and ban people.' },
  { role: 'co_host', label: 'Co-host', hint: 'Also controls playback.' },
];

/** Whether somebody of one role may remove somebody of another. */
export function mayRemove(mine: Role, theirs: Role): boolean {
  return moderates(mine) && rank(mine) < rank(theirs);
}

/** Whether a role lets people in, removes them and sees who is banned. */
export function moderates(role: Role): boolean {
  return MODERATING.includes(role);
}

/** Opens the dialog; `mine` is the role of the person who looks at it. */
export function managePerson(app: App, session: RoomSession, person: Presence, mine: Role): void {
  const { presence, room } = session.getSnapshot();
  const { participant_id: id } = person;
  const name = calledAmong(presence, person) ?? '';
  const roomId = room.room_id;
  const back = room.settings.entry === 'open' ? 'Can come back with the invite link.' : 'Comes back only if let in again.';
  const choices = element('div', { class: 'person-choices' });
  const dialog = element(
    'dialog',
    { class: 'dialog', 'aria-labelledby': 'person-title', 'data-testid': 'person' },
    element('h2', { id: 'person-title' }, name),
    choices,
    element(
      'form',
      { method: 'dialog', class: 'dialog-actions' },
      element('button', { type: 'submit', class: 'button' }, 'Close'),
    ),
  );
  dialog.addEventListener('close', () => dialog.remove());

  async function attempt(work: () => Promise<unknown>, done: string): Promise<void> {
    dialog.close();
    try {
      await work();
      app.notices.say(done, 'good');
    } catch (error) {
      app.notices.say(sentenceOf(error), 'bad');
    }
  }

  function add(testId: string, label: string, hint: string, run: () => void | Promise<void>): void {
    const button = element(
      'button',
      { type: 'button', class: 'person-choice', 'data-testid': testId },
      element('span', { class: 'person-choice-label' }, label),
      element('span', { class: 'quiet small' }, hint),
    );
    button.addEventListener('click', () => void run());
    choices.append(button);
  }

  if (mine === 'host') {
    for (const { role, label, hint } of ROLES.filter((one) => one.role !== shownRole(person.role))) {
      add(`role-${role}`, `Make ${label.toLowerCase()}`, hint, () =>
        attempt(async () => (await app.client.people(roomId)).setRole(id, role), `${name} is a ${label.toLowerCase()} now.`),
      );
    }
    add('make-host', 'Make host', 'Controls the party instead of you.', async () => {
      dialog.close();
      const sure = await confirmed({
        title: `Make ${name} the host?`,
        text: `${name} will choose what to watch and control playback for everyone. You can’t take the role back yourself.`,
        yes: 'Make host',
        no: 'Cancel',
      });
      if (sure) await attempt(() => session.hostTransfer(id), `${name} is the host now.`);
    });
  }
  if (mayRemove(mine, person.role)) {
    add('remove', 'Remove from the party', back, () =>
      attempt(async () => (await app.client.people(roomId)).remove(id), `${name} was removed.`),
    );
    add('ban', 'Ban from the party', 'Can’t come back until someone unbans them.', async () => {
      dialog.close();
      const sure = await confirmed({
        title: `Ban ${name}?`,
        text: `${name} will be disconnected and can’t come back. Keep in mind that anyone can return as a new guest, from another browser.`,
        yes: 'Ban',
        no: 'Cancel',
      });
      if (sure) await attempt(async () => (await app.client.people(roomId)).ban(id), `${name} is banned.`);
    });
  }
  document.body.append(dialog);
  dialog.showModal();
}

// People with and without an account are the same to the host.
function shownRole(role: Role): Role {
  return role === 'member' ? 'guest' : role;
}

function rank(role: Role): number {
  const place = MODERATING.indexOf(role);
  return place < 0 ? MODERATING.length : place;
}
