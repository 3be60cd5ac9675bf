import type { PlayerSnapshot } from 'playhead-sdk';
import { finely, finelyUp } from '../format.js';
import type { RoomView } from './room-context.js';

/** What the sync line says. The numbers stand apart, so that they can keep their width. */
export interface SyncWords {
  tone: 'idle' | 'good' | 'busy' | 'bad';
  text: string;
  /** How far this player is from the room, such as "0.4 ms"; empty where that isn't measured or doesn't matter. */
  off: string;
  /** How far the room clock may be from what this device takes it for, such as "41 ms"; empty as above. */
  uncertainty: string;
}

/** What the two numbers are. */
export const SYNC_EXPLAINED =
  'How far this player is from the party, ± what a connection slower one way than the other could hide.';

/** Closer than two frames of a film nobody sees or hears a difference; every profile but `free` keeps within it. */
const IN_SYNC_MS = 40;
/** Less than this at a standstill isn't worth a number. */
const STANDING_MS = 1;

/** `standingMs` is how far a player that stands still is from where the room stands. */
export function syncWords(view: RoomView, standingMs: number): SyncWords {
  const { room, player } = view;
  if (room.media === null) return only('idle', 'Nothing playing yet');
  if (room.sessionId === '') return only('busy', 'Connecting…');
  if (room.connection !== 'open') return only('busy', 'Playing on by itself until the connection is back');
  if (room.clock === null) return only('busy', 'Measuring the distance to the server’s clock…');
  switch (player.state) {
    case 'blocked':
    case 'error':
      return only('bad', 'Not following the party');
    case 'held':
      return only('idle', 'On hold, not following the party');
    case 'idle':
    case 'loading':
      return only('busy', 'Loading…');
    case 'buffering':
      return only('busy', 'Waiting for data…');
    case 'aligning':
      return only('busy', 'Catching up…');
    case 'paused':
      return standingWords(view, standingMs);
    case 'playing':
      return player.driftMs === null ? only('busy', 'Starting…') : playingWords(player, player.driftMs);
  }
}

function standingWords({ room }: RoomView, standingMs: number): SyncWords {
  if (room.playback.status === 'waiting') return only('good', 'Ready, waiting for the others…');
  if (Math.abs(standingMs) < STANDING_MS) return only('good', 'Stopped together');
  if (Math.abs(standingMs) <= IN_SYNC_MS) return { ...only('good', 'Stopped together'), off: finely(standingMs) };
  return { ...only('busy', 'Stopped'), off: directed(standingMs) };
}

function playingWords({ profile, degraded, uncertaintyMs }: PlayerSnapshot, driftMs: number): SyncWords {
  const uncertainty = uncertaintyMs === null ? '' : finelyUp(uncertaintyMs);
  const near = Math.abs(driftMs) <= IN_SYNC_MS;
  const off = near ? finely(driftMs) : directed(driftMs);
  if (profile === 'free') return { tone: 'idle', text: 'Running free', off, uncertainty };
  if (degraded) return { tone: 'bad', text: 'This device can’t keep up', off, uncertainty };
  if (!near) return { tone: 'busy', text: 'Catching up', off, uncertainty: '' };
  return { tone: 'good', text: 'In sync', off, uncertainty };
}

function directed(driftMs: number): string {
  return `${finely(driftMs)} ${driftMs < 0 ? 'behind' : 'ahead'}`;
}

function only(tone: SyncWords['tone'], text: string): SyncWords {
  return { tone, text, off: '', uncertainty: '' };
}
