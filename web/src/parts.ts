/**
 * Reloads the page when a part of its program can't be fetched. A server that has been updated no longer has it, and
 * browsers don't request again what once failed.
 */
import { HOME } from './address.js';

const KEY = 'playhead.reloaded';
/** A part that is still missing after a reload is missing for another reason. */
const RELOAD_AGAIN_MS = 60_000;
const LOOK_AGAIN_MS = 2_000;

export function watchParts(): void {
  let isReloading = false;
  window.addEventListener('vite:preloadError', () => {
    if (isReloading || !mayReload()) return;
    isReloading = true;
    void reload();
  });
}

async function reload(): Promise<void> {
  // Where the server can't be reached, the page would be lost altogether.
  while (!(await isServed())) await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  location.reload();
}

async function isServed(): Promise<boolean> {
  try {
    return (await fetch(HOME, { cache: 'no-store' })).ok;
  } catch {
    return false;
  }
}

/** Notes a reload, unless there was one just before or it can't be noted. */
function mayReload(): boolean {
  try {
    const beforeMs = Number(sessionStorage.getItem(KEY) ?? 0);
    if (Date.now() - beforeMs < RELOAD_AGAIN_MS) return false;
    sessionStorage.setItem(KEY, String(Date.now()));
    return true;
  } catch {
    return false;
  }
}
