/** Media keys, headsets and the controls of the system: who may control playback does so for everyone with these, too. */

const SEEK_MS = 10_000;

export interface MediaKeys {
  /** Takes the keys over, or leaves them to the browser, which pauses the player of this page alone. */
  offer(isTaken: boolean): void;
}

export function createMediaKeys(togglePlay: () => void, seekBy: (deltaMs: number) => void): MediaKeys {
  const actions: [MediaSessionAction, () => void][] = [
    ['play', togglePlay],
    ['pause', togglePlay],
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
