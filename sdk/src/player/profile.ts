// How the sync profiles correct.

import type { SyncProfile } from '../types.js';

/** How tightly a player is kept in place. Drifts are milliseconds, rates fractions of the room's. */
export interface Correcting {
  /** The drift from which the rate is changed, … */
  fromMs: number;
  /** … and below which it is left again; without a gap between the two a player would hover at the edge. */
  untilMs: number;
  /** The most that the rate may differ, by drift; beyond the last tier its `most` applies. */
  tiers: readonly { withinMs: number; most: number }[];
}

/** Without time stretching a rate changes the pitch: 0.5 % is 9 cents and inaudible, 5 % is only for moments. */
export const PROFILES: Record<SyncProfile, Correcting> = {
  tight: exact(0.01),
  default: exact(0.005),
  relaxed: { fromMs: 40, untilMs: 5, tiers: [{ withinMs: 500, most: 0.02 }] },
  free: { fromMs: Infinity, untilMs: Infinity, tiers: [] },
};

/** Keeps a player well within a frame; `gentle` is the most that the rate may differ for a small drift. */
function exact(gentle: number): Correcting {
  const tiers = [
    { withinMs: 12, most: gentle },
    { withinMs: 40, most: 0.02 },
    { withinMs: 150, most: 0.05 },
  ];
  return { fromMs: 0.6, untilMs: 0.2, tiers };
}
