// What follows a temporary refusal (a wait as long as the server asks, or a new access token), and renaming. Fetched when first needed.

import { askedDelayMs, reconnectDelayMs } from '../backoff.js';
import type { OwnCode } from '../codes.js';
import { PlayheadError } from '../error.js';
import type { Identity, RoomSession, TokenStore } from '../types.js';
import type { GuestAnswer, PatchedMe } from '../wire.js';
import { newGuest, type ApiAccess } from './guest.js';
import type { Request } from './http.js';
import { AFTER_DEFAULT_MS, AFTER_MAX_MS, REQUEST_TIMEOUT_MS, REQUEST_TRIES_MAX } from './limits.js';

const FORBIDDEN = 403;
const RATE_LIMITED = 429;

/** Sends a refused request again, after the wait that the server asked for or with a new access token. */
export async function sendAgain<T>(api: ApiAccess, request: Request, refusal: PlayheadError): Promise<T> {
  const { identity, waits, tries = 0, renewed } = request;
  if (refusal.status === RATE_LIMITED) {
    if (waits || tries >= REQUEST_TRIES_MAX) throw refusal;
    await pause(askedMs(refusal));
    return api.send<T>({ ...request, tries: tries + 1 });
  }
  if (!identity || renewed) throw refusal;
  const isNews = await renew(api, identity);
  return api.send<T>({ ...request, identity: api.tokens.load(), renewed: isNews });
}

/** Gives an identity another name, and stores it if it is still the stored one. */
export async function rename({ send, tokens }: ApiAccess, display_name: string, identity: Identity): Promise<Identity> {
  const answer = await send<PatchedMe>({ method: 'PATCH', path: '/me', body: { display_name }, identity });
  const stored = tokens.load();
  // The answer has no refresh token, and the one from before may have been replaced meanwhile.
  const isStill = stored?.user_id === answer.user_id;
  const named = { ...(isStill ? stored : identity), ...answer, display_name };
  // Another page that shares the store may have signed out, or become somebody else.
  if (isStill) tokens.save(named);
  return named;
}

/** The identity whose token each session's connection has; null if that is unknown. */
const connected = new WeakMap<RoomSession, Identity | null>();
const renewals = new WeakMap<RoomSession, Promise<void>>();

/** Renews the token of a session's connection before it ends. Call it for each of these events, with the identity of then. */
export function keepFresh(api: ApiAccess, session: RoomSession, event: 'welcome' | 'token_expiring', now: Identity | null): void {
  if (event === 'welcome') connected.set(session, now);
  else void shared(renewals, session, () => refreshOpen(api, session));
}

/** Refreshes until the connection has a new token or is lost; the join that follows then finds out what to do. */
async function refreshOpen(api: ApiAccess, session: RoomSession): Promise<void> {
  for (let failures = 1; session.getSnapshot().connection === 'open'; failures += 1) {
    try {
      const identity = connected.get(session);
      if (!identity || !(await refresh(api, identity))) return;
      const next = api.tokens.load();
      // The connection stays whose it is.
      if (next?.user_id !== identity.user_id) return;
      await session.authRefresh(next.access_token);
      connected.set(session, next);
      return;
    } catch (error) {
      if (isForGood(error)) return;
      await pause(Math.max(reconnectDelayMs(failures), (error as Partial<PlayheadError>).retryAfterMs ?? 0));
    }
  }
}

/** Replaces an access token that was refused. Returns whether the server was asked for it. */
async function renew(api: ApiAccess, refused: Identity): Promise<boolean> {
  const { tokens } = api;
  const { display_name, user_id } = refused;
  const asks = isStored(tokens, refused);
  if (asks && !(await refresh(api, refused))) await shared(guests, tokens, () => newGuest(api, display_name));
  const stored = tokens.load();
  // Another page that shares the store may have become the new guest.
  if (stored && stored.user_id !== user_id) tell(api, stored);
  return asks;
}

/** The new guests that the pages have been told of. */
const told = new WeakMap<ApiAccess, string>();

function tell(api: ApiAccess, identity: Identity): void {
  if (told.get(api) === identity.user_id) return;
  told.set(api, identity.user_id);
  api.replaced?.(identity);
}

/** The refreshes and the new guests that are under way: requests that are refused together need one. */
const refreshes = new WeakMap<TokenStore, Promise<boolean>>();
const guests = new WeakMap<TokenStore, Promise<Identity>>();

/** Starts something for `key`, unless it is under way. */
function shared<K extends object, T>(all: WeakMap<K, Promise<T>>, key: K, start: () => Promise<T>): Promise<T> {
  const answer = all.get(key) ?? start().finally(() => all.delete(key));
  all.set(key, answer);
  return answer;
}

/** Gets a new access token; returns false if the identity is refused for good. */
async function refresh(api: ApiAccess, from: Identity): Promise<boolean> {
  const { tokens } = api;
  // Another page that shares the store may have been faster.
  return !isStored(tokens, from) || shared(refreshes, tokens, () => exchange(api, from));
}

function isStored(tokens: TokenStore, { access_token }: Identity): boolean {
  return tokens.load()?.access_token === access_token;
}

async function exchange({ tokens, send }: ApiAccess, from: Identity): Promise<boolean> {
  const { refresh_token } = from;
  if (tokens.renew) {
    const next = await fromProduct(async () => tokens.renew!(from));
    if (isStored(tokens, from)) tokens.save(next);
    return true;
  }
  // Those of before refresh tokens have none.
  if (!refresh_token) return false;
  try {
    const answer = await send<GuestAnswer>({ method: 'POST', path: '/auth/refresh', body: { refresh_token } });
    if (isStored(tokens, from)) tokens.save({ ...from, ...answer });
    return true;
  } catch (error) {
    if (isForGood(error)) return !isStored(tokens, from);
    throw error;
  }
}

/** Waits for a product's backend as long as for the server; an error from it counts as an unreachable server. */
async function fromProduct(renew: () => Promise<Identity>): Promise<Identity> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), REQUEST_TIMEOUT_MS);
  });
  try {
    return await Promise.race([renew(), late]);
  } catch (cause) {
    if (cause instanceof PlayheadError) throw cause;
    const detail = 'the page could not get a new token';
    throw new PlayheadError({ code: 'network_error' satisfies OwnCode, retry: 'backoff', detail }, { cause });
  } finally {
    clearTimeout(timer);
  }
}

/** Whether the server won't change its mind. A forbidden origin says nothing about the identity. */
function isForGood(error: unknown): boolean {
  const { retry, status } = error as Partial<PlayheadError>;
  return retry === 'reauth' || (retry === 'never' && status !== FORBIDDEN);
}

function askedMs({ retryAfterMs = AFTER_DEFAULT_MS }: PlayheadError): number {
  return askedDelayMs(Math.min(retryAfterMs, AFTER_MAX_MS));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
