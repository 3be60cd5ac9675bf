const BASE_MS = 300;
const MAX_MS = 10_000;

/** How long to wait before try number `failures` (0 = the first, immediate): exponential with full jitter. */
export function reconnectDelayMs(failures: number, random: () => number = Math.random): number {
  if (failures === 0) return 0;
  return random() * Math.min(MAX_MS, BASE_MS * 2 ** Math.min(failures, 16));
}
