// The session that a page holds.

import type { OwnCode } from '../codes.js';
import { PlayheadError } from '../error.js';
import { expected, lengthOf } from '../expected.js';
import type {
  Ack,
  ClockEstimate,
  CloseReason,
  CommandOptions,
  JoinOptions,
  MediaChoice,
  RoomSession,
  SessionSnapshot,
} from '../types.js';
import type { ClientData, Measured, ServerEvents, ServerFrame } from '../wire.js';
import { FIRST_JOIN_TIMEOUT_MS, FIRST_JOIN_WAITS_MAX, LEAVE_TIMEOUT_MS } from './limits.js';
import { Replica, type EventArgs } from './replica.js';
import type { RoomAccess } from './transport.js';

/** Joins a room; resolves with the session once the room is known, while its socket opens. */
export function openSession(access: RoomAccess, options: JoinOptions): Promise<RoomSession> {
  const { ready = true, timeoutMs = FIRST_JOIN_TIMEOUT_MS } = options;
  return new Promise((resolve, reject) => {
    const replica = new Replica(access, ready);
    const session = new Session(replica);
    let waits = FIRST_JOIN_WAITS_MAX;
    const giveUp = () => {
      const { code = 'join_timeout' satisfies OwnCode, detail = 'the room could not be joined in time', retry } = replica.trouble ?? {};
      // A server that asks for a wait will let people in.
      if (retry === 'after' && waits-- > 0) timer = setTimeout(giveUp, timeoutMs);
      else session.close({ code, detail, retry: 'backoff' });
    };
    let timer = setTimeout(giveUp, timeoutMs);
    replica.known = () => resolve(session);
    replica.opened = (reason) => {
      clearTimeout(timer);
      // A caller that already has the session finds the reason in its snapshot.
      if (reason) reject(new PlayheadError({ ...reason, retry_after_ms: reason.retryAfterMs, status: reason.closeCode }));
    };
    replica.transport.start();
  });
}

/** Reads from the replica and sends commands. */
class Session implements RoomSession {
  readonly #replica: Replica;

  constructor(replica: Replica) {
    this.#replica = replica;
  }

  readonly getSnapshot = (): SessionSnapshot => this.#replica.store.getSnapshot();

  readonly subscribe = (listener: () => void): (() => void) => this.#replica.store.subscribe(listener);

  on<K extends keyof ServerEvents>(
    type: K,
    listener: (data: ServerEvents[K], frame: ServerFrame) => void,
  ): () => void {
    return this.#replica.emitter.on(type, listener as (...args: EventArgs[K]) => void);
  }

  now(): number {
    const localMs = performance.now();
    return localMs + (this.clock(localMs)?.offsetMs ?? this.#replica.offsetMs);
  }

  clock(localMs = performance.now()): ClockEstimate | null {
    return this.#replica.clock.estimate(localMs);
  }

  expected(nowRoomMs = this.now()): number {
    const { playback, media } = this.getSnapshot();
    return expected(playback, lengthOf(media), nowRoomMs);
  }

  refreshClock(): void {
    this.#replica.transport.refreshClock();
  }

  play(options?: CommandOptions): Promise<Ack> {
    return this.#command('play', {}, options);
  }

  pause(options?: CommandOptions): Promise<Ack> {
    return this.#command('pause', {}, options);
  }

  seek(positionMs: number, options?: CommandOptions): Promise<Ack> {
    return this.#command('seek', { position_ms: Math.round(positionMs) }, options);
  }

  setRate(rate: number, options?: CommandOptions): Promise<Ack> {
    return this.#command('set_rate', { rate }, options);
  }

  changeQuality(rendition: string, options?: CommandOptions): Promise<Ack> {
    return this.#command('change_quality', { rendition }, options);
  }

  changeSubtitle(track: string | null, options?: CommandOptions): Promise<Ack> {
    return this.#command('change_subtitle', { track }, options);
  }

  changeAudio(track: string, options?: CommandOptions): Promise<Ack> {
    return this.#command('change_audio', { track }, options);
  }

  mediaFailed(mediaId: string): Promise<Ack> {
    return this.#command('media_failed', { media_id: mediaId });
  }

  setMedia(choice: MediaChoice, options?: CommandOptions): Promise<Ack> {
    return this.#command('set_media', choice, options);
  }

  measured(facts: Measured): Promise<Ack> {
    return this.#command('measured', facts);
  }

  ended(mediaId: string, options?: CommandOptions): Promise<Ack> {
    return this.#command('ended', { media_id: mediaId }, options);
  }

  ready(version: number): Promise<Ack> {
    return this.#command('ready', { version });
  }

  buffering(on: boolean): Promise<Ack> {
    return this.#command('buffering', { on });
  }

  syncReport(driftMs: number, uncertaintyMs: number): Promise<Ack> {
    return this.#command('sync_report', { drift_ms: driftMs, uncertainty_ms: uncertaintyMs });
  }

  hostTransfer(participantId: string, options?: CommandOptions): Promise<Ack> {
    return this.#command('host_transfer', { participant_id: participantId }, options);
  }

  authRefresh(accessToken: string): Promise<Ack> {
    return this.#command('auth_refresh', { access_token: accessToken });
  }

  async leave(): Promise<void> {
    const answered = this.#command('leave', {}).catch(() => undefined);
    await Promise.race([answered, new Promise((resolve) => setTimeout(resolve, LEAVE_TIMEOUT_MS))]);
    this.close({ code: 'left' satisfies OwnCode, detail: 'left the room', retry: 'never' });
  }

  close(reason: CloseReason = { code: 'closed' satisfies OwnCode, detail: 'closed by the page', retry: 'never' }): void {
    this.#replica.transport.stop(reason);
  }

  #command<T extends keyof ClientData>(type: T, data: ClientData[T], options?: CommandOptions): Promise<Ack> {
    const { connection, closeReason } = this.getSnapshot();
    if (connection === 'closed') {
      return Promise.reject(new PlayheadError({ code: closeReason!.code, detail: 'the session is closed' }));
    }
    return this.#replica.commands.submit(type, { ...data, expected_version: options?.expectedVersion });
  }
}
