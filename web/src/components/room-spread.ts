/** How far apart the party's players are; the server reports it only to the host and co-hosts. */
import { element, setAttribute, setShown, setText } from '../dom.js';
import { counted, finely, finelyUp } from '../format.js';
import { icon } from '../icons.js';
import type { RoomPart } from './room-context.js';

/** Below this, tenths are shown: the room's number changes slowly enough to read them. */
const FINE_MS = 10;
const SPREAD_EXPLAINED = 'The distance between the two players furthest apart, as they report it';

export function createRoomSpread(): RoomPart {
  const number = element('span', { class: 'sync-number' });
  const tail = element('span');
  const line = element(
    'p',
    { class: 'sync-spread quiet small', hidden: true },
    icon('people', 18),
    element('span', { 'data-testid': 'sync-spread' }, 'Everyone within ', number, tail),
  );

  return {
    element: line,
    update({ room: { connection, sync } }) {
      // A report from before the connection was lost is out of date.
      const isCurrent = connection === 'open' && sync !== null && sync.reporting >= 2;
      setShown(line, isCurrent);
      if (!isCurrent) return;
      setText(number, finely(sync.spreadMs, FINE_MS));
      setText(tail, ` · ${counted(sync.reporting, 'player')}`);
      const hidden = finelyUp(2 * sync.uncertaintyMs);
      setAttribute(line, 'title', `${SPREAD_EXPLAINED}. Clock uncertainty may add up to ${hidden}.`);
    },
  };
}
