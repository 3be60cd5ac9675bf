/** Measures a player's corrections: changes of its rate, and seeks. */

/** Returns the largest deviation from the room's rate, as a share. Rows are `[atMs, positionMs, rate, flags]`. */
export function rateDeviationIn({ fromMs, untilMs }, samples, roomRate = 1) {
  let worst = 0;
  for (const [atMs, , rate] of samples) {
    if (atMs >= fromMs && atMs < untilMs) worst = Math.max(worst, Math.abs(rate / roomRate - 1));
  }
  return worst;
}

/** Returns the longest time without a break, in seconds, that the rate deviated by more than `share`. */
export function longestOff(samples, share, roomRate = 1) {
  let longestMs = 0;
  let sinceMs = null;
  for (const [atMs, , rate] of samples) {
    // A rate exactly at the bound is not beyond it.
    const off = Math.abs(rate / roomRate - 1) > share + 1e-9;
    sinceMs = off ? (sinceMs ?? atMs) : null;
    if (sinceMs !== null) longestMs = Math.max(longestMs, atMs - sinceMs);
  }
  return longestMs / 1000;
}

/** Counts the seeks in a window in which nobody asked for one. Events are rows `[type, atMs]`. */
export function seeksIn({ fromMs, untilMs }, events) {
  return events.filter(([type, atMs]) => type === 'seeking' && atMs >= fromMs && atMs < untilMs).length;
}
