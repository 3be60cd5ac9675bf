// Wakes the player at an exact instant.

/**
 * Timers fire some milliseconds late, so for the last stretch the alarm posts messages to itself, also if its instant has
 * passed: a timer could then ring after an alarm that was set for later.
 */
const SPIN_MS = 20;
const NEAR_MS = 0.2;

/** Calls back at an instant of `performance.now()`, accurate to a fraction of a millisecond unless the page is hidden. */
export class Alarm {
  readonly #ring: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #channel: MessageChannel | undefined;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /** Sets the alarm, replacing an earlier one; unless `exact`, it may ring as late as any timer. */
  set(atMs: number, exact: boolean): void {
    this.clear();
    const waitMs = atMs - performance.now();
    if (!exact) this.#timer = setTimeout(this.#ring, Math.max(0, waitMs));
    else if (waitMs <= SPIN_MS) this.#spin(atMs);
    else this.#timer = setTimeout(() => this.set(atMs, true), waitMs - SPIN_MS);
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#channel?.port1.close();
    this.#channel = undefined;
  }

  #spin(atMs: number): void {
    const channel = new MessageChannel();
    this.#channel = channel;
    channel.port1.onmessage = () => {
      if (channel !== this.#channel) return;
      if (performance.now() < atMs - NEAR_MS) {
        channel.port2.postMessage(null);
      } else {
        this.clear();
        this.#ring();
      }
    };
    channel.port2.postMessage(null);
  }
}
