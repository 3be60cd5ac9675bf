/** The list of participants, in which those who moderate the party can act on the others. */
import type { Presence, Role, RoomSettings, SessionSnapshot } from 'playhead-sdk';
import { charactersOf } from '../characters.js';
import { element, setShown, setText } from '../dom.js';
import { icon } from '../icons.js';
import { sentenceOf } from '../words.js';
import { showBans } from './bans-dialog.js';
import { tagsAmong } from './called.js';
import { showGrants } from './grants-dialog.js';
import { showInvites } from './invite-dialog.js';
import { managePerson, mayRemove, moderates } from './person-dialog.js';
import type { RoomContext, RoomPart } from './room-context.js';

const BADGES: Readonly<Partial<Record<Role, string>>> = { host: 'Host', co_host: 'Co-host', moderator: 'Moderator' };
const TINTS = 6;

export function createParticipants({ app, session }: RoomContext): RoomPart {
  const count = element('span', { class: 'quiet' });
  const list = element('ul', { class: 'people', 'data-testid': 'participants' });
  const more = element('p', { class: 'quiet small', hidden: true });
  const banned = element(
    'button',
    { type: 'button', class: 'button button-quiet small', hidden: true, 'data-testid': 'show-bans' },
    'Banned people',
  );
  const invites = element(
    'button',
    { type: 'button', class: 'button button-quiet small', hidden: true, 'aria-haspopup': 'dialog', 'data-testid': 'show-invites' },
    'Invite links',
  );
  const grants = element(
    'button',
    { type: 'button', class: 'button button-quiet small', hidden: true, 'aria-haspopup': 'dialog', 'data-testid': 'show-grants' },
    'Admitted people',
  );
  const card = element(
    'section',
    { class: 'card people-card', 'aria-labelledby': 'people-title' },
    element('h2', { id: 'people-title', tabindex: '-1' }, 'Participants ', count),
    list,
    more,
    element('div', { class: 'people-more' }, invites, grants, banned),
  );
  const everyone = element('input', { type: 'checkbox', 'data-testid': 'everyone-controls' });
  const controlled = element('label', { class: 'check', hidden: true }, everyone, 'Everyone can play, pause and seek');
  card.insertBefore(controlled, card.lastElementChild);
  let shown = '';
  /** The choice that was sent to the server, until the room shows it. */
  let asked: RoomSettings['playback_control'] | null = null;

  everyone.addEventListener('change', () => void letControl(everyone.checked ? 'everyone' : 'hosts'));
  // With the focus, it would take the keys that control playback.
  everyone.addEventListener('click', (event) => event.detail > 0 && everyone.blur());

  async function letControl(who: RoomSettings['playback_control']): Promise<void> {
    asked = who;
    try {
      await (await app.client.people(session.getSnapshot().room.room_id)).changeRoom({ playback_control: who });
    } catch (error) {
      if (asked === who) asked = null;
      app.notices.say(sentenceOf(error), 'bad');
    }
    showControl(session.getSnapshot());
  }

  function showControl({ room, me }: SessionSnapshot): void {
    const control = room.settings.playback_control;
    if (asked === control) asked = null;
    setShown(controlled, me.role === 'host');
    everyone.checked = (asked ?? control) === 'everyone';
  }

  banned.addEventListener('click', () => void showBans(app, session.getSnapshot()));
  grants.addEventListener('click', () => void showGrants(app, session.getSnapshot()));
  invites.addEventListener('click', () => void showInvites(app, session));

  function manage(person: Presence): void {
    managePerson(app, session, person, session.getSnapshot().me.role);
  }

  return {
    element: card,
    update({ room }) {
      const people = [...room.presence].sort(
        (a, b) => rank(a, room) - rank(b, room) || a.display_name.localeCompare(b.display_name),
      );
      setText(count, String(room.presenceTotal));
      const unseen = room.presenceTotal - people.length;
      setText(more, `and ${unseen} more`);
      setShown(more, unseen > 0);
      for (const button of [invites, grants, banned]) setShown(button, moderates(room.me.role));
      showControl(room);
      // The rows are rebuilt only when one has changed, and the same person's button keeps the focus.
      const next = JSON.stringify([people, room.me]);
      if (next === shown) return;
      shown = next;
      const focused = list.contains(document.activeElement) && document.activeElement?.closest('li')?.dataset['participant'];
      const tags = tagsAmong(people);
      list.replaceChildren(...people.map((person) => createRow(person, tags.get(person.participant_id) ?? '', room, manage)));
      if (focused) list.querySelector<HTMLElement>(`[data-participant="${CSS.escape(focused)}"] button`)?.focus({ preventScroll: true });
    },
  };
}

function createRow(
  person: Presence,
  tag: string,
  room: SessionSnapshot,
  manage: (person: Presence) => void,
): HTMLElement {
  const isMe = person.participant_id === room.me.participant_id;
  const row = element(
    'li',
    { class: 'person', 'data-participant': person.participant_id },
    element(
      'span',
      { class: `avatar avatar-${tintOf(person.participant_id)}`, 'aria-hidden': 'true' },
      initialsOf(person.display_name),
    ),
    element(
      'span',
      { class: 'person-name' },
      person.display_name,
      element('span', { class: 'person-tag' }, tag),
      isMe ? element('span', { class: 'quiet' }, ' (you)') : null,
    ),
    createBadge(person.role),
  );
  if (!isMe && mayRemove(room.me.role, person.role)) {
    const button = element(
      'button',
      {
        type: 'button',
        class: 'button button-quiet button-icon',
        'data-testid': 'manage',
        'aria-haspopup': 'dialog',
        'aria-label': `Manage ${person.display_name}${tag}`,
      },
      icon('more'),
    );
    button.addEventListener('click', () => manage(person));
    row.append(button);
  }
  return row;
}

function createBadge(role: Role): HTMLElement | null {
  const badge = BADGES[role];
  if (badge === undefined) return null;
  return element('span', { class: `badge badge-${role}` }, role === 'host' ? icon('crown', 16) : null, badge);
}

/** The host first, then this person, then everyone else. */
function rank(person: Presence, room: SessionSnapshot): number {
  if (person.role === 'host') return 0;
  return person.participant_id === room.me.participant_id ? 1 : 2;
}

function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/);
  const letters = [words[0], words.length > 1 ? words[words.length - 1] : undefined].map(
    (word) => charactersOf(word ?? '')[0] ?? '',
  );
  return letters.join('').toLocaleUpperCase();
}

function tintOf(id: string): number {
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973;
  return sum % TINTS;
}
