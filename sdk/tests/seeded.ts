/** Random numbers that are the same in every run, so that a failure can be reproduced. */
export class Seeded {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed + 1, 0x9e3779b1) | 1;
    for (let warmUp = 0; warmUp < 8; warmUp += 1) this.unit();
  }

  /** From 0 up to, but not including, 1. */
  unit(): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) / 2 ** 32;
  }

  between(least: number, most: number): number {
    return least + (most - least) * this.unit();
  }

  pick<T>(of: readonly T[]): T {
    return of[Math.floor(this.unit() * of.length)]!;
  }

  /** Mostly small, now and then several times the mean. */
  exponential(mean: number): number {
    return -Math.log(1 - this.unit()) * mean;
  }

  /** Mostly small, rarely up to fifty times the mean. */
  heavyTailed(mean: number): number {
    const shape = 1.8;
    const least = (mean * (shape - 1)) / shape;
    return Math.min(50 * mean, least * (1 - this.unit()) ** (-1 / shape));
  }
}
