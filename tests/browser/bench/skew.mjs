/** Measures how far apart players were. */
import { gridOf, GRID_MS, positionsOn } from './track.mjs';

/**
 * Returns how far apart the players were in a window. `tracks` has one list of samples per viewer.
 * `pairs`: |difference| in milliseconds for each pair at each instant; infinite if one of the two wasn't playing.
 * `spreads`: the same for the two furthest apart at each instant. `idleS`, `unseenS`: in seconds, summed over the viewers.
 */
export function skewIn(window, tracks) {
  const grid = gridOf(window);
  const rows = tracks.map((samples) => positionsOn(grid, samples));
  const pairs = [];
  const spreads = [];
  for (let index = 0; index < grid.length; index += 1) {
    const here = rows.map(({ positions }) => positions[index]);
    spreads.push(infinite(Math.max(...here) - Math.min(...here)));
    for (let one = 0; one < here.length; one += 1) {
      for (const other of here.slice(one + 1)) pairs.push(infinite(Math.abs(here[one] - other)));
    }
  }
  const seconds = (key) => rows.reduce((sum, row) => sum + row[key], 0) * (GRID_MS / 1000);
  return { pairs, spreads, idleS: seconds('idle'), unseenS: seconds('unseen') };
}

// An instant that can't be compared must not improve the result, so it counts as the worst.
function infinite(value) {
  return Number.isNaN(value) ? Infinity : value;
}
