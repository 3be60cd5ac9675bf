import type { AdapterCapabilities } from '../adapters/adapter.js';
import { clamp } from '../number.js';
import type { SyncProfile } from '../types.js';
import { positionAt, type Timeline } from './timeline.js';

/** A player that is paused this close to the end has come there. */
const END_MS = 300;
/** A media that is so much shorter than it says has ended all the same. */
const ENDED_EARLY_MS = 1_500;

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
}

/** The shorter of what the room and the player know. */
export function endOf(now: Moment): number | null {
  const known = [now.timeline.durationMs, now.player.durationMs].filter((ms) => ms !== null);
  return known.length === 0 ? null : Math.min(...known);
}

/** Where the room is at a local instant. */
export function targetAt(now: Moment, localMs: number): number {
  return positionAt(now.timeline, endOf(now), localMs + now.offsetMs);
}

/** How far off a scheduled start still is. */
export function aheadOfAnchor(now: Moment): number {
  return Math.max(0, now.timeline.anchorAtMs - now.offsetMs - now.localMs);
}

/** Whether there is nothing more to play, for this player. */
export function isOver(now: Moment): boolean {
  const end = endOf(now);
  if (end === null) return false;
  const here = targetAt(now, now.localMs);
  return now.player.ended ? here >= end - ENDED_EARLY_MS : here >= end - END_MS && now.player.paused;
}

/** Whether the room, too, has come to its end: one player's shorter media doesn't end it for everybody. */
export function isRoomOver({ timeline, localMs, offsetMs, aheadMs }: Moment): boolean {
  const { durationMs } = timeline;
  const roomMs = localMs + offsetMs - aheadMs;
  return durationMs === null || positionAt(timeline, durationMs, roomMs) >= durationMs - ENDED_EARLY_MS;
}

/** The rate nearest to the wanted one that a player has. */
export function rateFor({ rates, minRate, maxRate }: AdapterCapabilities, wanted: number): number {
  if (rates === 'continuous') return clamp(wanted, minRate, maxRate);
  const apart = (rate: number) => Math.abs(rate - wanted);
  return rates.reduce((best, rate) => (apart(rate) < apart(best) ? rate : best), rates[0] ?? 1);
}
