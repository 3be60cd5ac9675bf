import { repeatDelayMs } from '../backoff.js';
import { PlayheadError } from '../error.js';
import type { Ack, CloseReason } from '../types.js';
import type { Outcome, RejectError } from '../wire.js';
import { GIVE_UP_MS, PENDING_MAX, REPEATS_MAX } from './limits.js';


interface Pending {
  frame: { type: string; id: string; data: object };
  sent: boolean;
  repeats: number;
  /** Why it could not be stored, the last time. */
  refusal?: RejectError;
  /** Whether any of its refusals left open what became of it. */
  unknown: boolean;
  resolve(ack: Ack): void;
  reject(error: PlayheadError): void;
  giveUp: ReturnType<typeof setTimeout>;
  repeat?: ReturnType<typeof setTimeout>;
}

/**
 * Commands that wait for their one answer. The same id is sent again after a lost connection or when it could not
 * be stored, so that a command takes effect at most once. One that is still to be repeated gives way to a later one
 * of its kind: what was asked for last holds.
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
      return Promise.reject(failure('too_many_pending', 'too many commands wait', 'not_applied'));
    }
    this.#count += 1;
    const id = `${this.#prefix}-${this.#count}`;
    const frame = { type, id, data };
    for (const earlier of this.#pending.values()) if (earlier.refusal) this.#giveWay(earlier, type);
    return new Promise<Ack>((resolve, reject) => {
      const giveUp = setTimeout(() => this.#giveUp(id), GIVE_UP_MS);
      const sent = this.#send(frame);
      this.#pending.set(id, { frame, sent, repeats: 0, unknown: false, resolve, reject, giveUp });
    });
  }

  acked(id: string, ack: Ack): void {
    this.#take(id)?.resolve(ack);
  }

  /** False when the id belongs to none of these commands. */
  rejected(id: string, error: RejectError): boolean {
    const pending = this.#pending.get(id);
    if (!pending) return false;
    pending.unknown ||= error.outcome === 'unknown';
    pending.refusal = error;
    if (error.code !== 'store_unavailable' || pending.repeats >= REPEATS_MAX) {
      this.#refuse(pending);
      return true;
    }
    clearTimeout(pending.repeat);
    pending.repeat = setTimeout(() => this.#repeat(pending), repeatDelayMs(pending.repeats));
    // The map holds them in the order of their submission.
    const all = [...this.#pending.values()];
    for (const later of all.slice(all.indexOf(pending) + 1)) this.#giveWay(pending, later.frame.type);
    return true;
  }

  /** After a new welcome: whatever has no answer yet goes out again, in its order. */
  repeatAll(): void {
    for (const pending of this.#pending.values()) this.#transmit(pending);
  }

  /** Commands can be stored again: those that could not be go out at once, in their order. */
  repeatRefused(): void {
    for (const pending of this.#pending.values()) if (pending.repeat) this.#repeat(pending);
  }

  /** The transport is closed: nothing will be answered any more. */
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
    this.#fail(earlier, 'superseded', 'a later command took its place');
  }

  #giveUp(id: string): void {
    const pending = this.#pending.get(id);
    if (pending?.repeat) this.#refuse(pending);
    else if (pending) this.#fail(pending, 'no_answer', 'the server did not answer in time');
  }

  #refuse(pending: Pending): void {
    this.#take(pending.frame.id);
    const refusal = pending.refusal!;
    // That it could not be stored this time says nothing about the time before; any other answer knows.
    const outcome = refusal.code === 'store_unavailable' && pending.unknown ? 'unknown' : refusal.outcome;
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

// Ids are remembered per participant, who may have several pages and reload them.
function randomPrefix(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(6));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
