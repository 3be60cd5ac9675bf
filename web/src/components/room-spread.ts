/** How far apart the party's players are; the server reports it only to the host and co-hosts. */
import { element, setAttribute, setShown, setText } from '../dom.js';
import { counted, finely, finelyUp } from '../format.js';
import { icon } from '../icons.js';
import type { RoomPart } from './room-context.js';
import { isLoose } from './sync-words.js';

/** Below this, tenths are shown: the room's number changes slowly enough to read them. */
const FINE_MS = 10;
const SPREAD_EXPLAINED = 'The distance between the two players furthest apart, as they report it';

export function createRoomSpread(): RoomPart {
  const who = element('span');
  const number = element('span', { class: 'sync-number' });
  const tail = element('span');
  const line = element(
    'p',
    { class: 'sync-spread quiet small', hidden: true },
    icon('people', 18),
    element('span', { 'data-testid': 'sync-spread' }, who, number, tail),
  );

  return {
    element: line,
    update({ room: { connection, sync, media, viewerCount }, player }) {
      // Reports count for a while: those from before the connection was lost, or before this player stopped following
      // the party, are out of date.
      const isCurrent = connection === 'open' && player.driftMs !== null && sync !== null && sync.reporting >= 2;
      const isShown = isCurrent && !isLoose(media, player);
      setShown(line, isShown);
      if (!isShown) return;
      // Players that are loading, on hold or can't play don't report.
      const isEveryone = sync.reporting >= viewerCount;
      setText(who, isEveryone ? 'Everyone within ' : `${sync.reporting} of ${counted(viewerCount, 'viewer')} within `);
      setText(number, finely(sync.spreadMs, FINE_MS));
      setText(tail, isEveryone ? ` · ${counted(sync.reporting, 'player')}` : '');
      const hidden = finelyUp(2 * sync.uncertaintyMs);
      setAttribute(line, 'title', `${SPREAD_EXPLAINED}. Clock uncertainty may add up to ${hidden}.`);
    },
  };
}
