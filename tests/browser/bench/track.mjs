/** What a sample's flags say. */
export const FLAGS = { paused: 1, seeking: 2, starved: 4 };
/** The step of the grid on which viewers are compared. */
export const GRID_MS = 20;
/** Between two samples further apart than this nobody knows where the player was. */
const GAP_MAX_MS = 250;

/** The instants of a window, `GRID_MS` apart, its end not included. */
export function gridOf({ fromMs, untilMs }) {
  const count = Math.max(0, Math.ceil((untilMs - fromMs) / GRID_MS - 1e-9));
  return Float64Array.from({ length: count }, (_, index) => fromMs + index * GRID_MS);
}

/**
 * Where a player was at each instant of the grid, in milliseconds of the film, by a straight line between the samples
 * around it. NaN where it was not playing (`idle` counts those) or nobody looked (`unseen`).
 * `samples` are rows `[atMs, positionMs, rate, flags]` in order.
 */
export function positionsOn(grid, samples) {
  const positions = new Float64Array(grid.length).fill(Number.NaN);
  let idle = 0;
  let unseen = 0;
  let next = 0;
  for (let index = 0; index < grid.length; index += 1) {
    const instant = grid[index];
    while (next < samples.length && samples[next][0] < instant) next += 1;
    if (next === 0 || next === samples.length || samples[next][0] - samples[next - 1][0] > GAP_MAX_MS) {
      unseen += 1;
    } else if (samples[next - 1][3] !== 0 || samples[next][3] !== 0) {
      idle += 1;
    } else {
      positions[index] = between(samples[next - 1], samples[next], instant);
    }
  }
  return { positions, idle, unseen };
}

function between([fromMs, fromPosition], [untilMs, untilPosition], instant) {
  return fromPosition + ((untilPosition - fromPosition) * (instant - fromMs)) / (untilMs - fromMs);
}
