// Estimates the room clock from the timestamps of pings.

import { clamp } from '../number.js';
import type { ClockEstimate } from '../types.js';
import type { Sample } from './skew.js';
import {
  COARSE_MS,
  KNOWN_SKEW,
  RTT_MAX_MS,
  SAMPLES_MAX,
  SAMPLES_SETTLED,
  SAMPLES_USABLE,
  SKEW_GAIN,
  SKEW_SPAN_MS,
  SKEW_USABLE,
  SLEW,
  STAMP_MAX_MS,
  STEP_MARGIN_MS,
  SUSPECT_MS,
  UNKNOWN_SKEW,
  WINDOW_MS,
} from './tuning.js';

/** The four timestamps of one ping, in milliseconds: t0 and t3 by the local clock, t1 and t2 by the room clock. */
export interface ClockStamps {
  t0: number;
  t1: number;
  t2: number;
  t3: number;
}

/** Room clock minus local clock, and how far off it may be, at the local instant `at`. */
interface Offset {
  at: number;
  offsetMs: number;
  uncertaintyMs: number;
  rttMs: number;
}

/**
 * Estimates the room clock against the local one. The shortest delay is kept for each direction separately, because
 * the two rarely fall on the same ping. The clocks' skew is removed first, so that minutes may lie between the two.
 */
export class ClockFilter {
  /** Measures the skew; without it, the two clocks count as running alike, with the uncertainty of an unknown skew. */
  skewOf?: (samples: readonly Sample[]) => number;
  #samples: Sample[] = [];
  /** Samples that contradict the estimate; if more follow, a clock has stepped. */
  #suspects: Sample[] = [];
  #skew = 0;
  #skewMeasured = 0;
  #latest: Offset | undefined;
  /** The published offset when `#latest` was computed; it slews from there. */
  #formerMs = 0;

  /** Takes the timestamps of one ping; impossible ones are ignored. */
  add(stamps: ClockStamps): 'taken' | 'suspect' | 'ignored' {
    const { t0, t1, t2, t3 } = stamps;
    const sample = { at: t3, forward: t1 - t0, backward: t3 - t2 };
    const rtt = t3 - t0 - (t2 - t1);
    if (!(rtt >= -COARSE_MS && rtt <= RTT_MAX_MS && t3 >= t0 && t2 >= t1 && Math.abs(t2) <= STAMP_MAX_MS)) return 'ignored';
    if (this.#contradicts(sample)) return this.#suspect(sample);
    this.#keep([...this.#samples, sample]);
    return 'taken';
  }

  /** Returns the estimate for a local instant, or null until enough samples agree. */
  estimate(localMs: number): ClockEstimate | null {
    const latest = this.#latest;
    if (!latest || this.#samples.length < SAMPLES_USABLE) return null;
    const slewingMs = this.#slewingAt(latest, localMs);
    const offsetMs = latest.offsetMs + this.#skew * (localMs - latest.at) + slewingMs;
    const ageMs = Math.max(0, localMs - latest.at);
    // What remains to be slewed is an error as well.
    const uncertaintyMs = latest.uncertaintyMs + this.#wander() * ageMs + Math.abs(slewingMs);
    return { offsetMs, uncertaintyMs, rttMs: Math.max(0, latest.rttMs), skewPpm: this.#skew * 1e6 };
  }

  /** Returns how far the published offset still is from the latest one. */
  #slewingAt(latest: Offset, localMs: number): number {
    const apartMs = this.#formerMs - latest.offsetMs;
    const mostMs = SLEW * Math.max(0, localMs - latest.at);
    return apartMs - clamp(apartMs, -mostMs, mostMs);
  }

  #keep(samples: Sample[]): void {
    const newest = samples.at(-1)!.at;
    const former = this.#samples.length >= SAMPLES_SETTLED && this.estimate(newest);
    // After a long silence old samples are better than none.
    const isKept = ({ at }: Sample, index: number) => at >= newest - WINDOW_MS || index >= samples.length - SAMPLES_USABLE;
    this.#samples = samples.filter(isKept).slice(-SAMPLES_MAX);
    this.#measureSkew();
    this.#latest = combine(this.#samples, this.#skew, this.#wander());
    this.#formerMs = former ? former.offsetMs : this.#latest.offsetMs;
  }

  #measureSkew(): void {
    const samples = this.#samples;
    if (!this.skewOf || samples.at(-1)!.at - samples[0]!.at < SKEW_SPAN_MS) return;
    const gain = this.#skewMeasured === 0 ? 1 : SKEW_GAIN;
    this.#skew += gain * (this.skewOf(samples) - this.#skew);
    this.#skewMeasured += 1;
  }

  #wander(): number {
    return this.#skewMeasured < SKEW_USABLE ? UNKNOWN_SKEW : KNOWN_SKEW;
  }

  /**
   * A step of either clock shortens one direction by as much as it lengthens the other. As long as that can't be told
   * from jitter, only a negative round trip is proof.
   */
  #contradicts({ at, forward, backward }: Sample): boolean {
    const latest = this.#latest;
    if (!latest) return false;
    const offsetMs = latest.offsetMs + this.#skew * (at - latest.at);
    const driftedMs = this.#wander() * (at - latest.at);
    const isSettled = this.#samples.length >= SAMPLES_SETTLED;
    const crosses = (shorter: number, longer: number, signedMs: number) => {
      const floor = latest.rttMs / 2 + signedMs;
      const otherFloor = latest.rttMs / 2 - signedMs;
      if (shorter < -otherFloor - driftedMs - COARSE_MS) return true;
      const slackMs = STEP_MARGIN_MS + driftedMs;
      return isSettled && shorter < floor - slackMs && longer > otherFloor + slackMs;
    };
    return crosses(forward, backward, offsetMs) || crosses(backward, forward, -offsetMs);
  }

  /** Drops a sample that contradicts the estimate; several that agree start a new one. */
  #suspect(sample: Sample): 'suspect' {
    const agrees = (other: Sample) =>
      sample.at - other.at < SUSPECT_MS && combine([other, sample], 0, 0).rttMs > -COARSE_MS;
    this.#suspects = [...this.#suspects.filter(agrees), sample];
    if (this.#suspects.length >= SAMPLES_USABLE) {
      this.#samples = [];
      this.#keep(this.#suspects.splice(0));
    }
    return 'suspect';
  }
}

/** Combines the shortest delays each way as of the newest sample; older ones count as longer by what may have drifted. */
function combine(samples: readonly Sample[], skew: number, wander: number): Offset {
  const { at } = samples.at(-1)!;
  const floor = (delayOf: (sample: Sample) => number, drift: number) => {
    let least = { delay: Infinity, bound: Infinity, age: 0 };
    for (const sample of samples) {
      const age = at - sample.at;
      const delay = delayOf(sample) + drift * age;
      const bound = delay + wander * age;
      if (bound < least.bound) least = { delay, bound, age };
    }
    return least;
  };
  const forward = floor((sample) => sample.forward, skew);
  const backward = floor((sample) => sample.backward, -skew);
  const rttMs = forward.delay + backward.delay;
  // The true offset lies between the two bounds, even if coarse clocks swap them; the older sample's is less certain.
  const uncertaintyMs = Math.abs(rttMs) / 2 + wander * Math.max(forward.age, backward.age);
  return { at, offsetMs: (forward.delay - backward.delay) / 2, uncertaintyMs, rttMs };
}
