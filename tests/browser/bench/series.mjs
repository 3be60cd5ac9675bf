import { positionOn } from './landing.mjs';
import { FLAGS } from './track.mjs';

/**
 * How far a player was from what the room had committed, over time: rows `[atMs, errorMs]`, with null where the player
 * was looking for data. `commits` are in the order of the room.
 */
export function errorsOver({ fromMs, untilMs }, samples, commits) {
  let next = 0;
  let line = null;
  const rows = [];
  for (const [atMs, positionMs, , flags] of samples) {
    while (next < commits.length && commits[next].anchorMs <= atMs) {
      line = { ...commits[next], playing: commits[next].status === 'playing' };
      next += 1;
    }
    if (line === null || atMs < fromMs || atMs >= untilMs) continue;
    const lost = (flags & (FLAGS.seeking | FLAGS.starved)) !== 0;
    rows.push([atMs, lost ? null : positionMs - positionOn(line, atMs)]);
  }
  return rows;
}

/**
 * The same with few points: of each bucket the lowest and the highest error, in the order in which they came, so that
 * no peak is lost. A bucket without data is one row with null.
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
