// Waits for the states of a YouTube player.

interface Waiter {
  state: number;
  resolve: () => void;
  reject: (error: Error) => void;
}

/** Promises that settle when the player reaches a state, or when something interrupts it. */
export class Waiters {
  #waiting: Waiter[] = [];

  /** Resolves when the player reaches `state`. */
  reaches(state: number): Promise<void> {
    return new Promise((resolve, reject) => this.#waiting.push({ state, resolve, reject }));
  }

  /** Resolves what waits for `state`. */
  reached(state: number): void {
    const done = this.#waiting.filter((waiter) => waiter.state === state);
    this.#waiting = this.#waiting.filter((waiter) => waiter.state !== state);
    for (const { resolve } of done) resolve();
  }

  /** Rejects everything that waits. */
  interrupt(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
