// Loads again after failures.

import { reconnectDelayMs } from '../backoff.js';

/** Calls again with exponential back-off, until `succeeded` is called or the player is destroyed. */
export class Retry {
  readonly #over: AbortSignal;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(over: AbortSignal) {
    this.#over = over;
    over.addEventListener('abort', () => clearTimeout(this.#timer));
  }

  later(retry: () => void): void {
    if (this.#over.aborted) return;
    this.#failures += 1;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(retry, reconnectDelayMs(this.#failures + 1));
  }

  succeeded(): void {
    this.#failures = 0;
  }
}
