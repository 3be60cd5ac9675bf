const BURST_PINGS = 12;
const BURST_SPACING_MS = 15;
const EARLY_SPACING_MS = 500;
const EARLY_MS = 60_000;
const SPACING_MS = 1_000;

/** Asks the room clock: a burst first, then at a walking pace. */
export class Pinger {
  /** Local instant of the first ping since the server was last heard; whoever hears it sets null. */
  unansweredSince: number | null = null;
  readonly #write: (frame: object) => boolean;
  #startedAt = 0;
  #left = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(write: (frame: object) => boolean) {
    this.#write = write;
  }

  start(): void {
    this.unansweredSince = null;
    this.#startedAt = performance.now();
    this.burst();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  burst(): void {
    this.#left = BURST_PINGS;
    this.#next();
  }

  ping(): void {
    const t0 = performance.now();
    if (this.#write({ type: 'ping', data: { t0 } })) this.unansweredSince ??= t0;
  }

  #next(): void {
    clearTimeout(this.#timer);
    this.ping();
    this.#left = Math.max(0, this.#left - 1);
    const early = performance.now() - this.#startedAt < EARLY_MS;
    const steadyMs = early ? EARLY_SPACING_MS : SPACING_MS;
    this.#timer = setTimeout(() => this.#next(), this.#left > 0 ? BURST_SPACING_MS : steadyMs);
  }
}
