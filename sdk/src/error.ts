import type { Outcome, RejectError, Retry } from './wire.js';

/** What a failure says of itself; by default it had no effect, and no further attempt mends it. */
export type ErrorFacts = Pick<RejectError, 'code' | 'detail'> & Partial<RejectError> & { status?: number };

/** Every refusal and failure of the SDK: a stable code and a human sentence. */
export class PlayheadError extends Error {
  declare readonly code: string;
  declare readonly retry: Retry;
  declare readonly outcome: Outcome;
  declare readonly detail: string;
  declare readonly meta: RejectError['meta'];
  /** How long to wait first, when `retry` is `after`. */
  declare readonly retryAfterMs: number | undefined;
  /** HTTP status or WebSocket close code, where there was one. */
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
}

/** What a close code means and asks for. */
const CLOSE_RULES: Record<number, readonly [code: string, retry: Retry]> = {
  4400: ['bad_frame', 'never'],
  4401: ['token_expired', 'reauth'],
  4403: ['forbidden', 'never'],
  4404: ['room_not_found', 'never'],
  4408: ['hello_timeout', 'backoff'],
  4409: ['session_replaced', 'never'],
  4410: ['room_closed', 'never'],
  4411: ['kicked', 'never'],
  4413: ['frame_too_large', 'never'],
  4429: ['rate_limited', 'after'],
  4500: ['internal', 'backoff'],
  4503: ['draining', 'immediate'],
  4504: ['heartbeat_timeout', 'backoff'],
  4508: ['slow_consumer', 'backoff'],
  4509: ['state_lost', 'resync'],
};

/** What a close code asks of the client; codes outside the registry (proxies, lost networks) ask for backoff. */
export function closeRule(closeCode: number): CloseRule {
  const [code, retry] = CLOSE_RULES[closeCode] ?? ['connection_lost', 'backoff'];
  return { code, retry };
}
