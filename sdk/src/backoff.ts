const BASE_MS = 300;
const MAX_MS = 10_000;
/** The most that is added to a wait that the server asked for: the server has spread its clients already. */
const SPREAD_MAX_MS = 250;
const REPEAT_BASE_MS = 400;
const REPEAT_MAX_MS = 2_500;

/** How long to wait before try number `failures` (0 = the first, immediate): exponential with full jitter. */
export function reconnectDelayMs(failures: number, random: () => number = Math.random): number {
  if (failures === 0) return 0;
  return random() * Math.min(MAX_MS, BASE_MS * 2 ** Math.min(failures, 16));
}

/** The wait that the server asked for, and up to a quarter of it more. */
export function askedDelayMs(afterMs: number, random: () => number = Math.random): number {
  return afterMs + random() * Math.min(SPREAD_MAX_MS, afterMs / 4);
}

/** How long to wait before a command that could not be stored goes out again, the first time with `repeats` 0. */
export function repeatDelayMs(repeats: number, random: () => number = Math.random): number {
  return (0.75 + random() / 4) * Math.min(REPEAT_MAX_MS, REPEAT_BASE_MS * 2 ** repeats);
}
