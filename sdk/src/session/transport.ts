// The WebSocket of one room.

import { askedDelayMs, reconnectDelayMs } from '../backoff.js';
import type { ClockStamps } from '../clock/filter.js';
import { Pinger } from '../clock/pinger.js';
import type { OwnCode } from '../codes.js';
import { closeRule, PlayheadError } from '../error.js';
import type { CloseReason, ConnectionState, SocketClass, SocketLike } from '../types.js';
import type { JoinAnswer, ParticipantPage, Pong, RejectError, ServerEvents, ServerFrame, Welcome } from '../wire.js';
import { AFTER_DEFAULT_MS, AFTER_MAX_MS, DEAD_AFTER_MS, PROBE_MS, STABLE_MS, WELCOME_TIMEOUT_MS } from './limits.js';
import { TRANSPORT_STATES, type TransportEvent, type TransportState } from './transport-states.js';

const SOCKET_OPEN = 1;
/** It is always followed by another attempt, so nobody reads its detail. */
const SILENT: CloseReason = { code: 'silent', detail: '', retry: 'backoff' };

/** What a session needs from the client to reach its room. */
export interface RoomAccess {
  socketClass: SocketClass;
  /** The address that paths of the API follow, for sockets. */
  socketUrl: string;
  /** Joins over HTTP, with a new access token if the server refused the last one; each call returns a fresh ticket. */
  join(): Promise<JoinAnswer>;
  /** Returns the first page of the connected participants. */
  participants(roomId: string): Promise<ParticipantPage>;
}

/** What a transport reports to its session. */
export interface TransportListener {
  /** The join was accepted; the socket opens next. */
  joined(answer: JoinAnswer): void;
  /** Returns the data of the hello. */
  hello(): unknown;
  /** Returns false if the snapshot is older than what was seen; the transport then reconnects. */
  welcome(data: Welcome, frame: ServerFrame): boolean;
  frame(frame: ServerFrame): void;
  pong(stamps: ClockStamps): void;
  state(state: ConnectionState, reason?: CloseReason): void;
}

/** The connection that the session sees in each state; `reconnecting` in all others. */
const REPORTED: Partial<Record<TransportState, ConnectionState>> = { joining: 'connecting', open: 'open', closed: 'closed' };

/** Joins, says hello, detects silence and reconnects by the rules of the close registry. */
export class Transport {
  readonly #access: RoomAccess;
  readonly #listener: TransportListener;
  readonly #pinger: Pinger;
  readonly #listening = new AbortController();
  #state: TransportState = 'idle';
  #socket: SocketLike | undefined;
  #failures = 0;
  #openedAt = 0;
  #lastFrameAt = 0;
  #deadAfterMs = DEAD_AFTER_MS;
  #announced: CloseReason | undefined;
  /** Triggers the next attempt while waiting; watches over the socket while there is one. */
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(access: RoomAccess, listener: TransportListener) {
    this.#access = access;
    this.#listener = listener;
    this.#pinger = new Pinger((frame) => this.#write(frame));
  }

  start(): void {
    this.#on('connect');
  }

  /** Returns false if there is no welcomed connection to carry the frame. */
  send(frame: object): boolean {
    return this.#state === 'open' && this.#write(frame);
  }

