import type { Presence, Role, SessionSnapshot } from 'playhead-sdk';
import { element, setShown, setText } from '../dom.js';
import { icon } from '../icons.js';
import { sentenceOf } from '../words.js';
import { confirmed } from './confirm.js';
import type { RoomContext, RoomPart } from './room-context.js';

const BADGES: Readonly<Partial<Record<Role, string>>> = { host: 'Host', co_host: 'Co-host', moderator: 'Moderator' };
const TINTS = 6;

/** Who is here; the host can hand the party over. */
export function createParticipants({ app, session }: RoomContext): RoomPart {
  const count = element('span', { class: 'quiet' });
  const list = element('ul', { class: 'people', 'data-testid': 'participants' });
  const more = element('p', { class: 'quiet small', hidden: true });
  const card = element(
    'section',
    { class: 'card people-card', 'aria-labelledby': 'people-title' },
    element('h2', { id: 'people-title' }, 'Who is here ', count),
    list,
    more,
  );
  let shown = '';

  async function handOver(to: Presence): Promise<void> {
    const sure = await confirmed({
      title: `Make ${to.display_name} the host?`,
      text: `${to.display_name} will choose what plays and steer it for everyone. You watch along, and can’t take it back by yourself.`,
      yes: 'Hand over',
      no: 'Keep it',
    });
    if (!sure) return;
    try {
      await session.hostTransfer(to.participant_id);
      app.notices.say(`${to.display_name} is host now.`, 'good');
    } catch (error) {
      app.notices.say(sentenceOf(error), 'bad');
    }
  }

  function createRow(someone: Presence, room: SessionSnapshot): HTMLElement {
    const mine = someone.participant_id === room.me.participant_id;
    const badge = BADGES[someone.role];
    const row = element(
      'li',
      { class: 'person', 'data-participant': someone.participant_id },
      element(
        'span',
        { class: `avatar avatar-${tintOf(someone.participant_id)}`, 'aria-hidden': 'true' },
        initialsOf(someone.display_name),
      ),
      element(
        'span',
        { class: 'person-name' },
        someone.display_name,
        mine ? element('span', { class: 'quiet' }, ' (you)') : null,
      ),
      badge === undefined
        ? null
        : element(
            'span',
            { class: `badge badge-${someone.role}` },
            someone.role === 'host' ? icon('crown', 16) : null,
            badge,
          ),
    );
    if (room.me.role === 'host' && !mine) {
      const button = element(
        'button',
        {
          type: 'button',
          class: 'button button-quiet small',
          'data-testid': 'make-host',
          'aria-label': `Make ${someone.display_name} the host`,
        },
        'Make host',
      );
      button.addEventListener('click', () => void handOver(someone));
      row.append(button);
    }
    return row;
  }

  return {
    element: card,
    update({ room }) {
      const people = [...room.presence].sort(
        (a, b) => rank(a, room) - rank(b, room) || a.display_name.localeCompare(b.display_name),
      );
      // Rows are made anew only when one differs, so that a focused button stays focused.
      const next = JSON.stringify([people, room.me]);
      if (next === shown) return;
      shown = next;
      setText(count, String(room.presenceTotal));
      list.replaceChildren(...people.map((someone) => createRow(someone, room)));
      const unseen = room.presenceTotal - people.length;
      setText(more, `and ${unseen} more`);
      setShown(more, unseen > 0);
    },
  };
}

function rank(someone: Presence, room: SessionSnapshot): number {
  if (someone.role === 'host') return 0;
  return someone.participant_id === room.me.participant_id ? 1 : 2;
}

function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/);
  const letters = [words[0], words.length > 1 ? words[words.length - 1] : undefined].map(
    (word) => [...(word ?? '')][0] ?? '',
  );
  return letters.join('').toLocaleUpperCase();
}

function tintOf(id: string): number {
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973;
  return sum % TINTS;
}
