// Evaluates the playhead.

import type { Media, Playback } from './wire.js';

type Timeline = Pick<Playback, 'status' | 'position_ms' | 'anchor_at_ms' | 'rate'>;

/** Returns the room's position at `nowRoomMs`, in milliseconds; until a future anchor it stands still. */
export function expected(playback: Timeline, durationMs: number | null | undefined, nowRoomMs: number): number {
  const elapsed = playback.status === 'playing' ? Math.max(0, nowRoomMs - playback.anchor_at_ms) : 0;
  const position = playback.position_ms + elapsed * playback.rate;
  return Math.min(position, durationMs ?? Infinity);
}

/** Returns the duration of a media; null if unknown, or if it is an estimate (`playlist`, `header`), at which playback doesn't stop. */
export function lengthOf(media: Media | null): number | null | undefined {
  return /^[ph]/.test(media?.duration_origin!) ? null : media?.duration_ms;
}
