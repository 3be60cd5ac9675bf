const WINDOW_MS = 60_000;
const MAX = 4;

/** Bounds the controller's own seeks, so that a device on which seeking never helps isn't tormented by it. */
export class SeekBudget {
  #spent: { at: number; cost: number }[] = [];

  /** False when the last minute's seeks used it up. */
  spend(nowMs: number, cost: number): boolean {
    this.#spent = this.#spent.filter((seek) => nowMs - seek.at < WINDOW_MS);
    const sum = this.#spent.reduce((total, seek) => total + seek.cost, 0);
    if (sum + cost > MAX) return false;
    if (cost > 0) this.#spent.push({ at: nowMs, cost });
    return true;
  }

  clear(): void {
    this.#spent = [];
  }
}
