/** The list of participants, in which the host can make someone else the host. */
import type { Presence, Role, SessionSnapshot } from 'playhead-sdk';
import { charactersOf } from '../characters.js';
import { element, setShown, setText } from '../dom.js';
import { icon } from '../icons.js';
import { sentenceOf } from '../words.js';
import { confirmed } from './confirm.js';
import type { RoomContext, RoomPart } from './room-context.js';

const BADGES: Readonly<Partial<Record<Role, string>>> = { host: 'Host', co_host: 'Co-host', moderator: 'Moderator' };
const TINTS = 6;

export function createParticipants({ app, session }: RoomContext): RoomPart {
  const count = element('span', { class: 'quiet' });
  const list = element('ul', { class: 'people', 'data-testid': 'participants' });
  const more = element('p', { class: 'quiet small', hidden: true });
  const card = element(
    'section',
    { class: 'card people-card', 'aria-labelledby': 'people-title' },
    element('h2', { id: 'people-title' }, 'Participants ', count),
    list,
    more,
  );
  let shown = '';

  async function handOver(to: Presence): Promise<void> {
    const sure = await confirmed({
      title: `Make ${to.display_name} the host?`,
      text: `${to.display_name} will choose what to watch and control playback for everyone. You can’t take the role back yourself.`,
      yes: 'Make host',
      no: 'Cancel',
    });
    if (!sure) return;
    try {
      await session.hostTransfer(to.participant_id);
      app.notices.say(`${to.display_name} is the host now.`, 'good');
    } catch (error) {
      app.notices.say(sentenceOf(error), 'bad');
    }
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
      // The rows are rebuilt only when one has changed, and the same person's button keeps the focus.
      const next = JSON.stringify([people, room.me]);
      if (next === shown) return;
      shown = next;
      const focused = list.contains(document.activeElement) && document.activeElement?.closest('li')?.dataset['participant'];
      list.replaceChildren(...people.map((person) => createRow(person, room, handOver)));
      if (focused) list.querySelector<HTMLElement>(`[data-participant="${CSS.escape(focused)}"] button`)?.focus({ preventScroll: true });
    },
  };
}

function createRow(person: Presence, room: SessionSnapshot, makeHost: (to: Presence) => Promise<void>): HTMLElement {
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
      isMe ? element('span', { class: 'quiet' }, ' (you)') : null,
    ),
    createBadge(person.role),
  );
  if (room.me.role === 'host' && !isMe) {
    const button = element(
      'button',
      {
        type: 'button',
        class: 'button button-quiet small',
        'data-testid': 'make-host',
        'aria-label': `Make ${person.display_name} the host`,
      },
      'Make host',
    );
    button.addEventListener('click', () => void makeHost(person));
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
