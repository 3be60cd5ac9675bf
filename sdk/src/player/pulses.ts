// Corrects players that only have a few rates.

import type { Pacing, RateInputs } from './correction.js';

/** How long after a pulse the player's position is not believed. */
const REST_MS = 1_000;
const MOST_MS = 4_000;

/** Plays at the next faster or slower rate for as long as it takes to close the gap. */
export class Pulses implements Pacing {
  #pulse: { rate: number; untilMs: number } | null = null;
  #restUntilMs = -Infinity;

  stop(): void {
    this.#pulse = null;
  }

  rate({ localMs, stepMs, roomRate, driftMs, rates }: RateInputs, engaged: boolean): number | null {
    if (this.#pulse !== null) {
      if (localMs < this.#pulse.untilMs) return this.#pulse.rate;
      this.#pulse = null;
      this.#restUntilMs = localMs + REST_MS;
    }
    if (!engaged || localMs < this.#restUntilMs) return null;
    const rate = nextRate(rates, roomRate, driftMs < 0);
    if (rate === null) return null;
    const takesMs = Math.abs(driftMs) / Math.abs(rate - roomRate);
    if (takesMs < stepMs) return null;
    this.#pulse = { rate, untilMs: localMs + Math.min(takesMs, MOST_MS) };
    return rate;
  }
}

function nextRate(rates: RateInputs['rates'], roomRate: number, faster: boolean): number | null {
  if (rates === 'continuous') return null;
  const beyond = rates.filter((rate) => (faster ? rate > roomRate : rate < roomRate));
  if (beyond.length === 0) return null;
  return faster ? Math.min(...beyond) : Math.max(...beyond);
}
