// Measures how much faster one clock runs than the other; fetched once a session is open, since it takes a while anyway.

import { clamp } from '../number.js';
import { floorSlope } from './hull.js';
import { SKEW_MAX } from './tuning.js';

/** The delays of one ping each way, in milliseconds, and the local instant of its answer. */
export interface Sample {
  at: number;
  forward: number;
  backward: number;
}

/** Returns the skew of the two clocks, as a fraction; takes samples sorted by `at`. */
export function skewOf(samples: readonly Sample[]): number {
  const forward = floorSlope(samples.map(({ at, forward: value }) => ({ at, value })));
  const backward = floorSlope(samples.map(({ at, backward: value }) => ({ at, value })));
  return clamp((forward - backward) / 2, -SKEW_MAX, SKEW_MAX);
}
