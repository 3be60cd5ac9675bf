import type { ClockEstimate } from './types.js';

const WINDOW_MS = 60_000;
/** Enough for one burst and a minute at 2 Hz. */
const SAMPLES_MAX = 256;
const SAMPLES_USABLE = 4;
const STEP_MARGIN_MS = 5;
const RTT_MAX_MS = 10_000;

/** The four stamps of one ping, in milliseconds: t0 and t3 local, t1 and t2 room clock. */
export interface ClockStamps {
  t0: number;
  t1: number;
  t2: number;
  t3: number;
}

interface Sample {
  at: number;
  forward: number;
  backward: number;
}

/**
 * Estimates the room clock against the local one. The smallest delay of each direction is kept on its own,
 * because the two rarely fall on the same ping.
 */
export class ClockFilter {
  #samples: Sample[] = [];
  #estimate: ClockEstimate | null = null;

  /** Takes one ping's stamps; impossible ones are ignored. */
  add(stamps: ClockStamps): void {
    const sample = {
      at: stamps.t3,
      forward: stamps.t1 - stamps.t0,
      backward: stamps.t3 - stamps.t2,
    };
    const rtt = sample.forward + sample.backward;
    if (!(rtt >= 0 && rtt <= RTT_MAX_MS && stamps.t3 >= stamps.t0)) return;
    if (this.#contradicts(sample)) this.#samples = [];
    this.#samples.push(sample);
    const oldest = sample.at - WINDOW_MS;
    this.#samples = this.#samples.filter((kept) => kept.at >= oldest).slice(-SAMPLES_MAX);
    this.#estimate = combine(this.#samples);
  }

  /** Null until enough samples agree. */
  estimate(): ClockEstimate | null {
    return this.#samples.length >= SAMPLES_USABLE ? this.#estimate : null;
  }

  /** Room clock at the local instant; null before the first sample. */
  roomAt(localMs: number): number | null {
    return this.#estimate === null ? null : localMs + this.#estimate.offsetMs;
  }

  // True offsets lie within the uncertainty of each estimate, so disjoint ranges mean that a clock stepped.
  #contradicts(sample: Sample): boolean {
    if (this.#estimate === null) return false;
    const own = combine([sample])!;
    const apart = Math.abs(own.offsetMs - this.#estimate.offsetMs);
    return apart > own.uncertaintyMs + this.#estimate.uncertaintyMs + STEP_MARGIN_MS;
  }
}

function combine(samples: readonly Sample[]): ClockEstimate | null {
  if (samples.length === 0) return null;
  let forward = Infinity;
  let backward = Infinity;
  for (const sample of samples) {
    forward = Math.min(forward, sample.forward);
    backward = Math.min(backward, sample.backward);
  }
  const rttMs = Math.max(0, forward + backward);
  return { offsetMs: (forward - backward) / 2, uncertaintyMs: rttMs / 2, rttMs };
}
