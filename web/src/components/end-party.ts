import { element, setShown } from '../dom.js';
import { sentenceOf } from '../words.js';
import { confirmed } from './confirm.js';
import { whileBusy } from './field.js';
import type { RoomContext, RoomPart } from './room-context.js';

/** Ends the party for everyone; only the host sees it. */
export function createEndParty({ app, session }: RoomContext): RoomPart {
  const button = element(
    'button',
    { type: 'button', class: 'button button-quiet end-party', hidden: true, 'data-testid': 'end-party' },
    'End the party for everyone',
  );

  async function end(): Promise<void> {
    const sure = await confirmed({
      title: 'End the party?',
      text: 'Everyone is sent home, and the link leads nowhere any more. It can’t be undone.',
      yes: 'End it',
      no: 'Go on watching',
    });
    if (!sure) return;
    try {
      // The room's own last event then shows the end to everybody.
      await app.client.rooms.delete(session.getSnapshot().room.room_id);
    } catch (error) {
      app.notices.say(sentenceOf(error), 'bad');
    }
  }
  button.addEventListener('click', () => whileBusy(button, end));

  return {
    element: button,
    update: ({ room }) => setShown(button, room.me.role === 'host'),
  };
}
