import { ClockFilter } from '../clock/filter.js';
import { Emitter } from '../emitter.js';
import { PlayheadError } from '../error.js';
import { expected } from '../expected.js';
import { SnapshotStore } from '../store.js';
import type {
  Ack,
  ClockEstimate,
  CloseReason,
  CommandOptions,
  ConnectionState,
  JoinOptions,
  MediaChoice,
  RoomSession,
  SessionSnapshot,
} from '../types.js';
import type {
  AckData,
  ClientData,
  Hello,
  JoinAnswer,
  ParticipantPage,
  RejectError,
  Role,
  ServerEvents,
  ServerFrame,
  Welcome,
} from '../wire.js';
import { applyEphemeral, applyEvent, viewOfRoom } from './apply.js';
import { PendingCommands } from './commands.js';
import { isCurrent, judge, type Order } from './place.js';
import { Link, type LinkTransport } from './transport.js';

const CLIENT = { name: 'playhead-sdk', version: '0.1.0' };
const FIRST_JOIN_TIMEOUT_MS = 15_000;
const LEAVE_TIMEOUT_MS = 2_000;
/** How long the room's state may take to follow the announcement of a new epoch. */
const REBASE_TIMEOUT_MS = 1_000;
/** After its first estimate the clock is told this often at the most. */
const CLOCK_NOTICE_MS = 250;

const NOBODY_YET = {
  connection: 'connecting',
  authority: 'reachable',
  sessionId: '',
  presence: [],
  presenceTotal: 0,
  clock: null,
  sync: null,
} as const;

type EventArgs = { [K in keyof ServerEvents]: [data: ServerEvents[K], frame: ServerFrame] };

export interface SessionTransport extends LinkTransport {
  /** Who is connected, the first page. */
  participants(roomId: string): Promise<ParticipantPage>;
}

/** Joins and resolves with the session once the room is known; its socket opens meanwhile. */
export function openSession(transport: SessionTransport, options: JoinOptions): Promise<RoomSession> {
  return new Promise((resolve, reject) => {
    const session = new Session(transport, options.ready ?? true);
    const timeoutMs = options.timeoutMs ?? FIRST_JOIN_TIMEOUT_MS;
    const timer = setTimeout(() => {
      const { code = 'join_timeout', detail = 'the room could not be joined in time' } = session.trouble ?? {};
      session.close({ code, detail, retry: 'backoff' });
    }, timeoutMs);
    session.known = () => resolve(session);
    session.opened = (reason) => {
      clearTimeout(timer);
      // Who has the session already finds the reason there.
      if (reason) reject(new PlayheadError({ ...reason, outcome: 'not_applied', status: reason.closeCode }));
    };
    session.start();
  });
}

class Session implements RoomSession {
  /** Called once the room is known. */
  known: (() => void) | null = null;
  /** Called once: at the first welcome, or with the reason why there will be none. */
  opened: ((reason?: CloseReason) => void) | null = null;
  /** Why the link isn't open. */
  trouble: CloseReason | undefined;
  readonly #transport: SessionTransport;
  readonly #link: Link;
  readonly #joinsBarriers: boolean;
  readonly #clock = new ClockFilter();
  /** What stands in for the clock's own offset until there is one: too small by what an answer took to be read. */
  #offsetMs = 0;
  readonly #emitter = new Emitter<EventArgs>();
  readonly #commands: PendingCommands;
  #store: SnapshotStore<SessionSnapshot> | null = null;
  /** What I was when I wasn't host; the least until that is known. */
  #formerRole: Role = 'guest';
  #clockNoticedAt = 0;
  #rebaseTimer: ReturnType<typeof setTimeout> | undefined;
  /** Rebuilds up to this epoch are no news: that of the last hello's `resume`; a new session has missed none. */
  #toldEpoch = Infinity;

