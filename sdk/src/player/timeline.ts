import type { Playback } from '../wire.js';

/** The part of the room that a player follows. */
export interface Timeline extends Pick<Playback, 'media_id' | 'status' | 'position_ms' | 'anchor_at_ms' | 'rate'> {
  durationMs: number | null;
  live: boolean;
  /** The barrier that waits for this player, if one does. */
  barrier: number | null;
}

const FOLLOWED = ['media_id', 'status', 'position_ms', 'anchor_at_ms', 'rate'] as const;

/** Whether `now` leads elsewhere than `before`; tracks and renditions don't count. */
export function leadsElsewhere(before: Timeline, now: Timeline): boolean {
  return FOLLOWED.some((key) => before[key] !== now[key]);
}

/** Returns the room clock at which a playing room passes `positionMs`. */
export function passesAt(timeline: Timeline, positionMs: number): number {
  return timeline.anchor_at_ms + (positionMs - timeline.position_ms) / timeline.rate;
}
