import { clamp } from '../number.js';
import type { ClockEstimate } from '../types.js';
import { floorSlope } from './hull.js';

const WINDOW_MS = 60_000;
/** Enough for one burst and a minute at 2 Hz. */
const SAMPLES_MAX = 256;
/** So many must agree before an estimate is given out, or before a step is believed. */
const SAMPLES_USABLE = 4;
/** A floor that is undercut by less may still have been found too high. */
const STEP_MARGIN_MS = 5;
/** Some browsers' clocks tick in milliseconds, so that a round trip may come out below nothing by this. */
const COARSE_MS = 2;
/** Strange samples further apart don't make a step. */
const SUSPECT_MS = 10_000;
const RTT_MAX_MS = 10_000;
/** Beyond it a number can't count the microseconds. */
const STAMP_MAX_MS = Number.MAX_SAFE_INTEGER / 1000;
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
  /** What was given out when `#line` came, from where it slews to it. */
  #formerMs = 0;

  /** Takes one ping's stamps; impossible ones are ignored. */
  add(stamps: ClockStamps): 'taken' | 'suspect' | 'ignored' {
    const { t0, t1, t2, t3 } = stamps;
    const sample = { at: t3, forward: t1 - t0, backward: t3 - t2 };
    const rtt = t3 - t0 - (t2 - t1);
    if (!(rtt >= -COARSE_MS && rtt <= RTT_MAX_MS && t3 >= t0 && t2 >= t1 && Math.abs(t2) <= STAMP_MAX_MS)) return 'ignored';
    if (this.#contradicts(sample)) return this.#suspect(sample);
    this.#keep([...this.#samples, sample]);
    return 'taken';
  }

  /** The estimate for a local instant; null until enough samples agree. */
  estimate(localMs: number): ClockEstimate | null {
    const line = this.#line;
    if (line === null || this.#samples.length < SAMPLES_USABLE) return null;
    const slewingMs = this.#slewingAt(line, localMs);
    const offsetMs = line.offsetMs + this.#skew * (localMs - line.at) + slewingMs;
    const ageMs = Math.max(0, localMs - line.at);
    // What is still to be slewed is an error, too.
    const uncertaintyMs = line.uncertaintyMs + this.#wander() * ageMs + Math.abs(slewingMs);
    return { offsetMs, uncertaintyMs, rttMs: Math.max(0, line.rttMs), skewPpm: this.#skew * 1e6 };
  }

  /** How far what is given out is still from the line. */
  #slewingAt(line: Line, localMs: number): number {
    const apartMs = this.#formerMs - line.offsetMs;
    const mostMs = SLEW * Math.max(0, localMs - line.at);
    return apartMs - clamp(apartMs, -mostMs, mostMs);
  }

  #keep(samples: Sample[]): void {
    const newest = samples.at(-1)!.at;
    const former = this.#samples.length >= SAMPLES_SETTLED ? this.estimate(newest) : null;
    // Old ones are better than none, as after a long silence.
    const isKept = ({ at }: Sample, index: number) => at >= newest - WINDOW_MS || index >= samples.length - SAMPLES_USABLE;
    this.#samples = samples.filter(isKept).slice(-SAMPLES_MAX);
    this.#measureSkew();
    this.#line = combine(this.#samples, this.#skew, this.#wander());
    this.#formerMs = former?.offsetMs ?? this.#line.offsetMs;
  }

  #startOver(samples: Sample[]): void {
    this.#suspects = [];
    this.#samples = [];
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

  /**
   * A step of either clock shortens one direction by what it lengthens the other. Where that can't be told from
   * jitter yet, only a round trip of less than nothing is proof.
   */
  #contradicts({ at, forward, backward }: Sample): boolean {
    const line = this.#line;
    if (line === null) return false;
    const offsetMs = line.offsetMs + this.#skew * (at - line.at);
    const driftedMs = this.#wander() * (at - line.at);
    const isSettled = this.#samples.length >= SAMPLES_SETTLED;
    const crosses = (shorter: number, longer: number, signedMs: number) => {
      const floor = line.rttMs / 2 + signedMs;
      const otherFloor = line.rttMs / 2 - signedMs;
      if (shorter < -otherFloor - driftedMs - COARSE_MS) return true;
      const slackMs = STEP_MARGIN_MS + driftedMs;
      return isSettled && shorter < floor - slackMs && longer > otherFloor + slackMs;
    };
    return crosses(forward, backward, offsetMs) || crosses(backward, forward, -offsetMs);
  }

  /** One strange sample is dropped, several that agree are a new truth. */
  #suspect(sample: Sample): 'suspect' {
    const agrees = (other: Sample) =>
      sample.at - other.at < SUSPECT_MS && combine([other, sample], 0, 0).rttMs > -COARSE_MS;
    this.#suspects = [...this.#suspects.filter(agrees), sample];
    if (this.#suspects.length >= SAMPLES_USABLE) this.#startOver(this.#suspects);
    return 'suspect';
  }
}

/** The shortest delay each way as of the newest sample, where an older one counts for more by what may have drifted. */
function combine(samples: readonly Sample[], skew: number, wander: number): Line {
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
  // The truth lies between the two bounds, even where coarse clocks swap them; the older sample's is further off.
  const uncertaintyMs = Math.abs(rttMs) / 2 + wander * Math.max(forward.age, backward.age);
  return { at, offsetMs: (forward.delay - backward.delay) / 2, uncertaintyMs, rttMs };
}
