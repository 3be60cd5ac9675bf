import type { SyncProfile } from '../types.js';

/** How hard a player is kept in place. Drifts are milliseconds, rates parts of the room's. */
export interface Correcting {
  /** Drift from which the rate is changed, … */
  fromMs: number;
  /** … and to which it then is brought; without the gap between the two a player would hover at the edge. */
  untilMs: number;
  /** The most that the rate may differ within each drift; beyond the last tier its `most` holds. */
  tiers: readonly { withinMs: number; most: number }[];
  /** Beyond this drift only a new start helps. */
  alignMs: number;
}

/** Rates without time stretching change the pitch: 0.5 % is 9 cents and inaudible, 5 % is for moments. */
export const PROFILES: Record<SyncProfile, Correcting> = {
  tight: exact(0.01),
  default: exact(0.005),
  relaxed: { fromMs: 40, untilMs: 5, tiers: [{ withinMs: 500, most: 0.02 }], alignMs: 500 },
  free: { fromMs: Infinity, untilMs: Infinity, tiers: [], alignMs: Infinity },
};

/** Within a frame; `gentle` is the most that the rate may differ while hardly anything is off. */
function exact(gentle: number): Correcting {
  const tiers = [
    { withinMs: 12, most: gentle },
    { withinMs: 40, most: 0.02 },
    { withinMs: 150, most: 0.05 },
  ];
  return { fromMs: 0.6, untilMs: 0.2, tiers, alignMs: 150 };
}
