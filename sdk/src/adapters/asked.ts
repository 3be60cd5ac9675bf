// Bridges the time between a request to a slow player and its report.

/** A request to a player that reports late: it counts as done until the player has had time to report otherwise. */
export class Asked<T> {
  readonly #graceMs: number;
  #value: T;
  #untilMs = -Infinity;

  constructor(value: T, graceMs: number) {
    this.#value = value;
    this.#graceMs = graceMs;
  }

  get value(): T {
    return this.#value;
  }

  ask(value: T, nowMs: number): void {
    this.#value = value;
    this.#untilMs = nowMs + this.#graceMs;
  }

  /** Accepts what the player did by itself as if it had been asked for. */
  settle(value: T): void {
    this.#value = value;
  }

  /** Whether the player may still be reporting its state from before the request. */
  isFresh(nowMs: number): boolean {
    return nowMs < this.#untilMs;
  }

  /** Returns the requested value while it is fresh, then what the player reports. */
  read(reported: T, nowMs: number): T {
    return this.isFresh(nowMs) ? this.#value : reported;
  }
}
