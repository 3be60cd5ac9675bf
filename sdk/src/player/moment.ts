import type { AdapterCapabilities } from '../adapters/adapter.js';
import { expected } from '../expected.js';
import { clamp } from '../number.js';
import type { SyncProfile } from '../types.js';
import type { Timeline } from './timeline.js';
import { ENDED_EARLY_MS, END_MS } from './tuning.js';


/** All that a step of the controller knows. */
export interface ControllerInputs {
  /** A monotonic local clock. */
  localMs: number;
  /** Room clock minus local clock, and the device's own offset; null while unknown. */
  offsetMs: number | null;
  /** How much of `offsetMs` is the device's own: it plays that much before the room. */
  aheadMs: number;
  /** Null until the player has loaded what the room watches. */
  timeline: Timeline | null;
  player: {
    positionMs: number;
    durationMs: number | null;
    paused: boolean;
    ended: boolean;
    ready: boolean;
    rate: number;
    /** Whether a position can be played without loading first, where the player knows. */
    loaded?: (positionMs: number) => boolean;
    /** Whether data come in, where the player knows. */
    arriving?: boolean;
    capabilities: AdapterCapabilities;
  };
  hidden: boolean;
  /** The browser wants a gesture before it plays. */
  blocked: boolean;
  /** The page has the player for itself. */
  held: boolean;
  profile: SyncProfile;
}

/** `ControllerInputs` of a moment at which there is something to follow. */
export interface Moment extends ControllerInputs {
  timeline: Timeline;
  offsetMs: number;
  /** Whether the timeline is another than at the last step. */
  changed: boolean;
}

/** Returns the end of the media, the shorter of what the room and the player know; infinite where neither does. */
export function endOf({ timeline, player }: Moment): number {
  return Math.min(timeline.durationMs ?? Infinity, player.durationMs ?? Infinity);
}

/** Where the room is at a local instant. */
export function targetAt(now: Moment, localMs: number): number {
  return expected(now.timeline, endOf(now), localMs + now.offsetMs);
}

/** The player's distance from the room, in milliseconds; positive where the player is ahead. */
export function driftOf(now: Moment): number {
  return now.player.positionMs - targetAt(now, now.localMs);
}

/** How far off a scheduled start still is. */
export function aheadOfAnchor(now: Moment): number {
  return Math.max(0, now.timeline.anchor_at_ms - now.offsetMs - now.localMs);
}

/** Whether there is nothing more to play, for this player. */
export function isOver(now: Moment): boolean {
  const end = endOf(now);
  const here = targetAt(now, now.localMs);
  return now.player.ended ? here >= end - ENDED_EARLY_MS : here >= end - END_MS && now.player.paused;
}

/** Whether the room, too, has come to its end: one player's shorter media doesn't end it for everybody. */
export function isRoomOver({ timeline, localMs, offsetMs, aheadMs }: Moment): boolean {
  const { durationMs } = timeline;
  const roomMs = localMs + offsetMs - aheadMs;
  return durationMs === null || expected(timeline, durationMs, roomMs) >= durationMs - ENDED_EARLY_MS;
}

/** The rate nearest to the wanted one that a player has. */
export function rateFor({ rates, minRate, maxRate }: AdapterCapabilities, wanted: number): number {
  if (rates === 'continuous') return clamp(wanted, minRate, maxRate);
  const apart = (rate: number) => Math.abs(rate - wanted);
  return rates.reduce((best, rate) => (apart(rate) < apart(best) ? rate : best), rates[0] ?? 1);
}
