import { clamp } from './number.js';

const PLAY = { mostMs: 400, trustedMs: 400 };
/** The first start of a page opens the sound device, too. */
const COLD_MS = 20;
const SEEK = { firstMs: 300, leastMs: 100, mostMs: 3_000 };
const MARGIN_MS = 60;

/** How long this player takes to start and to seek, learned from what it did. */
export class Leads {
  #playMs: number;
  #coldMs = COLD_MS;
  #seekMs = SEEK.firstMs;

  constructor(firstPlayMs: number) {
    this.#playMs = clamp(firstPlayMs, 0, PLAY.mostMs);
    if (firstPlayMs < COLD_MS) this.#coldMs = 0;
  }

  /** From `play` to the first movement. */
  get playMs(): number {
    return this.#playMs + this.#coldMs;
  }

  /** What is worth keeping for the next page. */
  get warmPlayMs(): number {
    return this.#playMs;
  }

  /** From now to the earliest start after a seek. */
  get planMs(): number {
    return this.#seekMs + this.playMs + MARGIN_MS;
  }

  /** A start that was called on time was this far ahead. */
  learnStart(errorMs: number): void {
    this.#coldMs = 0;
    // An error larger than any lead is a stall.
    if (Math.abs(errorMs) < PLAY.trustedMs) this.#playMs = clamp(this.#playMs - 0.5 * errorMs, 0, PLAY.mostMs);
  }

  learnSeek(tookMs: number): void {
    // A start that was too late is planned with what it took, not with the average.
    const next = tookMs > this.planMs ? tookMs : 0.7 * this.#seekMs + 0.3 * tookMs;
    this.#seekMs = clamp(next, SEEK.leastMs, SEEK.mostMs);
  }
}
