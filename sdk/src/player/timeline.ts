import { expected } from '../expected.js';
import type { PlaybackStatus } from '../wire.js';

/** The part of the room that a player follows. */
export interface Timeline {
  mediaId: string;
  status: PlaybackStatus;
  positionMs: number;
  anchorAtMs: number;
  rate: number;
  durationMs: number | null;
  live: boolean;
  /** The barrier that waits for this player, if one does. */
  barrier: number | null;
}

const LINE = ['mediaId', 'status', 'positionMs', 'anchorAtMs', 'rate'] as const;

/** Whether `b` is another line than `a`; tracks and renditions don't count. */
export function isOtherLine(a: Timeline, b: Timeline): boolean {
  return LINE.some((key) => a[key] !== b[key]);
}

/** The room's position at `roomMs`, not past `endMs`. */
export function positionAt(line: Timeline, endMs: number | null, roomMs: number): number {
  const { status, positionMs, anchorAtMs, rate } = line;
  return expected({ status, position_ms: positionMs, anchor_at_ms: anchorAtMs, rate }, endMs, roomMs);
}

/** Room clock at which a playing room passes `positionMs`. */
export function passesAt(line: Timeline, positionMs: number): number {
  return line.anchorAtMs + (positionMs - line.positionMs) / line.rate;
}
