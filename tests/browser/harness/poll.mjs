/** Waiting for conditions, and the clock that tests and pages share. */
import { setTimeout as pause } from 'node:timers/promises';

const EVERY_MS = 50;

/** Returns the time of the clock that all processes of this machine share, in milliseconds, finer than `Date.now()`. */
export function clockMs() {
  return performance.timeOrigin + performance.now();
}

/** Polls until `ask` returns something truthy, and returns it; fails with `what` after the deadline. */
export async function until(what, ask, deadlineMs = 20_000) {
  const end = clockMs() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (clockMs() > end) throw new Error(`waited ${deadlineMs} ms in vain: ${what}`);
    await pause(EVERY_MS);
  }
}
