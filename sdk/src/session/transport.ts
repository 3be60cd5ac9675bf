import { askedDelayMs, reconnectDelayMs } from '../backoff.js';
import type { ClockStamps } from '../clock/filter.js';
import { Pinger } from '../clock/pinger.js';
import { closeRule, PlayheadError } from '../error.js';
import type { CloseReason, ConnectionState, SocketClass, SocketLike } from '../types.js';
import type { JoinAnswer, Pong, RejectError, Retry, ServerEvents, ServerFrame, Welcome } from '../wire.js';

/** From opening the socket to the welcome. */
const WELCOME_TIMEOUT_MS = 10_000;
/** A connection that lived this long starts the backoff anew. */
const STABLE_MS = 5_000;
/** How long a silent connection may take to answer a ping. */
const PROBE_MS = 5_000;
const AFTER_DEFAULT_MS = 1_000;
const AFTER_MAX_MS = 60_000;
const SOCKET_OPEN = 1;

export interface LinkTransport {
  socketClass: SocketClass;
  /** A fresh ticket each time. */
  join(): Promise<JoinAnswer>;
  /** A new identity after the old one was refused. */
  renewIdentity(): Promise<void>;
}

export interface LinkEvents {
  /** The way in was given; the socket opens next. */
  joined(answer: JoinAnswer): void;
  hello(): unknown;
  /** False when the snapshot is older than what was seen: the link then tries again. */
  welcome(data: Welcome, frame: ServerFrame): boolean;
  frame(frame: ServerFrame): void;
  pong(stamps: ClockStamps): void;
  state(state: ConnectionState, reason?: CloseReason): void;
}

interface Ending {
  code: string;
  detail: string;
  retry: Retry;
  afterMs?: number;
  closeCode?: number;
}

