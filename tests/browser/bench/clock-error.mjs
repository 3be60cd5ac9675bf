/** Judges a page's room clock by the true one. */

/**
 * Compares a page's readings of the room clock with `roomAt`, the true one. `readings` are rows
 * `[atMs, roomMs, uncertaintyMs, …]`, with `uncertaintyMs` null before the first estimate.
 * Returns the signed errors in milliseconds, and how many of them exceeded the published uncertainty.
 */
export function clockErrorsIn({ fromMs, untilMs }, readings, roomAt) {
  const errors = [];
  let beyond = 0;
  for (const [atMs, roomMs, uncertaintyMs] of readings) {
    if (atMs < fromMs || atMs >= untilMs || uncertaintyMs === null) continue;
    const errorMs = roomMs - roomAt(atMs);
    errors.push(errorMs);
    if (Math.abs(errorMs) > uncertaintyMs) beyond += 1;
  }
  return { errors, beyond };
}