  constructor(transport: SessionTransport, joinsBarriers: boolean) {
    this.#transport = transport;
    this.#joinsBarriers = joinsBarriers;
    this.#commands = new PendingCommands((frame) => this.#link.send(frame));
    this.#link = new Link(transport, {
      joined: (answer) => this.#joined(answer),
      hello: () => this.#hello(),
      welcome: (data, frame) => this.#welcome(data, frame),
      frame: (frame) => this.#frame(frame),
      pong: (stamps) => {
        // A step of either clock is believed after some samples: the sooner they come, the better.
        if (this.#clock.add(stamps) === 'suspect') this.#link.refreshClock();
        this.#publishClock(stamps.t3);
      },
      state: (state, reason) => this.#state(state, reason),
    });
  }

  start(): void {
    this.#link.start();
  }

  // Nobody holds the session before the room is known.
  readonly getSnapshot = (): SessionSnapshot => this.#store!.getSnapshot();

  readonly subscribe = (listener: () => void): (() => void) => this.#store!.subscribe(listener);

  on<K extends keyof ServerEvents>(
    type: K,
    listener: (data: ServerEvents[K], frame: ServerFrame) => void,
  ): () => void {
    return this.#emitter.on(type, listener as (...args: EventArgs[K]) => void);
  }

  now(): number {
    const localMs = performance.now();
    return localMs + (this.#clock.estimate(localMs)?.offsetMs ?? this.#offsetMs);
  }

  clock(localMs = performance.now()): ClockEstimate | null {
    return this.#clock.estimate(localMs);
  }

  expected(nowRoomMs = this.now()): number {
    const { playback, media } = this.getSnapshot();
    return expected(playback, media?.duration_ms, nowRoomMs);
  }

  refreshClock(): void {
    this.#link.refreshClock();
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

  setMedia(choice: MediaChoice, options?: CommandOptions): Promise<Ack> {
    return this.#command('set_media', { ...choice }, options);
  }

  ended(mediaId: string): Promise<Ack> {
    return this.#command('ended', { media_id: mediaId });
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

  async leave(): Promise<void> {
    const answered = this.#command('leave', {}).then(() => undefined, () => undefined);
    await Promise.race([answered, new Promise((resolve) => setTimeout(resolve, LEAVE_TIMEOUT_MS))]);
    this.close({ code: 'left', detail: 'left the room', retry: 'never' });
  }

  close(reason: CloseReason = { code: 'closed', detail: 'closed by the page', retry: 'never' }): void {
    this.#link.stop(reason);
  }

  #command<T extends keyof ClientData>(type: T, data: ClientData[T], options?: CommandOptions): Promise<Ack> {
    const snapshot = this.getSnapshot();
    if (snapshot.connection === 'closed') {
      const code = snapshot.closeReason?.code ?? 'closed';
      const detail = 'the session is closed';
      return Promise.reject(new PlayheadError({ code, retry: 'never', outcome: 'not_applied', detail }));
    }
    const expectedVersion = options?.expectedVersion;
    const whole = expectedVersion === undefined ? data : { ...data, expected_version: expectedVersion };
    return this.#commands.submit(type, whole);
  }

  /** The room as it was when the way in was given: players load while the socket opens. */
  #joined({ participant_id, role, state }: JoinAnswer): void {
    const { epoch, version } = state;
    const seen = this.#store?.getSnapshot();
    // Once welcomed, the next welcome says more.
    if (seen && (seen.sessionId || !isCurrent(seen, state))) return;
    this.#offsetMs = state.at_ms - performance.now();
    const part = { me: { participant_id, role }, epoch, version, ...viewOfRoom(state.room) };
    if (seen) this.#store!.update(part);
    else this.#store = new SnapshotStore<SessionSnapshot>({ ...NOBODY_YET, ...part });
    this.#noteRole();
    this.known?.();
  }

  #hello(): Hello {
    const { sessionId, epoch, version } = this.#store!.getSnapshot();
    this.#toldEpoch = sessionId ? epoch : Infinity;
    return {
      client: CLIENT,
      capabilities: this.#joinsBarriers ? ['ready'] : [],
      resume: sessionId ? { session_id: sessionId, epoch, version } : undefined,
    };
  }

  #welcome(data: Welcome, frame: ServerFrame): boolean {
    const { epoch = 0, version = 0 } = frame;
    const store = this.#store!;
    const seen = store.getSnapshot();
    if (!isCurrent(seen, { epoch, version })) return false;
    clearTimeout(this.#rebaseTimer);
    const me =
      seen.me.participant_id === data.participant_id && seen.me.role === data.role
        ? seen.me
        : { participant_id: data.participant_id, role: data.role };
    this.#offsetMs = Math.max(this.#offsetMs, (frame.at_ms ?? 0) - performance.now());
    const sameState = seen.room.state === data.room.state;
    store.update({
      authority: 'reachable',
      sync: null,
      sessionId: data.session_id,
      me,
      epoch,
      version,
      ...viewOfRoom(data.room),
      stateCause: sameState ? seen.stateCause : undefined,
    });
    this.#noteRole();
    this.#emitter.emit('welcome', data, frame);
    return true;
  }

  #state(state: ConnectionState, reason?: CloseReason): void {
    this.trouble = reason;
    this.#store?.update({ connection: state, closeReason: state === 'closed' ? reason : undefined });
    if (state === 'open') {
      this.#commands.repeatAll();
      this.#settle();
    } else if (state === 'closed') {
      clearTimeout(this.#rebaseTimer);
      this.#commands.failAll(reason?.code ?? 'closed', reason?.detail ?? 'the session is closed');
      this.#settle(reason);
    }
  }

  #settle(reason?: CloseReason): void {
    this.opened?.(reason);
    this.opened = null;
  }

  #frame(frame: ServerFrame): void {
    if (frame.type === 'ack') {
      const { epoch = 0, version = 0 } = frame;
      const duplicate = (frame.data as AckData | undefined)?.duplicate ?? false;
      if (typeof frame.id === 'string') this.#commands.acked(frame.id, { epoch, version, duplicate });
    } else if (frame.type === 'reject') {
      if (frame.error) this.#rejected(frame.id ?? null, frame.error);
    } else if (typeof frame.epoch === 'number' && typeof frame.version === 'number') {
      this.#ordered(frame, { epoch: frame.epoch, version: frame.version });
    } else {
      const store = this.#store!;
      store.update(applyEphemeral(store.getSnapshot(), frame));
      this.#noteRole();
      if (frame.type === 'authority_changed' && store.getSnapshot().authority === 'reachable') {
        this.#commands.repeatRefused();
      }
      this.#announce(frame);
    }
  }

  #ordered(frame: ServerFrame, order: Order): void {
    const store = this.#store!;
    const seen = store.getSnapshot();
    if (frame.type === 'room_state') {
      if (!isCurrent(seen, order)) return;
      clearTimeout(this.#rebaseTimer);
      this.#apply(frame, order);
    } else if (frame.type === 'rebased') {
      if (!this.#rebased(seen, order, (frame.data as ServerEvents['rebased']).lost)) return;
    } else {
      const verdict = judge(seen, order);
      if (verdict === 'resync') this.#link.resync(`${frame.type} came out of order`);
      if (verdict !== 'apply') return;
      this.#apply(frame, order);
    }
    this.#announce(frame);
  }

  #apply(frame: ServerFrame, order: Order): void {
    const store = this.#store!;
    const seen = store.getSnapshot();
    store.update({ ...order, ...applyEvent(seen, frame, this.#formerRole) });
    if (seen.me.role === 'host') void this.#askRole();
    this.#noteRole();
  }

  #noteRole(): void {
    const { role } = this.#store!.getSnapshot().me;
    if (role !== 'host') this.#formerRole = role;
    // Only they are told, so that what somebody else knows is old.
    if (role !== 'host' && role !== 'co_host') this.#store!.update({ sync: null });
  }

  /** False when it is no news. */
  #rebased(seen: SessionSnapshot, order: Order, lost: boolean): boolean {
    const ahead = order.epoch > seen.epoch;
    if (!ahead && order.epoch <= this.#toldEpoch) return false;
    this.#toldEpoch = Math.max(this.#toldEpoch, order.epoch);
    const detail = 'the room was rebuilt; the last changes may be missing';
    // A rebuild that lost nothing is worth no words.
    const notice = lost ? { notice: { code: 'rebased', detail } } : {};
    this.#store!.update(ahead ? { ...order, ...notice } : notice);
    // One that isn't ahead comes after the welcome that had the room's state.
    if (!ahead) return true;
    clearTimeout(this.#rebaseTimer);
    this.#rebaseTimer = setTimeout(() => this.#link.resync('the room was rebuilt'), REBASE_TIMEOUT_MS);
    return true;
  }

  /** A former host may have been granted a role, which no event says and presence doesn't list for everybody. */
  async #askRole(): Promise<void> {
    const store = this.#store!;
    const { me, room } = store.getSnapshot();
    if (me.role === 'host') return;
    // Without an answer it stays what it was before, until presence or a welcome says more.
    const page = await this.#transport.participants(room.room_id).catch(() => null);
    const mine = page?.items.find((one) => one.participant_id === me.participant_id);
    // Another `me` by now is newer than the answer.
    if (!mine || store.getSnapshot().me !== me) return;
    store.update({ me: { ...me, role: mine.role } });
    this.#noteRole();
  }

  #rejected(id: string | null, error: RejectError): void {
    if (id !== null && this.#commands.rejected(id, error)) return;
    this.#store!.update({ notice: { code: error.code, detail: error.detail } });
  }

  #announce(frame: ServerFrame): void {
    // Types that aren't in the map have no listeners, so the cast never reaches one.
    this.#emitter.emit(frame.type as keyof ServerEvents, frame.data as never, frame);
  }

  #publishClock(localMs: number): void {
    const store = this.#store!;
    if (store.getSnapshot().clock && localMs - this.#clockNoticedAt < CLOCK_NOTICE_MS) return;
    this.#clockNoticedAt = localMs;
    store.update({ clock: this.#clock.estimate(localMs) });
  }
}
