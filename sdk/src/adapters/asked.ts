/** What was asked of a player that answers late: it counts as done until the player has had time to say otherwise. */
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

  /** Takes what the player does by itself as if it had been asked for. */
  settle(value: T): void {
    this.#value = value;
  }

  /** Whether the answer may still be one to an earlier question. */
  isFresh(nowMs: number): boolean {
    return nowMs < this.#untilMs;
  }

  /** The asked value while it is fresh, then what the player says. */
  read(told: T, nowMs: number): T {
    return this.isFresh(nowMs) ? this.#value : told;
  }
}
