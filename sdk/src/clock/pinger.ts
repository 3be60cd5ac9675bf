// Sends the pings from which the room clock is estimated.

const BURST_PINGS = 12;
const WAKE_PINGS = 8;
const BURST_GAP_MS = 2_000;
/** A timer this late was suspended, and so perhaps was the clock. */
const SLEPT_MS = 2_000;
const BURST_SPACING_MS = 15;
const EARLY_SPACING_MS = 500;
const EARLY_MS = 60_000;
const SPACING_MS = 1_000;

/** Pings the server: a burst first, then at a steady pace. */
export class Pinger {
  /** The local instant of the first ping since the server was last heard; set it to null when it is. */
  unansweredSince: number | null = null;
  readonly #write: (frame: object) => boolean;
  #startedAt = 0;
  #dueAt = Infinity;
  #burstAt = -Infinity;
  #left = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(write: (frame: object) => boolean) {
    this.#write = write;
  }

  start(): void {
    this.unansweredSince = null;
    this.#startedAt = performance.now();
    this.#begin(BURST_PINGS);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Sends a burst, as after a sleep, unless there was one just now. */
  burst(): void {
    if (performance.now() - this.#burstAt >= BURST_GAP_MS) this.#begin(WAKE_PINGS);
  }

  ping(): void {
    const t0 = performance.now();
    if (this.#write({ type: 'ping', data: { t0 } })) this.unansweredSince ??= t0;
  }

  #begin(pings: number): void {
    this.#burstAt = performance.now();
    this.#left = pings;
    this.#next();
  }

  #next(): void {
    clearTimeout(this.#timer);
    const now = performance.now();
    if (this.#left === 0 && now - this.#dueAt > SLEPT_MS) this.#left = WAKE_PINGS;
    this.ping();
    this.#left = Math.max(0, this.#left - 1);
    const steadyMs = now - this.#startedAt < EARLY_MS ? EARLY_SPACING_MS : SPACING_MS;
    const waitMs = this.#left > 0 ? BURST_SPACING_MS : steadyMs;
    this.#dueAt = now + waitMs;
    this.#timer = setTimeout(() => this.#next(), waitMs);
  }
}
