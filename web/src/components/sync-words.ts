/** The text of the sync status. */
import { finely, finelyUp } from '../format.js';
import type { RoomView } from './room-context.js';

/** The numbers are separate, so that they can keep a constant width. */
export interface SyncWords {
  tone: 'idle' | 'good' | 'busy' | 'bad';
  text: string;
  /** How far this player is from the room's position, such as "0.4 ms"; empty if unknown or irrelevant. */
  off: string;
  /** How uncertain this device's estimate of the room clock is, such as "41 ms"; empty if unknown or irrelevant. */
  uncertainty: string;
}

/** Explains the two numbers. */
export const SYNC_EXPLAINED =
  'How far this player is from the party’s position, ± the uncertainty of the measurement.';

/** Nobody sees or hears a difference of less than a frame or two; every profile but `free` stays within it. */
const IN_SYNC_MS = 40;
/** The `readyState` from which an element shows the picture of its position, and from which it can play on. */
const HAVE_CURRENT_DATA = 2;
const HAVE_FUTURE_DATA = 3;
/** Elements round their last moment, each in its own way: this near to the end, everybody is there. */
const ENDED_NEAR_MS = 200;
/** A live stream has moved on if a paused player is this far ahead; players that don't know its positions are further off. */
const MOVED_ON_MS = { least: 1_000, most: 3_600_000 };
/** While paused, a smaller difference isn't worth showing. */
const PAUSED_FINE_MS = 1;

/** What the element of a paused player shows. */
export interface Standing {
  /** How far it is from the position at which the room is paused; it may be on its way there. */
  offMs: number;
  paused: boolean;
  /** The element's `readyState`; 0 while it seeks. */
  readyState: number;
}

export function syncWords(view: RoomView, standing: Standing): SyncWords {
  const { room, player } = view;
  if (room.media === null) return only('idle', 'Nothing playing yet');
  if (room.sessionId === '') return only('busy', 'Connecting…');
  if (room.connection !== 'open') {
    const plays = room.playback.status === 'playing' && player.state === 'playing';
    return only('busy', plays ? 'Playback continues while reconnecting' : 'Reconnecting…');
  }
  if (room.clock === null) return only('busy', 'Syncing clocks…');
  switch (player.state) {
    case 'blocked':
    case 'error':
      return only('bad', 'Not in sync');
    case 'held':
      return only('idle', 'On hold, not in sync');
    case 'idle':
    case 'loading':
      return only('busy', 'Loading…');
    case 'buffering':
      return only('busy', 'Buffering…');
    case 'aligning':
      return only('busy', 'Syncing…');
    case 'paused':
      return pausedWords(view, standing);
    case 'playing':
      // Without dates or timestamps, a live stream looks a little different to each viewer.
      if (room.media.live && room.media.timeline.kind === 'playlist') return only('idle', 'Live, to within a few seconds');
      if (!room.media.live && Number.isNaN(standing.offMs)) return only('bad', 'Not in sync: this film’s timestamps jump here');
      return player.driftMs === null ? only('busy', room.media.live ? 'Live' : 'Starting…') : playingWords(view, player.driftMs);
  }
}

function pausedWords({ room, player }: RoomView, { offMs: pausedOffMs, paused, readyState }: Standing): SyncWords {
  const isWaiting = room.playback.status === 'waiting';
  if (readyState < (isWaiting ? HAVE_FUTURE_DATA : HAVE_CURRENT_DATA)) return only('busy', 'Loading…');
  // A player that can't jump plays up to where the room is.
  if (!paused) return only('busy', 'Syncing…');
  if (isWaiting) return only('good', 'Ready, waiting for others to load…');
  const state = room.playback.status === 'ended' ? 'Ended' : 'Paused';
  const { live, timeline } = room.media ?? {};
  // Without dates or timestamps, a live stream looks a little different to each viewer; and some players don't know its positions.
  if (live && (timeline?.kind === 'playlist' || !(Math.abs(pausedOffMs) <= MOVED_ON_MS.most))) return only('idle', state);
  if (live && pausedOffMs >= MOVED_ON_MS.least) {
    return { ...only('busy', 'Paused. The stream no longer goes back this far'), off: directed(pausedOffMs) };
  }
  if (Number.isNaN(pausedOffMs)) return only('idle', state);
  if (isLoose(room.media, player)) return only('good', state);
  if (room.playback.status === 'ended' && Math.abs(pausedOffMs) <= ENDED_NEAR_MS) return only('good', `${state} in sync`);
  if (Math.abs(pausedOffMs) < PAUSED_FINE_MS) return only('good', `${state} in sync`);
  if (Math.abs(pausedOffMs) <= IN_SYNC_MS) return { ...only('good', `${state} in sync`), off: finely(pausedOffMs) };
  return { ...only('busy', state), off: directed(pausedOffMs) };
}

/**
 * Whether a film, or the part of it that is shown, has no timestamps that all players share, or nobody can read them:
 * numbers would promise too much.
 */
export function isLoose(media: RoomView['room']['media'], { inexact }: RoomView['player']): boolean {
  return inexact || isToldOnly(media);
}

function isToldOnly(media: RoomView['room']['media']): boolean {
  return media?.timeline.kind === 'playlist' && !media.live && ['hls', 'file'].includes(media.delivery[0]?.type ?? '');
}

function playingWords({ room, player }: RoomView, driftMs: number): SyncWords {
  const { profile, degraded, uncertaintyMs } = player;
  const uncertainty = uncertaintyMs === null ? '' : finelyUp(uncertaintyMs);
  const near = Math.abs(driftMs) <= IN_SYNC_MS;
  const off = near ? finely(driftMs) : directed(driftMs);
  if (profile === 'free') return { tone: 'idle', text: 'Free-running', off, uncertainty };
  if (degraded) return { tone: 'bad', text: 'This device can’t keep up', off, uncertainty };
  if (!near) return { tone: 'busy', text: 'Syncing', off, uncertainty: '' };
  if (isLoose(room.media, player)) return only('good', 'In sync, though not to the exact frame');
  return { tone: 'good', text: 'In sync', off, uncertainty };
}

function directed(driftMs: number): string {
  return `${finely(driftMs)} ${driftMs < 0 ? 'behind' : 'ahead'}`;
}

function only(tone: SyncWords['tone'], text: string): SyncWords {
  return { tone, text, off: '', uncertainty: '' };
}
