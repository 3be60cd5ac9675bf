import { clamp } from './number.js';

/** The rate is nudged from the outer bound on, until the inner one is reached, so that nothing ratchets. */
const FROM_MS = 15;
const UNTIL_MS = 5;
/** How quickly a gap is closed. */
const CLOSE_MS = 800;
/** How much of the room's rate a nudge may be: nobody hears the small one, and the large one needs a large gap. */
const SMALL = { belowMs: 40, most: 0.02 };
/** Just under the 5 % that hold within 100 ms, so that rounding doesn't break them. */
const MOST = 0.049;
const LARGE = { fromMs: 120, most: 0.1 };

/** Closes a gap by playing a little faster or slower than the room. */
export class Nudge {
  #active = false;

  get active(): boolean {
    return this.#active;
  }

  stop(): void {
    this.#active = false;
  }

  /** The part of the room's rate to play slower by; `usualMs` is the drift without its outliers, `lastMs` the newest. */
  part(usualMs: number, lastMs: number): number {
    const size = Math.abs(usualMs);
    this.#active = size > (this.#active ? UNTIL_MS : FROM_MS);
    if (!this.#active) return 0;
    // The newest one counts, too, so that a large nudge never outlives the gap it is for.
    const large = Math.min(size, Math.abs(lastMs)) >= LARGE.fromMs;
    const most = large ? LARGE.most : size < SMALL.belowMs ? SMALL.most : MOST;
    return clamp(usualMs / CLOSE_MS, -most, most);
  }
}