  /** Drops the socket and reconnects for the newest snapshot. */
  resync(): void {
    if (this.#state === 'open') this.#lost({ code: 'resync', detail: '', retry: 'resync' });
  }

  refreshClock(): void {
    if (this.#state === 'open') this.#pinger.burst();
  }

  /** Closes the transport for good. */
  stop(reason: CloseReason): void {
    this.#on('stop', reason);
  }

  /** Moves to the next state and runs the effects; if one of them moves on (a listener may call `stop`), the rest is skipped. */
  #on(event: TransportEvent, ending?: CloseReason, answer?: JoinAnswer): void {
    const [next = this.#state, ...effects] = TRANSPORT_STATES[this.#state][event] ?? [];
    this.#state = next;
    for (const effect of effects) if (this.#state === next) this[effect](ending, answer);
  }

  // The effects are `private` rather than `#`, because the table names them.

  private async join(): Promise<void> {
    try {
      this.#on('joined', undefined, await this.#access.join());
    } catch (error) {
      this.#lost(endingOfFailure(error));
    }
  }

  private greet(_: CloseReason | undefined, answer?: JoinAnswer): void {
    const { ws, state } = answer!;
    // Not the server's `url`: a server behind a proxy may not know how its clients reach it.
    const path = `/rooms/${state.room.room_id}/ws?ticket=${encodeURIComponent(ws.ticket)}`;
    const socket = new this.#access.socketClass(this.#access.socketUrl + path, ws.protocol);
    this.#socket = socket;
    this.#announced = undefined;
    const detail = 'the server did not answer in time';
    this.#after(WELCOME_TIMEOUT_MS, () => this.#lost({ code: 'welcome_timeout' satisfies OwnCode, detail, retry: 'backoff' }));
    socket.onopen = () => this.#write({ type: 'hello', id: 'hello', data: this.#listener.hello() });
    socket.onmessage = (event) => {
      const t3 = performance.now();
      if (socket === this.#socket) this.#receive(event.data, t3);
    };
    socket.onerror = () => undefined;
    socket.onclose = (event) => {
      if (socket === this.#socket) this.#socketClosed(event.code, event.reason);
    };
    this.#listener.joined(answer!);
  }

  private watch(): void {
    this.#openedAt = performance.now();
    this.#after(this.#deadAfterMs, () => this.#checkSilence());
    this.#pinger.start();
  }

  private retry(ending?: CloseReason): void {
    this.#after(this.#delayMs(ending!), () => this.#on('connect'));
  }

  private drop(): void {
    this.#pinger.stop();
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(1000);
  }

  private listen(): void {
    const { signal } = this.#listening;
    globalThis.addEventListener?.('online', () => this.#wake(), { signal });
    const onVisible = () => {
      if (document.visibilityState === 'visible') this.#wake();
    };
    globalThis.document?.addEventListener('visibilitychange', onVisible, { signal });
  }

  private unlisten(): void {
    this.#listening.abort();
  }

  private report(ending?: CloseReason): void {
    this.#listener.state(REPORTED[this.#state] ?? 'reconnecting', ending);
  }

  // The rest raises events.

  #receive(text: unknown, t3: number): void {
    this.#lastFrameAt = t3;
    this.#pinger.unansweredSince = null;
    const frame = decode(text);
    if (!frame) return;
    if (frame.type === 'pong') {
      this.#pong(frame.data as Pong | undefined, t3);
    } else if (frame.type === 'closing') {
      // The rejection of a hello says more than the close that follows it.
      this.#announced ??= endingOf(frame.data as ServerEvents['closing']);
      this.#listener.frame(frame);
    } else if (frame.type === 'welcome') {
      this.#welcomed(frame);
    } else if (this.#state === 'open') {
      this.#listener.frame(frame);
    } else if (frame.type === 'reject' && frame.error) {
      this.#announced = endingOf(frame.error);
    }
  }

  #welcomed(frame: ServerFrame): void {
    const data = frame.data as Welcome;
    if (!this.#listener.welcome(data, frame)) {
      this.#lost({ code: 'stale_snapshot' satisfies OwnCode, detail: 'the server sent an outdated room', retry: 'backoff' });
      return;
    }
    if (data.dead_after_ms > 0) this.#deadAfterMs = data.dead_after_ms;
    this.#on('welcomed');
  }

  #pong(data: Pong | undefined, t3: number): void {
    if (typeof data?.t0 !== 'number') return;
    const { t0, t1_us, t2_us } = data;
    this.#listener.pong({ t0, t1: t1_us / 1000, t2: t2_us / 1000, t3 });
  }

  #socketClosed(closeCode: number, reason: string): void {
    // What the server announced, by a `closing` or the rejection of a hello, says more than the code.
    this.#lost({ ...(this.#announced ?? closeRule(closeCode, reason)), closeCode });
  }

  #lost(ending: CloseReason): void {
    if (this.#state === 'open' && performance.now() - this.#openedAt >= STABLE_MS) this.#failures = 0;
    // A socket without a valid identity joins for another one; a join that is refused as well has tried to get one.
    // Nobody is to wait for the answer to a knock without a word: the caller says so, and asks again.
    const isFinal =
      ending.retry === 'never' || (ending.retry === 'reauth' && this.#state === 'joining') || ending.code === 'approval_pending';
    this.#on(isFinal ? 'stop' : 'lost', ending);
  }

  #delayMs({ retry, retryAfterMs }: CloseReason): number {
    const backoff = reconnectDelayMs(this.#failures++);
    if (retryAfterMs === undefined && retry !== 'after') return backoff;
    return Math.max(backoff, askedDelayMs(Math.min(retryAfterMs ?? AFTER_DEFAULT_MS, AFTER_MAX_MS)));
  }

  #after(delayMs: number, then: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(then, delayMs);
  }

  #checkSilence(): void {
    const now = performance.now();
    const asked = this.#pinger.unansweredSince;
    const patienceMs = Math.min(PROBE_MS, this.#deadAfterMs);
    const aliveMs = this.#lastFrameAt + this.#deadAfterMs - now;
    if (aliveMs > 0) {
      this.#after(aliveMs, () => this.#checkSilence());
    } else if (asked === null || now - asked < patienceMs) {
      // A throttled page may not have pinged for a while; silence only counts after a ping.
      this.#pinger.ping();
      this.#after(patienceMs, () => this.#checkSilence());
    } else {
      this.#lost(SILENT);
    }
  }

  #write(frame: object): boolean {
    if (this.#socket?.readyState !== SOCKET_OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** Connects at once, or checks whether the connection survived, because the network or the page is back. */
  #wake(): void {
    this.#on('connect');
    if (this.#state !== 'open') return;
    // Timers may have been suspended and the network may have changed: ping, and don't wait long for the answer.
    this.#pinger.burst();
    const socket = this.#socket;
    setTimeout(() => {
      const isSame = this.#state === 'open' && socket === this.#socket;
      if (isSame && performance.now() - this.#lastFrameAt >= PROBE_MS) this.#lost(SILENT);
    }, PROBE_MS);
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

/** Returns why a join failed, from what it threw. */
function endingOfFailure(error: unknown): CloseReason {
  if (!(error instanceof PlayheadError)) return { code: 'invalid_answer' satisfies OwnCode, detail: String(error), retry: 'never' };
  const { code, detail, retry, status, retryAfterMs } = error;
  return { code, detail, retry, retryAfterMs, closeCode: status };
}

/** Returns why the server closes or refuses a connection, from its `closing` or `reject` frame. */
function endingOf(said: ServerEvents['closing'] | RejectError): CloseReason {
  const { code, retry, detail = code, retry_after_ms, after_ms } = said as ServerEvents['closing'] & Partial<RejectError>;
  return { code, detail, retry, retryAfterMs: retry_after_ms ?? after_ms };
}
