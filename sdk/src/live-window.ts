// What a live source offers at each instant.

import type { Media } from './wire.js';

/** The first and the last position that a live source offers, in milliseconds. */
export interface LiveWindow {
  readonly earliestMs: number;
  readonly latestMs: number;
}

type Edge = Pick<Media, 'edge_ms' | 'edge_at_ms' | 'window_ms' | 'window_grows' | 'hold_back_ms'>;

/** Returns what `media` offers at `nowRoomMs`; null unless it is live and its players share positions. */
export function liveWindow(media: Edge | null, nowRoomMs: number): LiveWindow | null {
  const { edge_ms, edge_at_ms, window_ms = 0, window_grows, hold_back_ms = 0 } = media ?? {};
  if (edge_ms === undefined || edge_at_ms === undefined) return null;
  const advancedMs = Math.max(0, nowRoomMs - edge_at_ms);
  const earliestMs = edge_ms - window_ms + (window_grows ? 0 : advancedMs);
  return {
    earliestMs: Math.max(0, earliestMs),
    latestMs: Math.max(0, edge_ms + advancedMs - Math.min(hold_back_ms, window_ms)),
  };
}
