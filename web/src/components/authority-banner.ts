import { AUTHORITY_AWAY, TRYING_AGAIN } from '../words.js';
import { createBanner } from './banner.js';
import type { RoomContext, RoomPart, RoomView } from './room-context.js';

/** Says that the server can't store commands for the moment, and that a command of one's own waits for it. */
export function createAuthorityBanner({ pendingMs }: RoomContext): RoomPart {
  const banner = createBanner('authority-away', 'sync', 'calm');

  function show({ room }: RoomView): void {
    // Without a connection nobody knows, and the page says that it reconnects.
    if (room.connection !== 'open' || room.authority === 'reachable') return banner.show(null);
    banner.show(pendingMs() === null ? AUTHORITY_AWAY : `${AUTHORITY_AWAY} ${TRYING_AGAIN}`);
  }

  return { element: banner.element, update: show, tick: show };
}
