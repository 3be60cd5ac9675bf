/** The button that ends the party for everyone; only the host sees it. */
import { element, setShown } from '../dom.js';
import { sentenceOf } from '../words.js';
import { confirmed } from './confirm.js';
import { whileBusy } from './field.js';
import type { RoomContext, RoomPart } from './room-context.js';

export function createEndParty({ app, session }: RoomContext): RoomPart {
  const button = element(
    'button',
    { type: 'button', class: 'button button-quiet end-party', hidden: true, 'data-testid': 'end-party' },
    'End party for everyone',
  );

  async function end(): Promise<void> {
    const sure = await confirmed({
      title: 'End the party?',
      text: 'Everyone will be disconnected, and the invite link will stop working. This can’t be undone.',
      yes: 'End party',
      no: 'Keep watching',
    });
    if (!sure) return;
    try {
      // The room's last event then shows the end to everyone.
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
