// Commands that wait for their answers.

import { repeatDelayMs } from '../backoff.js';
import type { OwnCode } from '../codes.js';
import { PlayheadError } from '../error.js';
import type { Ack, CloseReason } from '../types.js';
import type { Outcome, RejectError } from '../wire.js';
import { GIVE_UP_MS, PENDING_MAX, REPEATS_MAX } from './limits.js';

/** The refusals after which a command is sent again: the server couldn't store it, or was being stopped. */
const REPEATED: ReadonlySet<string> = new Set(['store_unavailable', 'draining']);

interface Pending {
  frame: { type: string; id: string; data: object };
  /** When it was submitted, by the wall clock: timers don't count the time that a device sleeps. */
  sinceMs: number;
  sent: boolean;
  repeats: number;
  /** Why it was refused the last time. */
  refusal?: RejectError;
  /** Whether any of its refusals left its outcome open. */
  unknown: boolean;
  resolve(ack: Ack): void;
  reject(error: PlayheadError): void;
  giveUp: ReturnType<typeof setTimeout>;
  repeat?: ReturnType<typeof setTimeout>;
}

/**
 * Commands waiting for their answers. A command is sent again under the same id after a lost connection, or if it could
 * not be stored, so that it takes effect at most once. One that is waiting to be repeated gives way to a later command
 * of its kind: the latest request wins.
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
      return Promise.reject(failure('too_many_pending' satisfies OwnCode, 'too many commands are pending', 'not_applied'));
    }
    this.#count += 1;
    const id = `${this.#prefix}-${this.#count}`;
    const frame = { type, id, data };
    for (const earlier of this.#pending.values()) if (earlier.refusal) this.#giveWay(earlier, type);
    return new Promise<Ack>((resolve, reject) => {
      const giveUp = setTimeout(() => this.#giveUp(id), GIVE_UP_MS);
      const sent = this.#send(frame);
      this.#pending.set(id, { frame, sinceMs: Date.now(), sent, repeats: 0, unknown: false, resolve, reject, giveUp });
    });
  }

  acked(id: string, ack: Ack): void {
    this.#take(id)?.resolve(ack);
  }

  /** Returns false if the id belongs to none of these commands. */
  rejected(id: string, error: RejectError): boolean {
    const pending = this.#pending.get(id);
    if (!pending) return false;
    pending.unknown ||= error.outcome === 'unknown';
    pending.refusal = error;
    if (!REPEATED.has(error.code) || pending.repeats >= REPEATS_MAX) {
      this.#refuse(pending);
      return true;
    }
    clearTimeout(pending.repeat);
    pending.repeat = setTimeout(() => this.#repeat(pending), repeatDelayMs(pending.repeats));
    // The map keeps the order of submission.
    const all = [...this.#pending.values()];
    for (const later of all.slice(all.indexOf(pending) + 1)) this.#giveWay(pending, later.frame.type);
    return true;
  }

  /** Sends every command without an answer again, in order, after a new welcome; nobody waits for an old one any more. */
  repeatAll(): void {
    for (const pending of this.#pending.values()) {
      if (Date.now() - pending.sinceMs > GIVE_UP_MS) this.#giveUp(pending.frame.id);
      else this.#transmit(pending);
    }
  }

  /** Sends the commands that could not be stored again at once, in order, because storing works again. */
  repeatRefused(): void {
    for (const pending of this.#pending.values()) if (pending.repeat) this.#repeat(pending);
  }

  /** Fails every command, because the session is closed. */
  failAll({ code, detail }: CloseReason): void {
    for (const pending of this.#pending.values()) this.#fail(pending, code, detail);
  }

  #repeat(pending: Pending): void {
    pending.repeats += 1;
    this.#transmit(pending);
  }

  #transmit(pending: Pending): void {
    clearTimeout(pending.repeat);
    pending.repeat = undefined;
    pending.sent = this.#send(pending.frame) || pending.sent;
  }

  #giveWay(earlier: Pending, laterType: string): void {
    if (kindOf(earlier.frame.type) !== kindOf(laterType)) return;
    this.#fail(earlier, 'superseded' satisfies OwnCode, 'replaced by a later command');
  }

  #giveUp(id: string): void {
    const pending = this.#pending.get(id);
    if (pending?.repeat) this.#refuse(pending);
    else if (pending) this.#fail(pending, 'no_answer' satisfies OwnCode, 'the server did not answer in time');
  }

  #refuse(pending: Pending): void {
    this.#take(pending.frame.id);
    const refusal = pending.refusal!;
    // Not being stored this time says nothing about the attempts before; any other answer is definite.
    const outcome = REPEATED.has(refusal.code) && pending.unknown ? 'unknown' : refusal.outcome;
    pending.reject(new PlayheadError({ ...refusal, outcome }));
  }

  #fail(pending: Pending, code: string, detail: string): void {
    this.#take(pending.frame.id);
    const open = pending.sent && (!pending.refusal || pending.unknown);
    pending.reject(failure(code, detail, open ? 'unknown' : 'not_applied'));
  }

  #take(id: string): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    clearTimeout(pending?.giveUp);
    clearTimeout(pending?.repeat);
    return pending;
  }
}

function kindOf(type: string): string {
  return type === 'pause' ? 'play' : type;
}

function failure(code: string, detail: string, outcome: Outcome): PlayheadError {
  return new PlayheadError({ code, retry: 'backoff', outcome, detail });
}

// The server remembers ids per participant, who may have several pages and reload them.
function randomPrefix(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(6));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
