// Learns how long a player takes to start and to seek.

import { clamp, median } from '../number.js';
import {
  COLD_MS,
  GUESS_MOST_MS,
  LOADED_MS,
  LOADING_MS,
  MARGIN_MS,
  MISS_FADES,
  MISS_LEAST_MS,
  MISS_MOST_MS,
  PARTLY_LOADED_MS,
  PLAY_MOST_MS,
  SEEK_LEAST_MS,
  SEEK_MOST_MS,
} from './tuning.js';

/** Whether the data at a seek's target is there, on its way, or yet to be requested. */
export type SeekKind = 'loaded' | 'coming' | 'loading';

/** How long this player takes to start and to seek, learned from its past starts and seeks. */
export class Leads {
  #playMs: number;
  #coldMs = COLD_MS;
  /** How long the last seeks took. The median counts, so that one wait for data isn't mistaken for a slow player. */
  readonly #seeks = {
    loaded: [LOADED_MS, LOADED_MS],
    coming: [PARTLY_LOADED_MS, PARTLY_LOADED_MS],
    loading: [LOADING_MS, LOADING_MS],
  };
  #shortMs = 0;
  #farMs = 0;

  constructor(firstPlayMs: number) {
    this.#playMs = clamp(firstPlayMs, 0, PLAY_MOST_MS);
    if (firstPlayMs < COLD_MS) this.#coldMs = 0;
  }

  /** The time from `play` to the first movement. */
  get playMs(): number {
    return this.#playMs + this.#coldMs;
  }

  /** The same without the delay of a page's first start: worth keeping for the next page. */
  get warmPlayMs(): number {
    return this.#playMs;
  }

  /** Returns the time from now to the earliest start after a seek, which may fall short of its target. */
  planMs(seek: SeekKind): number {
    return median(this.#seeks[seek]) + this.#shortMs + this.playMs + MARGIN_MS;
  }

  /** How much further ahead than planned a seek may land. */
  get spreadMs(): number {
    return this.#shortMs + this.#farMs;
  }

  /**
   * Estimates loading from how long the beginning took: a connection, requests, and about as many bytes as the first
   * data elsewhere.
   */
  guessLoading(tookMs: number): void {
    const guessMs = clamp(tookMs, LOADING_MS, GUESS_MOST_MS);
    this.#seeks.loading = [guessMs, guessMs];
  }

  /** Learns from a start that was called on time and was this far ahead. */
  learnStart(errorMs: number): void {
    this.#coldMs = 0;
    // An error larger than any lead is a stall.
    if (Math.abs(errorMs) < PLAY_MOST_MS) this.#playMs = clamp(this.#playMs - 0.5 * errorMs, 0, PLAY_MOST_MS);
  }

  /** Learns from a seek that took this long and landed this far past its target; some players only land on keyframes. */
  learnSeek(seek: SeekKind, tookMs: number, missMs: number): void {
    this.#seeks[seek] = [...this.#seeks[seek].slice(-2), clamp(tookMs, SEEK_LEAST_MS, SEEK_MOST_MS)];
    this.#shortMs = Math.max(missOf(-missMs), MISS_FADES * this.#shortMs);
    this.#farMs = Math.max(missOf(missMs), MISS_FADES * this.#farMs);
  }
}

/** Ignores a miss too large for a keyframe: something else moved the player. */
function missOf(ms: number): number {
  return ms >= MISS_LEAST_MS && ms <= MISS_MOST_MS ? ms : 0;
}
