/** Media keys, headsets and the controls of the system: who may control playback does so for everyone with these, too. */
import type { RoomContext } from './room-context.js';

const SEEK_MS = 10_000;

export interface MediaKeys {
  /** Takes the keys over, or leaves them to the browser, which pauses the player of this page alone. */
  offer(isTaken: boolean): void;
}

export function createMediaKeys(
  { session, player }: RoomContext,
  togglePlay: () => void,
  seekBy: (deltaMs: number) => void,
): MediaKeys {
  const isRunning = (): boolean => ['playing', 'waiting'].includes(session.getSnapshot().playback.status);
  const actions: [MediaSessionAction, () => void][] = [
    // The system goes by the player here, which the browser may have paused while the party plays on.
    ['play', () => (isRunning() ? void player.unblock() : togglePlay())],
    ['pause', () => isRunning() && togglePlay()],
    ['seekbackward', () => seekBy(-SEEK_MS)],
    ['seekforward', () => seekBy(SEEK_MS)],
  ];
  let taken = false;
  return {
    offer(isTaken) {
      if (isTaken === taken) return;
      taken = isTaken;
      for (const [action, run] of actions) {
        try {
          navigator.mediaSession?.setActionHandler(action, isTaken ? run : null);
        } catch {
          // Not every browser knows every action.
        }
      }
    },
  };
}
