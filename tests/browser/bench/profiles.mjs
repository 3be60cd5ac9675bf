/** The profiles of the emulated lines. */
const PLAIN = { delay_ms: 0, jitter_ms: 0, loss: 0, reorder: 0, rate_kbit: 0, queue_ms: 200 };

function symmetric(way) {
  return { up: { ...PLAIN, ...way }, down: { ...PLAIN, ...way } };
}

/** Profiles by name, in the emulator's format: one-way delays, `up` towards the server; jitter is exponential. */
export const PROFILES = {
  /** The line of scenario W, which most gates are about. */
  w: symmetric({ delay_ms: 40, jitter_ms: 5, loss: 0.01 }),
  far: symmetric({ delay_ms: 75, jitter_ms: 15, loss: 0.01 }),
  /** The round-trip time of W, but divided unevenly. */
  asymmetric: {
    up: { ...PLAIN, delay_ms: 60, jitter_ms: 5, loss: 0.01 },
    down: { ...PLAIN, delay_ms: 20, jitter_ms: 5, loss: 0.01 },
  },
  lan: symmetric({ delay_ms: 0.1 }),
  /** A busy home network: 30 Mbit/s, 20 ms round trip. */
  wifi: symmetric({ delay_ms: 10, jitter_ms: 3, loss: 0.005, reorder: 0.001, rate_kbit: 30_000 }),
  /** 9 Mbit/s, 85 ms round trip: WebPageTest's LTE preset with jitter and loss. */
  '4g': {
    up: { ...PLAIN, delay_ms: 42.5, jitter_ms: 10, loss: 0.005, rate_kbit: 9_000 },
    down: { ...PLAIN, delay_ms: 42.5, jitter_ms: 10, loss: 0.005, rate_kbit: 9_000 },
  },
  /** 1.6 Mbit/s down, 768 kbit/s up, 150 ms round trip: WebPageTest's "3G Fast" with jitter and loss. */
  '3g': {
    up: { ...PLAIN, delay_ms: 75, jitter_ms: 30, loss: 0.01, rate_kbit: 768 },
    down: { ...PLAIN, delay_ms: 75, jitter_ms: 30, loss: 0.01, rate_kbit: 1_600 },
  },
};
