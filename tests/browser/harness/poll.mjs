import { setTimeout as pause } from 'node:timers/promises';

const EVERY_MS = 50;

/** The clock that every process of this machine shares, in milliseconds, finer than `Date.now()`. */
export function clockMs() {
  return performance.timeOrigin + performance.now();
}

/** Asks again and again until `ask` gives something truthy; says what it waited for when the deadline has passed. */
export async function until(what, ask, deadlineMs = 20_000) {
  const end = clockMs() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (clockMs() > end) throw new Error(`waited ${deadlineMs} ms in vain: ${what}`);
    await pause(EVERY_MS);
  }
}
