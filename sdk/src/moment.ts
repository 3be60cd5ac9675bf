import type { AdapterCapabilities } from './adapter.js';
import { positionAt, type Timeline } from './timeline.js';
import type { SyncProfile } from './types.js';

/** All that a step of the controller knows. */
export interface ControllerInputs {
  /** A monotonic local clock. */
  localMs: number;
  /** Room clock minus local clock, and the device's own offset; null while unknown. */
  offsetMs: number | null;
  /** Null until the player has loaded what the room watches. */
  timeline: Timeline | null;
  player: {
    positionMs: number;
    durationMs: number | null;
    paused: boolean;
    ended: boolean;
    ready: boolean;
    rate: number;
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
