// What the controller knows at one step, and what follows from it.

import type { AdapterCapabilities } from '../adapters/adapter.js';
import { expected } from '../expected.js';
import { clamp } from '../number.js';
import type { SyncProfile } from '../types.js';
import type { Timeline } from './timeline.js';
import { ENDED_EARLY_MS, END_MS, LOST_END_MS } from './tuning.js';

/** Everything that a step of the controller knows. */
export interface ControllerInputs {
  /** A monotonic local clock. */
  localMs: number;
  /** Room clock minus local clock, and the device's own offset; null while unknown. */
  offsetMs: number | null;
  /** The part of `offsetMs` that is the device's own: it plays this far ahead of the room. */
  aheadMs: number;
  /** Null until the player has loaded what the room watches. */
  timeline: Timeline | null;
  player: {
    positionMs: number;
    /** NaN while unknown. */
    durationMs: number;
    paused: boolean;
    ended: boolean;
    ready: boolean;
    rate: number;
    /** Whether a position can be played without loading first, if the player knows. */
    loaded?: (positionMs: number) => boolean;
    /** Whether data is arriving, if the player knows. */
    arriving?: boolean;
    capabilities: AdapterCapabilities;
  };
  hidden: boolean;
  /** The browser requires a gesture before it plays. */
  blocked: boolean;
  /** The page uses the player itself. */
  held: boolean;
  profile: SyncProfile;
}

/** The inputs of a step at which there is something to follow. */
export interface Moment extends ControllerInputs {
  timeline: Timeline;
  offsetMs: number;
  /** Whether the timeline is another than at the last step. */
  changed: boolean;
}

/** Returns the end of the media, the shorter of what the room and the player know; infinite where neither does. */
export function endOf({ timeline, player }: Moment): number {
  // NaN while the player doesn't know.
  return Math.min(timeline.durationMs ?? Infinity, player.durationMs || Infinity);
}

/** Returns where the room is at a local instant. */
export function targetAt(now: Moment, localMs: number): number {
  return expected(now.timeline, endOf(now), localMs + now.offsetMs);
}

/** Returns the player's distance from the room, in milliseconds; positive if the player is ahead. */
export function driftOf(now: Moment): number {
  return now.player.positionMs - targetAt(now, now.localMs);
}

/** Returns the time until a scheduled start, in milliseconds; 0 if there is none. */
export function aheadOfAnchor(now: Moment): number {
  return Math.max(0, now.timeline.anchor_at_ms - now.offsetMs - now.localMs);
}

/** Whether this player has nothing more to play, or is unlikely to get what is left. */
export function isOver(now: Moment): boolean {
  const { timeline, player, localMs, offsetMs } = now;
  const leftMs = endOf(now) - expected(timeline, null, localMs + offsetMs);
  if (player.ended) return leftMs <= ENDED_EARLY_MS;
  return leftMs <= (player.paused ? END_MS : player.ready ? -Infinity : -LOST_END_MS);
}

/** Whether the room has ended while this player has its last pictures still to show, and can. */
export function isPlayingOut(now: Moment): boolean {
  const { timeline, player } = now;
  const leftMs = endOf(now) - player.positionMs;
  return timeline.status === 'ended' && player.ready && !player.paused && leftMs > 0 && leftMs < END_MS;
}

/** Whether the room has reached its end as well: one player's shorter media doesn't end it for everybody. */
export function isRoomOver({ timeline, localMs, offsetMs, aheadMs }: Moment): boolean {
  const { durationMs } = timeline;
  const roomMs = localMs + offsetMs - aheadMs;
  return durationMs == null || expected(timeline, durationMs, roomMs) >= durationMs - ENDED_EARLY_MS;
}

/** Returns the rate nearest to `wanted` that a player supports. */
export function rateFor({ rates, minRate, maxRate }: AdapterCapabilities, wanted: number): number {
  if (rates === 'continuous') return clamp(wanted, minRate, maxRate);
  const apart = (rate: number) => Math.abs(rate - wanted);
  return rates.reduce((best, rate) => (apart(rate) < apart(best) ? rate : best), rates[0] ?? 1);
}
