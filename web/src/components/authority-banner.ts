/** Says that the server can't store commands, and that this person's own command is being retried. */
import { AUTHORITY_AWAY, PLAYS_ON, TRYING_AGAIN } from '../words.js';
import { createBanner } from './banner.js';
import type { RoomContext, RoomPart, RoomView } from './room-context.js';

export function createAuthorityBanner({ pendingMs }: RoomContext): RoomPart {
  const banner = createBanner('authority-away', 'sync', 'calm');

  function show({ room }: RoomView): void {
    // Without a connection nobody knows, and the top bar already says that the page is reconnecting.
    if (room.connection !== 'open' || room.authority === 'reachable') return banner.show(null);
    const plays = room.playback.status === 'playing';
    banner.show([AUTHORITY_AWAY, ...(plays ? [PLAYS_ON] : []), ...(pendingMs() === null ? [] : [TRYING_AGAIN])].join(' '));
  }

  return { element: banner.element, update: show, tick: show };
}
