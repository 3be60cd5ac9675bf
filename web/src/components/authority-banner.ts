/** Says that the server can't store commands, and that this person's own command is being retried. */
import { AUTHORITY_AWAY, TRYING_AGAIN } from '../words.js';
import { createBanner } from './banner.js';
import type { RoomContext, RoomPart, RoomView } from './room-context.js';

export function createAuthorityBanner({ pendingMs }: RoomContext): RoomPart {
  const banner = createBanner('authority-away', 'sync', 'calm');

  function show({ room }: RoomView): void {
    // Without a connection nobody knows, and the top bar already says that the page is reconnecting.
    if (room.connection !== 'open' || room.authority === 'reachable') return banner.show(null);
    banner.show(pendingMs() === null ? AUTHORITY_AWAY : `${AUTHORITY_AWAY} ${TRYING_AGAIN}`);
  }

  return { element: banner.element, update: show, tick: show };
}
