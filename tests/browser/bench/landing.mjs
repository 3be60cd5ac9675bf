import { FLAGS } from './track.mjs';

/** How long a player has to stay in place to have arrived. */
const HOLD_MS = 1_000;

/**
 * Where a committed timeline is at an instant of the truth clock, in milliseconds of the film.
 * `line` is `{ positionMs, anchorMs, rate, playing }` with its anchor on that clock.
 */
export function positionOn(line, instant) {
  return line.positionMs + (line.playing ? Math.max(0, instant - line.anchorMs) * line.rate : 0);
}

/**
 * How long after `fromMs` a player came within `withinMs` of the line and stayed for a second; null if it never did
 * before `untilMs`. `samples` are rows `[atMs, positionMs, rate, flags]`.
 */
export function landedAfter(samples, line, { fromMs, untilMs, withinMs }) {
  let sinceMs = null;
  for (const [atMs, positionMs, , flags] of samples) {
    if (atMs < fromMs) continue;
    if (atMs > untilMs) return null;
    // The position of a player that seeks is where it wants to be.
    const near = (flags & FLAGS.seeking) === 0 && Math.abs(positionMs - positionOn(line, atMs)) <= withinMs;
    sinceMs = near ? (sinceMs ?? atMs) : null;
    if (sinceMs !== null && atMs - sinceMs >= HOLD_MS) return sinceMs - fromMs;
  }
  return null;
}

/** The first instant from `fromMs` on at which a player has data; null if it never has. */
export function dataAgain(samples, fromMs) {
  const found = samples.find(([atMs, , , flags]) => atMs >= fromMs && (flags & (FLAGS.starved | FLAGS.seeking)) === 0);
  return found?.[0] ?? null;
}
