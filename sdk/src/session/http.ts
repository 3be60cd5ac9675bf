// JSON requests to the REST API.

import type { OwnCode } from '../codes.js';
import { PlayheadError } from '../error.js';
import type { Identity } from '../types.js';
import type { Outcome, Problem } from '../wire.js';
import { REQUEST_TIMEOUT_MS } from './limits.js';

export interface Request {
  path: string;
  /** `GET` by default. */
  method?: 'POST' | 'PATCH' | 'DELETE';
  body?: unknown;
  query?: object;
  /** Under which the server carries out the same request once. */
  key?: string;
  /** As whom it is sent. */
  identity?: Identity | null;
  /** Whether the caller itself waits when the server asks it to. */
  waits?: boolean;
  /** How often it was sent again because the server asked for a wait. */
  tries?: number;
  /** Whether its identity was replaced because the server refused it. */
  renewed?: boolean;
}

/** Sends one JSON request under `baseUrl` and returns its answer; every failure is a `PlayheadError`. */
export async function requestJson<T>(fetcher: typeof fetch, baseUrl: string, request: Request): Promise<T> {
  const { method, body, identity, key } = request;
  const json = 'application/json';
  let response: Response;
  let text: string;
  // Not `AbortSignal.timeout`, which Safari 15 lacks.
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), REQUEST_TIMEOUT_MS);
  try {
    response = await fetcher(addressOf(baseUrl, request), {
      method,
      headers: {
        accept: json,
        ...(body !== undefined && { 'content-type': json }),
        ...(identity && { authorization: `Bearer ${identity.access_token}` }),
        ...(key && { 'idempotency-key': key }),
      },
      body: JSON.stringify(body),
      signal: over.signal,
    });
    text = await response.text();
  } catch (cause) {
    throw unreachable(method ? 'unknown' : 'not_applied', cause);
  } finally {
    clearTimeout(timer);
  }
  const answer = parse(text);
  if (response.status === 204 || (response.ok && answer !== undefined)) return answer as T;
  throw problemOf(response, answer);
}

/** Returns the error of a request that got no answer. */
export function unreachable(outcome: Outcome, cause: unknown): PlayheadError {
  const detail = 'the server could not be reached';
  return new PlayheadError({ code: 'network_error' satisfies OwnCode, retry: 'backoff', outcome, detail }, { cause });
}

function addressOf(baseUrl: string, { path, query = {} }: Request): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return `${baseUrl}${path}${given[0] ? '?' : ''}${new URLSearchParams(given)}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function problemOf(response: Response, body: unknown): PlayheadError {
  const problem = (body ?? {}) as Partial<Problem>;
  const { status } = response;
  // A proxy in between, as during a deployment, answers without a problem document, which says nothing lasting. The
  // request behind its 5xx may have reached the server.
  return new PlayheadError({
    code: problem.code ?? ('unexpected_answer' satisfies OwnCode),
    retry: problem.retry ?? 'backoff',
    outcome: problem.outcome ?? (status >= 500 ? 'unknown' : 'not_applied'),
    detail: problem.detail ?? problem.title ?? `the server answered ${status}`,
    retry_after_ms: problem.retry_after_ms,
    meta: { ...problem.meta, ...(problem.request_id && { request_id: problem.request_id }) },
    status,
  });
}
