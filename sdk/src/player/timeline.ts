// The room's timeline, as a player follows it.

import { lengthOf } from '../expected.js';
import type { SessionSnapshot } from '../types.js';
import type { Playback } from '../wire.js';

/** The part of the room that a player follows. */
export interface Timeline extends Pick<Playback, 'media_id' | 'status' | 'position_ms' | 'anchor_at_ms' | 'rate'> {
  /** The room's version, by which this is its timeline. */
  version: number;
  durationMs: number | null | undefined;
  live: boolean;
  /**
   * The barrier that the room is at. The server knows whom it waits for, and judges by the answers of the others whom to
   * wait for again.
   */
  barrier: number | null;
}

const FOLLOWED = ['media_id', 'status', 'position_ms', 'anchor_at_ms', 'rate'] as const;

/** Returns the room's timeline, or null unless the player has loaded what the room watches. */
export function timelineOf(seen: SessionSnapshot, loadedMediaId: string | null): Timeline | null {
  const { connection, media, playback } = seen;
  if (media?.media_id !== loadedMediaId || playback.media_id !== loadedMediaId) return null;
  if (!media || connection === 'closed') return null;
  return {
    ...playback,
    version: seen.version,
    durationMs: lengthOf(media),
    live: media.live,
    barrier: (playback.status === 'waiting' && playback.waiting?.since_version) || null,
  };
}

/** Whether `now` differs from `before` in what a player follows; tracks and renditions don't count. */
export function leadsElsewhere(before: Timeline, now: Timeline): boolean {
  return FOLLOWED.some((key) => before[key] !== now[key]);
}

/** Returns the room clock at which a playing room passes `positionMs`. */
export function passesAt(timeline: Timeline, positionMs: number): number {
  return timeline.anchor_at_ms + (positionMs - timeline.position_ms) / timeline.rate;
}
