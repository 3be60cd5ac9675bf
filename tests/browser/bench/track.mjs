/** Samples of a player, and its position interpolated between them. */

/** The bits of a sample's flags. */
export const FLAGS = { paused: 1, seeking: 2, starved: 4 };
/** The step of the grid on which viewers are compared. */
export const GRID_MS = 20;
/** Between two samples further apart than this the position is unknown. */
const GAP_MAX_MS = 250;

/** Returns the instants of a window, `GRID_MS` apart, without its end. */
export function gridOf({ fromMs, untilMs }) {
  const count = Math.max(0, Math.ceil((untilMs - fromMs) / GRID_MS - 1e-9));
  return Float64Array.from({ length: count }, (_, index) => fromMs + index * GRID_MS);
}

/**
 * Returns the position of a player at each instant of the grid, in milliseconds, interpolated between the samples
 * around it. It is NaN where the player wasn't playing (`idle` counts those) or wasn't sampled (`unseen`).
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