/** Keeps one room's socket: joins, says hello, notices silence, comes back by the rules of the close registry. */
export class Link {
  readonly #transport: LinkTransport;
  readonly #events: LinkEvents;
  readonly #pinger: Pinger;
  #socket: SocketLike | null = null;
  #open = false;
  #closed = false;
  #connecting = false;
  #renewing = false;
  #failures = 0;
  #renewed = false;
  #openedAt = 0;
  #lastFrameAt = 0;
  #deadAfterMs = 45_000;
  #announced: Ending | null = null;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #watchTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(transport: LinkTransport, events: LinkEvents) {
    this.#transport = transport;
    this.#events = events;
    this.#pinger = new Pinger((frame) => this.#write(frame));
  }

  start(): void {
    this.#events.state('connecting');
    globalThis.addEventListener?.('online', this.#onOnline);
    globalThis.document?.addEventListener('visibilitychange', this.#onVisible);
    void this.#connect();
  }

  /** False when there is no welcomed connection to carry the frame. */
  send(frame: object): boolean {
    return this.#open && this.#write(frame);
  }

  /** Drops the socket and comes back for the newest snapshot. */
  resync(detail: string): void {
    if (this.#open) this.#lost({ code: 'resync', detail, retry: 'resync' });
  }

  refreshClock(): void {
    if (this.#open) this.#pinger.burst();
  }

  /** Ends the link for good. */
  stop(reason: CloseReason): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#dropSocket();
    clearTimeout(this.#retryTimer);
    globalThis.removeEventListener?.('online', this.#onOnline);
    globalThis.document?.removeEventListener('visibilitychange', this.#onVisible);
    this.#events.state('closed', reason);
  }

  async #connect(): Promise<void> {
    if (this.#connecting || this.#renewing || this.#closed || this.#socket !== null) return;
    this.#connecting = true;
    clearTimeout(this.#retryTimer);
    try {
      const joined = await this.#transport.join();
      if (this.#closed) return;
      this.#openSocket(joined);
      this.#events.joined(joined);
    } catch (error) {
      if (!this.#closed) this.#joinFailed(error);
    } finally {
      this.#connecting = false;
    }
  }

  #joinFailed(error: unknown): void {
    if (!(error instanceof PlayheadError)) {
      this.stop({ code: 'invalid_answer', detail: String(error), retry: 'never' });
      return;
    }
    this.#lost({
      code: error.code,
      detail: error.detail,
      retry: asksForIdentity(error) ? 'reauth' : error.retry,
      afterMs: error.retryAfterMs,
      closeCode: error.status,
    });
  }

  #openSocket(joined: JoinAnswer): void {
    const { url, ticket, protocol } = joined.ws;
    const separator = url.includes('?') ? '&' : '?';
    const address = `${url}${separator}ticket=${encodeURIComponent(ticket)}`;
    const socket = new this.#transport.socketClass(address, protocol);
    this.#socket = socket;
    this.#announced = null;
    this.#watch(WELCOME_TIMEOUT_MS);
    socket.onopen = () => this.#write({ type: 'hello', id: 'hello', data: this.#events.hello() });
    socket.onmessage = (event) => {
      const t3 = performance.now();
      if (socket === this.#socket) this.#receive(event.data, t3);
    };
    socket.onerror = () => undefined;
    socket.onclose = (event) => {
      if (socket === this.#socket) this.#closedBySocket(event.code, event.reason);
    };
  }

  #receive(text: unknown, t3: number): void {
    this.#lastFrameAt = t3;
    this.#pinger.unansweredSince = null;
    const frame = decode(text);
    if (frame === null) return;
    if (frame.type === 'pong') {
      this.#pong(frame.data as Pong | undefined, t3);
    } else if (frame.type === 'closing') {
      // The reject of a hello says more than the close that follows it.
      this.#announced ??= endingOf(frame.data as ServerEvents['closing']);
      this.#events.frame(frame);
    } else if (frame.type === 'welcome') {
      this.#welcomed(frame);
    } else if (this.#open) {
      this.#events.frame(frame);
    } else if (frame.type === 'reject' && frame.error) {
      this.#announced = endingOf(frame.error);
    }
  }

  #welcomed(frame: ServerFrame): void {
    const data = frame.data as Welcome;
    if (!this.#events.welcome(data, frame)) {
      this.#lost({ code: 'stale_snapshot', detail: 'the server is behind what was seen', retry: 'backoff' });
      return;
    }
    this.#open = true;
    this.#renewed = false;
    this.#openedAt = performance.now();
    this.#deadAfterMs = data.dead_after_ms > 0 ? data.dead_after_ms : this.#deadAfterMs;
    this.#watch(this.#deadAfterMs);
    this.#pinger.start();
    this.#events.state('open');
  }

  #pong(data: Pong | undefined, t3: number): void {
    if (typeof data?.t0 !== 'number') return;
    const { t0, t1_us, t2_us } = data;
    this.#events.pong({ t0, t1: t1_us / 1000, t2: t2_us / 1000, t3 });
  }

  #closedBySocket(closeCode: number, reason: string): void {
    const rule = closeRule(closeCode);
    const detail = reason || rule.code;
    // What the server announced says more than the code: `after_ms`, or the reject of a hello.
    const ending = this.#announced ?? { code: rule.code, detail, retry: rule.retry };
    this.#lost({ ...ending, closeCode });
  }

  #lost(ending: Ending): void {
    if (this.#closed) return;
    if (this.#open && performance.now() - this.#openedAt >= STABLE_MS) this.#failures = 0;
    this.#dropSocket();
    const { afterMs: _, ...reason } = ending;
    if (ending.retry === 'never' || (ending.retry === 'reauth' && this.#renewed)) {
      this.stop(reason);
      return;
    }
    this.#events.state('reconnecting', reason);
    if (this.#closed) return;
    if (ending.retry === 'reauth') void this.#reauthenticate();
    else this.#retryIn(this.#delayMs(ending));
  }

  #delayMs(ending: Ending): number {
    const backoff = reconnectDelayMs(this.#failures++);
    if (ending.afterMs === undefined && ending.retry !== 'after') return backoff;
    return Math.max(backoff, askedDelayMs(Math.min(ending.afterMs ?? AFTER_DEFAULT_MS, AFTER_MAX_MS)));
  }

  async #reauthenticate(): Promise<void> {
    this.#renewed = true;
    this.#renewing = true;
    try {
      await this.#transport.renewIdentity();
      this.#retryIn(0);
    } catch (error) {
      // The old identity is still the one to renew, so that this try counts only if it was refused as such.
      this.#renewed = error instanceof PlayheadError && asksForIdentity(error);
      this.#joinFailed(error);
    } finally {
      this.#renewing = false;
    }
  }

  #retryIn(delayMs: number): void {
    if (this.#closed) return;
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => void this.#connect(), delayMs);
  }

  #watch(delayMs: number): void {
    clearTimeout(this.#watchTimer);
    this.#watchTimer = setTimeout(() => this.#checkSilence(), delayMs);
  }

  #checkSilence(): void {
    if (!this.#open) {
      this.#lost({ code: 'welcome_timeout', detail: 'the server did not answer the hello', retry: 'backoff' });
      return;
    }
    const now = performance.now();
    const asked = this.#pinger.unansweredSince;
    const patienceMs = Math.min(PROBE_MS, this.#deadAfterMs);
    if (now - this.#lastFrameAt < this.#deadAfterMs) {
      this.#watch(this.#lastFrameAt + this.#deadAfterMs - now);
    } else if (asked === null || now - asked < patienceMs) {
      // A throttled tab may not have asked for long; silence counts only after a question.
      this.#pinger.ping();
      this.#watch(patienceMs);
    } else {
      this.#lost({ code: 'silent', detail: 'the server went silent', retry: 'backoff' });
    }
  }

  #write(frame: object): boolean {
    if (this.#socket?.readyState !== SOCKET_OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  #dropSocket(): void {
    this.#open = false;
    this.#pinger.stop();
    clearTimeout(this.#watchTimer);
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(1000);
  }

  readonly #onOnline = (): void => this.#wake();

  readonly #onVisible = (): void => {
    if (globalThis.document?.visibilityState === 'visible') this.#wake();
  };

  #wake(): void {
    if (this.#open) {
      // Timers may have slept and the network may have changed: ask, and don't wait long for the answer.
      this.#pinger.burst();
      setTimeout(() => this.#dropIfUnanswered(this.#socket), PROBE_MS);
    } else if (this.#socket === null) {
      void this.#connect();
    }
  }

  #dropIfUnanswered(asked: SocketLike | null): void {
    if (asked === null || asked !== this.#socket || !this.#open) return;
    if (performance.now() - this.#lastFrameAt >= PROBE_MS) {
      this.#lost({ code: 'silent', detail: 'the server went silent', retry: 'backoff' });
    }
  }
}

function decode(text: unknown): ServerFrame | null {
  if (typeof text !== 'string') return null;
  try {
    const frame = JSON.parse(text) as ServerFrame | null;
    return typeof frame?.type === 'string' ? frame : null;
  } catch {
    return null;
  }
}

function asksForIdentity(error: PlayheadError): boolean {
  return error.status === 401 || error.retry === 'reauth';
}

/** Why the server ends or refuses a connection, by its `closing` or its `reject`. */
function endingOf(told: ServerEvents['closing'] | RejectError): Ending {
  const { code, retry } = told;
  if ('detail' in told) return { code, detail: told.detail, retry, afterMs: told.retry_after_ms };
  return { code, detail: code, retry, afterMs: told.after_ms };
}
