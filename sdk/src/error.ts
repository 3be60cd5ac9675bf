// The one error of the SDK, and the registry of close codes.

import type { OwnCode } from './codes.js';
import type { Outcome, RejectError, Retry } from './wire.js';

/** The facts of a failure; by default it had no effect, and no further attempt can succeed. */
export type ErrorFacts = Pick<RejectError, 'code' | 'detail'> & Partial<RejectError> & { status?: number };

/** Any refusal or failure in the SDK: a stable code and a sentence for people. */
export class PlayheadError extends Error {
  declare readonly code: string;
  declare readonly retry: Retry;
  declare readonly outcome: Outcome;
  declare readonly detail: string;
  declare readonly meta: RejectError['meta'];
  /** How long to wait first if `retry` is `after`. */
  declare readonly retryAfterMs: number | undefined;
  /** The HTTP status or WebSocket close code, if there was one. */
  declare readonly status: number | undefined;

  constructor(facts: ErrorFacts, options?: ErrorOptions) {
    const { code, detail, retry = 'never', outcome = 'not_applied', meta = {}, retry_after_ms: retryAfterMs, status } = facts;
    super(`${code}: ${detail}`, options);
    Object.assign(this, { name: 'PlayheadError', code, retry, outcome, detail, meta, retryAfterMs, status });
  }
}

interface CloseRule {
  code: string;
  retry: Retry;
  detail: string;
}

/** What each close code means, and what it asks of the client. */
const CLOSE_RULES: Record<number, readonly [code: string, retry: Retry]> = {
  4400: ['bad_frame', 'never'],
  4401: ['token_expired', 'reauth'],
  4403: ['forbidden', 'never'],
  4404: ['room_not_found', 'never'],
  4408: ['hello_timeout', 'backoff'],
  4409: ['session_replaced', 'never'],
  4410: ['room_closed', 'never'],
  4411: ['removed', 'never'],
  4412: ['banned', 'never'],
  4413: ['frame_too_large', 'never'],
  4414: ['grant_ended', 'reauth'],
  4429: ['rate_limited', 'after'],
  4500: ['internal', 'backoff'],
  4503: ['draining', 'immediate'],
  4504: ['heartbeat_timeout', 'backoff'],
  4508: ['slow_consumer', 'backoff'],
};

/**
 * Returns the meaning of a close code; codes outside the registry (proxies, lost networks) ask for back-off, and so does a
 * plain 1000, unless its reason is that this person has left by another connection.
 */
export function closeRule(closeCode: number, reason: string): CloseRule {
  const lost = ['connection_lost' satisfies OwnCode, 'backoff'] as const;
  const hasLeft = closeCode === 1000 && reason === ('left' satisfies OwnCode);
  const [code, retry] = hasLeft ? ([reason, 'never'] as const) : (CLOSE_RULES[closeCode] ?? lost);
  return { code, retry, detail: reason || code };
}
