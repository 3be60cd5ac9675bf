import { PlayheadError } from '../error.js';
import type { Problem } from '../wire.js';

const REQUEST_TIMEOUT_MS = 15_000;

export interface Request {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  body?: unknown;
  query?: object;
  token?: string;
}

/** One JSON request under `/api/v1`; every failure is a `PlayheadError`. */
export async function requestJson<T>(fetcher: typeof fetch, baseUrl: string, request: Request): Promise<T> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (request.body !== undefined) headers['content-type'] = 'application/json';
  if (request.token !== undefined) headers['authorization'] = `Bearer ${request.token}`;
  let response: Response;
  let text: string;
  try {
    response = await fetcher(addressOf(baseUrl, request), {
      method: request.method,
      headers,
      body: request.body === undefined ? undefined : JSON.stringify(request.body),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    text = await response.text();
  } catch (cause) {
    throw new PlayheadError(
      {
        code: 'network_error',
        retry: 'backoff',
        outcome: request.method === 'GET' ? 'not_applied' : 'unknown',
        detail: 'the server could not be reached',
      },
      { cause },
    );
  }
  const body = parse(text);
  if (response.status === 204 || (response.ok && body !== undefined)) return body as T;
  throw problemOf(response, body);
}

function addressOf(baseUrl: string, { path, query = {} }: Request): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return `${baseUrl}/api/v1${path}${given.length > 0 ? '?' : ''}${new URLSearchParams(given)}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function problemOf(response: Response, body: unknown): PlayheadError {
  const problem = body as Partial<Problem> | undefined;
  const status = response.status;
  // A proxy in between answers without a problem document, as while the server is exchanged, and for no good; a 5xx of
  // it may have reached the server.
  return new PlayheadError({
    code: problem?.code ?? 'unexpected_answer',
    retry: problem?.retry ?? 'backoff',
    outcome: problem?.outcome ?? (status >= 500 ? 'unknown' : 'not_applied'),
    detail: problem?.detail ?? problem?.title ?? `the server answered ${status}`,
    retry_after_ms: problem?.retry_after_ms,
    meta: { ...problem?.meta, ...(problem?.request_id && { request_id: problem.request_id }) },
    status,
  });
}
