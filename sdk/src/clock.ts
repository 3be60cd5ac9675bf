import { floorSlope } from './hull.js';
import { clamp } from './number.js';
import type { ClockEstimate } from './types.js';

const WINDOW_MS = 60_000;
/** Enough for one burst and a minute at 2 Hz. */
const SAMPLES_MAX = 256;
/** So many must agree before an estimate is given out, or before a step is believed. */
const SAMPLES_USABLE = 4;
const STEP_MARGIN_MS = 5;
const RTT_MAX_MS = 10_000;
/** Two clocks that are not known well may part by this much; once their skew is measured, by less. */
const UNKNOWN_SKEW = 1e-4;
const KNOWN_SKEW = 2e-5;
const SKEW_MAX = 2e-4;
/** A shorter span measures the jitter, not the skew. */
const SKEW_SPAN_MS = 20_000;
const SKEW_GAIN = 0.1;
/** After so many measurements the skew is known. */
const SKEW_USABLE = 20;
/** What is given out follows a better estimate this quickly, so that nobody sees it jump. */
const SLEW = 0.01;
/** Until then the estimate still finds its place and may jump. */
const SAMPLES_SETTLED = 16;
/** The newest samples, which are held against the ones before them. */
const RECENT = 8;

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

/** Room clock minus local clock as a line over the local one, and how far off it may be at `at`. */
interface Line {
  at: number;
  offsetMs: number;
  uncertaintyMs: number;
  rttMs: number;
}

/**
 * Estimates the room clock against the local one. The shortest delay of each direction is kept on its own, because
 * the two rarely fall on the same ping; so that minutes may lie between them, the clocks' skew is taken out first.
 */
export class ClockFilter {
  #samples: Sample[] = [];
  /** Samples that contradict the estimate: a clock has stepped if they go on. */
  #suspects: Sample[] = [];
  #skew = 0;
  #skewMeasured = 0;
  #line: Line | null = null;
  /** What was given out last, which slews to `#line`. */
  #shown: { at: number; offsetMs: number } | null = null;

  /** Takes one ping's stamps; impossible ones are ignored. */
  add(stamps: ClockStamps): 'taken' | 'suspect' | 'ignored' {
    const { t0, t1, t2, t3 } = stamps;
    const sample = { at: t3, forward: t1 - t0, backward: t3 - t2 };
    const rtt = t3 - t0 - (t2 - t1);
    if (!(rtt >= 0 && rtt <= RTT_MAX_MS && t3 >= t0 && t2 >= t1)) return 'ignored';
    if (this.#contradicts(sample)) return this.#suspect(sample);
    this.#suspects = [];
    this.#keep([...this.#samples, sample]);
    if (hasStepped(this.#samples, this.#skew)) this.#startOver(this.#samples.slice(-RECENT));
    return 'taken';
  }

  /** The estimate for a local instant; null until enough samples agree. */
  estimate(localMs: number): ClockEstimate | null {
    const line = this.#line;
    if (line === null || this.#samples.length < SAMPLES_USABLE) return null;
    const targetMs = line.offsetMs + this.#skew * (localMs - line.at);
    const offsetMs = this.#slew(targetMs, localMs);
    const ageMs = Math.max(0, localMs - line.at);
    // What is still to be slewed is an error, too.
    const uncertaintyMs = line.uncertaintyMs + this.#wander() * ageMs + Math.abs(targetMs - offsetMs);
    return { offsetMs, uncertaintyMs, rttMs: line.rttMs, skewPpm: this.#skew * 1e6 };
  }

  #slew(targetMs: number, localMs: number): number {
    const shown = this.#shown;
    if (shown === null || this.#samples.length < SAMPLES_SETTLED) {
      this.#shown = { at: localMs, offsetMs: targetMs };
      return targetMs;
    }
    const passedMs = Math.max(0, localMs - shown.at);
    const expectedMs = shown.offsetMs + this.#skew * passedMs;
    const offsetMs = expectedMs + clamp(targetMs - expectedMs, -SLEW * passedMs, SLEW * passedMs);
    this.#shown = { at: Math.max(localMs, shown.at), offsetMs };
    return offsetMs;
  }

  #keep(samples: Sample[]): void {
    const newest = samples.at(-1)!.at;
    this.#samples = samples.filter(({ at }) => at >= newest - WINDOW_MS).slice(-SAMPLES_MAX);
    this.#measureSkew();
    this.#line = combine(this.#samples, this.#skew, this.#wander());
  }

  #startOver(samples: Sample[]): void {
    this.#suspects = [];
    this.#shown = null;
    this.#keep(samples);
  }

  #measureSkew(): void {
    const samples = this.#samples;
    if (samples.at(-1)!.at - samples[0]!.at < SKEW_SPAN_MS) return;
    const forward = floorSlope(samples.map(({ at, forward: value }) => ({ at, value })));
    const backward = floorSlope(samples.map(({ at, backward: value }) => ({ at, value })));
    const measured = clamp((forward - backward) / 2, -SKEW_MAX, SKEW_MAX);
    const gain = this.#skewMeasured === 0 ? 1 : SKEW_GAIN;
    this.#skew += gain * (measured - this.#skew);
    this.#skewMeasured += 1;
  }

  #wander(): number {
    return this.#skewMeasured < SKEW_USABLE ? UNKNOWN_SKEW : KNOWN_SKEW;
  }

