// Asking to be let into a room, and who asks. No part of the core: pages that need it import it.

import { askedDelayMs } from '../backoff.js';
import type { OwnCode } from '../codes.js';
import { PlayheadError } from '../error.js';
import type { Client, JoinOptions, RoomSession, Subscribable } from '../types.js';
import type { Knock, Role } from '../wire.js';
import { AFTER_DEFAULT_MS, AFTER_MAX_MS } from './limits.js';

export interface KnockOptions extends JoinOptions {
  /** Ends the waiting when it is aborted; the promise then rejects with `closed`. */
  signal?: AbortSignal;
  /** Called once, when the server has said that somebody has to answer. */
  onWaiting?: () => void;
}

/**
 * Joins a room, and where one has to ask, waits until somebody answers. Resolves with the session; rejects as `join`
 * does, with `approval_declined` if the answer is no. In rooms at which nobody has to ask it is the same as `join`.
 */
export async function knock(client: Client, roomIdOrCode: string, options: KnockOptions = {}): Promise<RoomSession> {
  const { signal, onWaiting, ...join } = options;
  for (let isWaiting = false; !signal?.aborted; isWaiting = true) {
    try {
      const session = await client.join(roomIdOrCode, join);
      if (!signal?.aborted) return session;
      session.close();
    } catch (error) {
      const { code, retryAfterMs = AFTER_DEFAULT_MS } = error as PlayheadError;
      if (code !== 'approval_pending') throw error;
      if (signal?.aborted) break;
      if (!isWaiting) onWaiting?.();
      await pause(askedDelayMs(Math.min(retryAfterMs, AFTER_MAX_MS)), signal);
    }
  }
  throw new PlayheadError({ code: 'closed' satisfies OwnCode, detail: 'the page has stopped waiting' });
}

const MODERATING: readonly Role[] = ['host', 'co_host', 'moderator'];
const NOBODY: readonly Knock[] = [];

/**
 * Who asks to join the room of a session, the longest waiting first; empty for those who don't moderate it. Call it as
 * soon as the session is there: the server says who asks once the session is open, and then when that changes.
 */
export function knocksOf(session: RoomSession): Subscribable<readonly Knock[]> {
  const listeners = new Set<() => void>();
  let knocks = NOBODY;
  const set = (next: readonly Knock[]) => {
    if (next === knocks) return;
    knocks = next;
    for (const listener of [...listeners]) listener();
  };
  session.on('knocks_changed', (data) => set(data.knocks));
  // After a welcome the server names them anew, if there are any.
  session.on('welcome', () => set(NOBODY));
  let hasModerated = false;
  session.subscribe(() => {
    const { me, connection } = session.getSnapshot();
    const moderates = MODERATING.includes(me.role) && connection !== 'closed';
    // Only the loss of the role counts: who has just got it may be told who asks before the role itself.
    if (hasModerated && !moderates) set(NOBODY);
    hasModerated = moderates;
  });
  return {
    getSnapshot: () => knocks,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Resolves after `ms`, or at once when the signal is aborted. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const over = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', over);
      resolve();
    };
    const timer = setTimeout(over, ms);
    signal?.addEventListener('abort', over);
  });
}
