/**
 * Reloads the page when a part of its program can't be fetched. A server that has been updated no longer has it, and
 * browsers don't request again what once failed.
 */
import { HOME } from './address.js';

const KEY = 'playhead.reloaded';
/** The page is reloaded again after twice as long each time: what is still missing then is missing for another reason. */
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

/** Notes a reload, unless the last one was a short time ago or it can't be noted. */
function mayReload(): boolean {
  try {
    const { atMs, times } = { atMs: 0, times: 0, ...JSON.parse(sessionStorage.getItem(KEY) ?? '{}') };
    if (Date.now() - atMs < RELOAD_AGAIN_MS * 2 ** times) return false;
    sessionStorage.setItem(KEY, JSON.stringify({ atMs: Date.now(), times: times + 1 }));
    return true;
  } catch {
    return false;
  }
}
