/**
 * How far a page's room clock was from the true one, beside what the page said about it. `readings` are rows
 * `[atMs, roomMs, uncertaintyMs, …]` with `uncertaintyMs` null before the first estimate; `roomAt` is the true clock.
 * Gives signed errors in milliseconds, and how many of them were larger than the published uncertainty.
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
