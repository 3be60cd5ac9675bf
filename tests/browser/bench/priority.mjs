/** Gives the bench priority over other programs. */
import { readFileSync, writeFileSync } from 'node:fs';
import { getPriority } from 'node:os';

/** Where kernels that schedule by session keep the niceness of this one. */
const OWN_SESSION = '/proc/self/autogroup';
const NICENESS = -10;

/**
 * Raises the priority of this program's session for as long as it runs, where that is permitted, so that what it
 * measures doesn't wait for other programs. Returns the niceness of this program and its browsers.
 */
export function raisePriority() {
  try {
    const before = /nice (-?\d+)/.exec(readFileSync(OWN_SESSION, 'utf8'))[1];
    writeFileSync(OWN_SESSION, String(NICENESS));
    process.on('exit', () => writeFileSync(OWN_SESSION, before));
    return NICENESS;
  } catch {
    // Another kind of kernel, or not permitted: the niceness set by `nice` remains.
    return getPriority();
  }
}
