/** Measures when a player landed on the timeline that the room committed. */
import { FLAGS } from './track.mjs';

/** How long a player has to stay in place to count as landed. */
const HOLD_MS = 1_000;

/**
 * Returns the position of a committed timeline at an instant of the truth clock, in milliseconds.
 * `timeline` is `{ positionMs, anchorMs, rate, playing }`, with its anchor on that clock.
 */
export function positionOn(timeline, instant) {
  const { positionMs, anchorMs, rate, playing } = timeline;
  return positionMs + (playing ? Math.max(0, instant - anchorMs) * rate : 0);
}

/**
 * Returns how long after `fromMs` a player came within `withinMs` of the timeline and stayed there for a second, in
 * milliseconds; null if it didn't before `untilMs`. `samples` are rows `[atMs, positionMs, rate, flags]`.
 */
export function landedAfter(samples, timeline, { fromMs, untilMs, withinMs }) {
  let sinceMs = null;
  for (const [atMs, positionMs, , flags] of samples) {
    if (atMs < fromMs) continue;
    if (atMs > untilMs) return null;
    // While a player seeks, its position is only the target.
    const near = (flags & FLAGS.seeking) === 0 && Math.abs(positionMs - positionOn(timeline, atMs)) <= withinMs;
    sinceMs = near ? (sinceMs ?? atMs) : null;
    if (sinceMs !== null && atMs - sinceMs >= HOLD_MS) return sinceMs - fromMs;
  }
  return null;
}

/** Returns the first instant from `fromMs` on at which a player has data; null if there is none. */
export function dataAgain(samples, fromMs) {
  const found = samples.find(([atMs, , , flags]) => atMs >= fromMs && (flags & (FLAGS.starved | FLAGS.seeking)) === 0);
  return found?.[0] ?? null;
}
