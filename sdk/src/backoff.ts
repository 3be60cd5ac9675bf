// How long to wait before another attempt.

const BASE_MS = 300;
const MAX_MS = 10_000;
/** The most that is added to a wait that the server asked for; the server has already spread its clients. */
const SPREAD_MAX_MS = 250;
const REPEAT_BASE_MS = 400;
const REPEAT_MAX_MS = 2_500;

/** Returns how long to wait after `failures` failed attempts: exponential with full jitter, and 0 for the first. */
export function reconnectDelayMs(failures: number, random: () => number = Math.random): number {
  return failures && random() * Math.min(MAX_MS, BASE_MS * 2 ** Math.min(failures, 16));
}

/** Returns the wait that the server asked for, plus up to a quarter of it. */
export function askedDelayMs(afterMs: number, random: () => number = Math.random): number {
  return afterMs + random() * Math.min(SPREAD_MAX_MS, afterMs / 4);
}

/** Returns how long to wait before a command that could not be stored is sent again, after `repeats` repeats. */
export function repeatDelayMs(repeats: number, random: () => number = Math.random): number {
  return (0.75 + random() / 4) * Math.min(REPEAT_MAX_MS, REPEAT_BASE_MS * 2 ** repeats);
}
