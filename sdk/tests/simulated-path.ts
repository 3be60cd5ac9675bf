// A network path to the room's clock, in simulated time.
import { ClockFilter, type ClockStamps } from '../src/clock/filter.js';
import { skewOf } from '../src/clock/skew.js';
import { Seeded } from './seeded.js';

const BURST_PINGS = 12;
const BURST_SPACING_MS = 15;
const EARLY_MS = 60_000;
/** The time between two samples of the estimate. */
export const LOOK_MS = 100;

export interface PathTraits {
  forwardMs: number;
  backwardMs: number;
  /** The mean additional delay in each direction. */
  jitterMs: number;
  jitter: 'exponential' | 'heavyTailed';
  /** How much faster than the local clock the room's runs. */
  ppm: number;
  seed: number;
}

/** The filter's estimate at one instant. */
export interface Look {
  atMs: number;
  offsetMs: number;
  errorMs: number;
  uncertaintyMs: number;
}

/** A path to the room's clock in simulated time. As in any stream, no message overtakes another. */
export class SimulatedPath {
  /** How far the room's clock has stepped so far. */
  steppedMs = 0;
  nowMs = 0;
  /** No ping is answered. */
  silent = false;
  suspects = 0;
  readonly clock = Object.assign(new ClockFilter(), { skewOf });
  #traits: PathTraits;
  readonly #random: Seeded;
  readonly #underway: ClockStamps[] = [];
  #heardAtMs = 0;
  #answeredAtMs = 0;
  #left = BURST_PINGS;
  #pingAtMs = 0;
  #burstAtMs = 0;

  constructor(traits: Partial<PathTraits>) {
    this.#traits = { forwardMs: 40, backwardMs: 40, jitterMs: 0, jitter: 'exponential', ppm: 0, seed: 1, ...traits };
    this.#random = new Seeded(this.#traits.seed);
  }

  /** The room's clock minus the local one. */
  offsetAt(localMs: number): number {
    return 1_700_000_000_000 + localMs * this.#traits.ppm * 1e-6 + this.steppedMs;
  }

  /** Changes the delay of the path. */
  queue(delays: Partial<Pick<PathTraits, 'forwardMs' | 'backwardMs'>>): void {
    this.#traits = { ...this.#traits, ...delays };
  }

  /** Pings as the SDK does, and samples the estimate every 100 ms. */
  run(forMs: number): Look[] {
    const looks: Look[] = [];
    const untilMs = this.nowMs + forMs;
    for (; this.nowMs < untilMs; this.nowMs += LOOK_MS) {
      while (this.#pingAtMs <= this.nowMs) this.#ping();
      while ((this.#underway[0]?.t3 ?? Infinity) <= this.nowMs) this.#hear(this.#underway.shift()!);
      const estimate = this.clock.estimate(this.nowMs);
      if (estimate === null) continue;
      const { offsetMs, uncertaintyMs } = estimate;
      const errorMs = Math.abs(offsetMs - this.offsetAt(this.nowMs));
      looks.push({ atMs: this.nowMs, offsetMs, errorMs, uncertaintyMs });
    }
    return looks;
  }

  #hear(stamps: ClockStamps): void {
    if (this.clock.add(stamps) !== 'suspect') return;
    this.suspects += 1;
    // As in the session: suspect samples cause a burst, but not repeatedly.
    if (this.nowMs - this.#burstAtMs < 2_000) return;
    this.#burstAtMs = this.nowMs;
    this.#left = 8;
    this.#pingAtMs = this.nowMs;
  }

  #ping(): void {
    const t0 = this.#pingAtMs;
    const { forwardMs, backwardMs } = this.#traits;
    const arrivesAtMs = Math.max(t0 + forwardMs + this.#jitter(), this.#heardAtMs);
    const t3 = Math.max(arrivesAtMs + backwardMs + this.#jitter(), this.#answeredAtMs);
    const t1 = arrivesAtMs + this.offsetAt(arrivesAtMs);
    if (!this.silent) {
      this.#heardAtMs = arrivesAtMs;
      this.#answeredAtMs = t3;
      this.#underway.push({ t0, t1, t2: t1, t3 });
    }
    this.#left = Math.max(0, this.#left - 1);
    const steadyMs = t0 < EARLY_MS ? 500 : 1_000;
    this.#pingAtMs += this.#left > 0 ? BURST_SPACING_MS : steadyMs;
  }

  #jitter(): number {
    const { jitter, jitterMs } = this.#traits;
    return this.#random[jitter](jitterMs);
  }
}

/** Returns the bound that this fraction of the errors stays within. */
export function percentile(looks: readonly Look[], part: number): number {
  const errors = looks.map(({ errorMs }) => errorMs).sort((a, b) => a - b);
  return errors[Math.floor(errors.length * part)] ?? Number.NaN;
}