  // True offsets lie within the uncertainty of each estimate, so disjoint ranges mean that a clock stepped.
  #contradicts(sample: Sample): boolean {
    const line = this.#line;
    if (line === null) return false;
    const ageMs = sample.at - line.at;
    const expectedMs = line.offsetMs + this.#skew * ageMs;
    const own = combine([sample], 0, 0);
    const apart = Math.abs(own.offsetMs - expectedMs);
    return apart > own.uncertaintyMs + line.uncertaintyMs + this.#wander() * ageMs + STEP_MARGIN_MS;
  }

  /** One strange sample is dropped, several that agree are a new truth. */
  #suspect(sample: Sample): 'suspect' {
    const agreed = this.#suspects.filter((other) => combine([other, sample], 0, 0).rttMs > -STEP_MARGIN_MS);
    this.#suspects = [...agreed, sample];
    if (this.#suspects.length >= SAMPLES_USABLE) this.#startOver(this.#suspects);
    return 'suspect';
  }
}

/** The shortest delay each way as of the newest sample, where an older one counts for more by what may have drifted. */
function combine(samples: readonly Sample[], skew: number, wander: number): Line {
  const { at } = samples.at(-1)!;
  const floor = (delayOf: (sample: Sample) => number, drift: number) => {
    let least = { delay: Infinity, bound: Infinity };
    for (const sample of samples) {
      const age = at - sample.at;
      const delay = delayOf(sample) + drift * age;
      const bound = delay + wander * age;
      if (bound < least.bound) least = { delay, bound };
    }
    return least;
  };
  const forward = floor((sample) => sample.forward, skew);
  const backward = floor((sample) => sample.backward, -skew);
  const rttMs = forward.delay + backward.delay;
  const uncertaintyMs = Math.max(0, forward.bound + backward.bound) / 2;
  return { at, offsetMs: (forward.delay - backward.delay) / 2, uncertaintyMs, rttMs };
}

/** A step smaller than the round trip shows as one direction that got shorter by what the other got longer. */
function hasStepped(samples: readonly Sample[], skew: number): boolean {
  if (samples.length < 4 * RECENT) return false;
  const before = combine(samples.slice(0, -RECENT), skew, 0);
  const after = combine(samples.slice(-RECENT), skew, 0);
  const lower = (line: Line, sign: number) => line.rttMs / 2 + sign * line.offsetMs;
  const forward = lower(after, 1) - lower(before, 1);
  const backward = lower(after, -1) - lower(before, -1);
  return Math.min(forward, backward) < -STEP_MARGIN_MS && Math.max(forward, backward) > STEP_MARGIN_MS;
}
