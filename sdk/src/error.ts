import type { Outcome, RejectError, Retry } from './wire.js';

/** What a failure says of itself; the SDK's own have no `meta`. */
export type ErrorFacts = Omit<RejectError, 'meta'> & Partial<Pick<RejectError, 'meta'>> & { status?: number };

/** Every refusal and failure of the SDK: a stable code and a human sentence. */
export class PlayheadError extends Error {
  override readonly name = 'PlayheadError';
  readonly code: string;
  readonly retry: Retry;
  readonly outcome: Outcome;
  readonly detail: string;
  readonly meta: RejectError['meta'];
  /** How long to wait first, when `retry` is `after`. */
  readonly retryAfterMs: number | undefined;
  /** HTTP status or WebSocket close code, where there was one. */
  readonly status: number | undefined;

  constructor(error: ErrorFacts, options?: ErrorOptions) {
    super(`${error.code}: ${error.detail}`, options);
    this.code = error.code;
    this.retry = error.retry;
    this.outcome = error.outcome;
    this.detail = error.detail;
    this.meta = error.meta ?? {};
    this.retryAfterMs = error.retry_after_ms;
    this.status = error.status;
  }
}

interface CloseRule {
  code: string;
  retry: Retry;
}

const CLOSE_RULES: Record<number, CloseRule> = {
  4400: { code: 'bad_frame', retry: 'never' },
  4401: { code: 'token_expired', retry: 'reauth' },
  4403: { code: 'forbidden', retry: 'never' },
  4404: { code: 'room_not_found', retry: 'never' },
  4408: { code: 'hello_timeout', retry: 'backoff' },
  4409: { code: 'session_replaced', retry: 'never' },
  4410: { code: 'room_closed', retry: 'never' },
  4411: { code: 'kicked', retry: 'never' },
  4413: { code: 'frame_too_large', retry: 'never' },
  4429: { code: 'rate_limited', retry: 'after' },
  4500: { code: 'internal', retry: 'backoff' },
  4503: { code: 'draining', retry: 'immediate' },
  4504: { code: 'heartbeat_timeout', retry: 'backoff' },
  4508: { code: 'slow_consumer', retry: 'backoff' },
  4509: { code: 'state_lost', retry: 'resync' },
};

/** What a close code asks of the client; codes outside the registry (proxies, lost networks) ask for backoff. */
export function closeRule(closeCode: number): CloseRule {
  return CLOSE_RULES[closeCode] ?? { code: 'connection_lost', retry: 'backoff' };
}
