import { PlayheadError } from './error.js';
import type { Ack } from './types.js';
import type { Outcome, RejectError } from './wire.js';

/** For how long one command is repeated under its id before the caller is told. */
const GIVE_UP_MS = 15_000;
const REPEAT_MS = 400;
const PENDING_MAX = 256;

interface Pending {
  frame: object;
  sent: boolean;
  resolve(ack: Ack): void;
  reject(error: PlayheadError): void;
  giveUp: ReturnType<typeof setTimeout>;
  repeat?: ReturnType<typeof setTimeout>;
}

/**
 * Commands that wait for their one answer. The same id is sent again after a lost connection or an answer
 * that leaves the outcome open, so that a command takes effect at most once.
 */
export class PendingCommands {
  readonly #send: (frame: object) => boolean;
  readonly #pending = new Map<string, Pending>();
  readonly #prefix = randomPrefix();
  #count = 0;

  constructor(send: (frame: object) => boolean) {
    this.#send = send;
  }

  submit(type: string, data: object): Promise<Ack> {
    if (this.#pending.size >= PENDING_MAX) {
      return Promise.reject(failure('too_many_pending', 'too many commands wait for an answer', 'not_applied'));
    }
    this.#count += 1;
    const id = `${this.#prefix}-${this.#count}`;
    const frame = { type, id, data };
    return new Promise<Ack>((resolve, reject) => {
      const giveUp = setTimeout(() => this.#giveUp(id), GIVE_UP_MS);
      const sent = this.#send(frame);
      this.#pending.set(id, { frame, sent, resolve, reject, giveUp });
    });
  }

  acked(id: string, ack: Ack): void {
    this.#take(id)?.resolve(ack);
  }

  /** False when the id belongs to none of these commands. */
  rejected(id: string, error: RejectError): boolean {
    const pending = this.#pending.get(id);
    if (pending === undefined) return false;
    if (error.code === 'store_unavailable' && error.outcome === 'unknown') {
      clearTimeout(pending.repeat);
      pending.repeat = setTimeout(() => this.#transmit(pending), REPEAT_MS);
    } else {
      this.#take(id)?.reject(new PlayheadError(error));
    }
    return true;
  }

  /** After a new welcome: whatever has no answer yet goes out again, in its order. */
  repeatAll(): void {
    for (const pending of this.#pending.values()) this.#transmit(pending);
  }

  /** The link is closed: nothing will be answered any more. */
  failAll(code: string, detail: string): void {
    for (const id of [...this.#pending.keys()]) {
      const pending = this.#take(id);
      pending?.reject(failure(code, detail, pending.sent ? 'unknown' : 'not_applied'));
    }
  }

  #transmit(pending: Pending): void {
    clearTimeout(pending.repeat);
    pending.sent = this.#send(pending.frame) || pending.sent;
  }

  #giveUp(id: string): void {
    const pending = this.#take(id);
    pending?.reject(
      failure('no_answer', 'the server did not answer in time', pending.sent ? 'unknown' : 'not_applied'),
    );
  }

  #take(id: string): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    clearTimeout(pending?.giveUp);
    clearTimeout(pending?.repeat);
    return pending;
  }
}

function failure(code: string, detail: string, outcome: Outcome): PlayheadError {
  return new PlayheadError({ code, retry: 'backoff', outcome, detail });
}

// Ids are remembered per participant, who may have several pages and reload them.
function randomPrefix(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(6));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
