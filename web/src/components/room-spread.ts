import { element, setAttribute, setShown, setText } from '../dom.js';
import { counted, finely, finelyUp } from '../format.js';
import { icon } from '../icons.js';
import type { RoomPart } from './room-context.js';

/** Below this a tenth is told: the room's number moves slowly. */
const FINE_MS = 10;
const SPREAD_EXPLAINED = 'So far apart are the two players furthest from each other, as they tell themselves';

/** How far the party's players are apart; the session tells it to those who steer, and nobody else. */
export function createRoomSpread(): RoomPart {
  const number = element('span', { class: 'sync-number' });
  const tail = element('span');
  const line = element(
    'p',
    { class: 'sync-spread quiet small', hidden: true },
    icon('people', 18),
    element('span', { 'data-testid': 'sync-spread' }, 'Room within ', number, tail),
  );

  return {
    element: line,
    update({ room: { connection, sync } }) {
      // What was told before a connection was lost is old.
      const told = connection === 'open' && sync !== null && sync.reporting >= 2;
      setShown(line, told);
      if (!told) return;
      setText(number, finely(sync.spreadMs, FINE_MS));
      setText(tail, ` · ${counted(sync.reporting, 'player')}`);
      const hidden = finelyUp(2 * sync.uncertaintyMs);
      setAttribute(line, 'title', `${SPREAD_EXPLAINED}; what their clocks don’t know may add up to ${hidden}.`);
    },
  };
}
