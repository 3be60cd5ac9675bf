/** The error of a player over time, as drawn in the picture. */
import { positionOn } from './landing.mjs';
import { FLAGS } from './track.mjs';

/**
 * Returns how far a player was from the room's timeline, as rows `[atMs, errorMs]`, with null where the player was seeking
 * or had no data. `commits` are in the room's order.
 */
export function errorsOver({ fromMs, untilMs }, samples, commits) {
  let next = 0;
  let timeline = null;
  const rows = [];
  for (const [atMs, positionMs, , flags] of samples) {
    while (next < commits.length && commits[next].anchorMs <= atMs) {
      timeline = { ...commits[next], playing: commits[next].status === 'playing' };
      next += 1;
    }
    if (timeline === null || atMs < fromMs || atMs >= untilMs) continue;
    const lost = (flags & (FLAGS.seeking | FLAGS.starved)) !== 0;
    rows.push([atMs, lost ? null : positionMs - positionOn(timeline, atMs)]);
  }
  return rows;
}

/**
 * Reduces such rows to the lowest and highest error of each bucket, in their order, so that no peak is lost. A bucket
 * with a gap also gets a row with null.
 */
export function thin(rows, bucketMs) {
  const thinned = [];
  for (let index = 0; index < rows.length; ) {
    const bucket = Math.floor(rows[index][0] / bucketMs);
    const inside = [];
    while (index < rows.length && Math.floor(rows[index][0] / bucketMs) === bucket) inside.push(rows[index++]);
    const known = inside.filter(([, error]) => error !== null);
    if (known.length < inside.length) thinned.push([inside[0][0], null]);
    if (known.length === 0) continue;
    const lowest = known.reduce((low, row) => (row[1] < low[1] ? row : low));
    const highest = known.reduce((high, row) => (row[1] > high[1] ? row : high));
    thinned.push(...(lowest === highest ? [lowest] : [lowest, highest].sort((a, b) => a[0] - b[0])));
  }
  return thinned;
}
