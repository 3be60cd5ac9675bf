// Limits how often the controller starts a player anew.

/** The time between two new starts of the controller's own; doubles with each that didn't help. */
const FIRST_GAP_MS = 3_000;
const LONGEST_GAP_MS = 30_000;
/** A player that has stayed in place this long is trusted again. */
const TRUST_MS = 30_000;
/** After this many new starts that didn't help, further ones are futile. */
const FUTILE = 3;
const FOREIGN_WINDOW_MS = 60_000;
const FOREIGN_MAX = 12;

/** Limits new starts, so that a device on which they never help isn't disrupted by them. */
export class AlignGuard {
  #gapMs = FIRST_GAP_MS;
  #lastMs = -Infinity;
  #futile = 0;
  #foreign: number[] = [];

  /** Whether new starts have turned out not to help. */
  isFutile(nowMs: number): boolean {
    return this.#futile >= FUTILE && !this.#isTrusted(nowMs);
  }

  /**
   * Records a new start because of drift, because data ran out, or because the player is stuck; returns false, and
   * records nothing, if it is too early for one.
   */
  own(nowMs: number, cause: 'drift' | 'starved' | 'stuck'): boolean {
    if (this.#isTrusted(nowMs)) this.clear();
    if (nowMs - this.#lastMs < this.#gapMs) return false;
    if (this.#lastMs >= 0) this.#gapMs = Math.min(2 * this.#gapMs, LONGEST_GAP_MS);
    this.#lastMs = nowMs;
    if (cause !== 'starved') this.#futile += 1;
    return true;
  }

  /** Records a new start because something else moved the player; returns false if that keeps happening. */
  foreign(nowMs: number): boolean {
    this.#foreign = this.#foreign.filter((atMs) => nowMs - atMs < FOREIGN_WINDOW_MS);
    if (this.#foreign.length >= FOREIGN_MAX) return false;
    this.#foreign.push(nowMs);
    return true;
  }

  /** Forgets everything, because the room changed. */
  clear(): void {
    this.#gapMs = FIRST_GAP_MS;
    this.#lastMs = -Infinity;
    this.#futile = 0;
    this.#foreign = [];
  }

  #isTrusted(nowMs: number): boolean {
    return nowMs - this.#lastMs >= TRUST_MS + this.#gapMs;
  }
}
