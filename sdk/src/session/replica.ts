// The session's copy of the room.

import { ClockFilter, type ClockStamps } from '../clock/filter.js';
import type { OwnCode } from '../codes.js';
import { Emitter } from '../emitter.js';
import { commandsPlayback } from '../role.js';
import { SnapshotStore } from '../store.js';
import type { CloseReason, ConnectionState, SessionSnapshot } from '../types.js';
import type { AckData, Hello, JoinAnswer, RejectError, Role, ServerEvents, ServerFrame, Welcome } from '../wire.js';
import { applyFrame, meAs, viewOfRoom } from './apply.js';
import { PendingCommands } from './commands.js';
import { CLOCK_NOTICE_MS, REBASE_TIMEOUT_MS } from './limits.js';
import { isCurrent, judge, type Place } from './place.js';
import { Transport, type RoomAccess, type TransportListener } from './transport.js';

const CLIENT = { name: 'playhead-sdk', version: '0.1.0' };

/** The events without a place in the room's order. Any other event changes the room only at its place. */
const EPHEMERAL = /^(presence|viewer_count|sync|authority)_changed$/;

const NOBODY_YET = {
  connection: 'connecting',
  authority: 'reachable',
  sessionId: '',
  presence: [],
  presenceTotal: 0,
  clock: null,
  sync: null,
} as const;

export type EventArgs = { [K in keyof ServerEvents]: [data: ServerEvents[K], frame: ServerFrame] };

/** Applies what the transport receives to a copy of the room and its clock, and publishes the changes. */
export class Replica implements TransportListener {
  /** Called once the room is known. */
  known?: () => void;
  /** Called once: at the first welcome, or with the reason if there will be none. */
  opened?: (reason?: CloseReason) => void;
  /** Why the transport isn't open, if it isn't. */
  trouble?: CloseReason;
  readonly transport: Transport;
  readonly commands = new PendingCommands((frame) => this.transport.send(frame));
  readonly clock = new ClockFilter();
  /** Stands in for the clock's offset until it is estimated; too small by the time an answer took to arrive. */
  offsetMs = 0;
  readonly emitter = new Emitter<EventArgs>();
  /** Absent until the room is known; nobody has the session before that. */
  store!: SnapshotStore<SessionSnapshot>;
  readonly #access: RoomAccess;
  readonly #joinsBarriers: boolean;
  /** This participant's role when it last wasn't host; the lowest until that is known. */
  #formerRole: Role = 'guest';
  #clockNoticedAt = 0;
  #rebaseTimer: ReturnType<typeof setTimeout> | undefined;
  /** Rebuilds up to this epoch are not news: it is that of the last `resume`; a new session has missed none. */
  #knownEpoch = Infinity;

  constructor(access: RoomAccess, joinsBarriers: boolean) {
    this.#access = access;
    this.#joinsBarriers = joinsBarriers;
    this.transport = new Transport(access, this);
  }

  /** Takes the room from the answer to the join, so that players load while the socket opens. */
  joined({ participant_id, role, state }: JoinAnswer): void {
    const { epoch, version, room, at_ms } = state;
    const seen = this.store?.getSnapshot();
    // After a welcome, the next welcome is more up to date.
    if (seen && (seen.sessionId || !isCurrent(seen, state))) return;
    this.offsetMs = at_ms - performance.now();
    const change = { me: { participant_id, role }, epoch, version, ...viewOfRoom(room) };
    this.store ??= new SnapshotStore<SessionSnapshot>({ ...NOBODY_YET, ...change });
    this.#update(change);
    this.known?.();
  }

  hello(): Hello {
    const { sessionId, epoch, version } = this.#seen;
    this.#knownEpoch = sessionId ? epoch : Infinity;
    return {
      client: CLIENT,
      capabilities: this.#joinsBarriers ? ['ready'] : [],
      resume: sessionId ? { session_id: sessionId, epoch, version } : undefined,
    };
  }

  welcome(data: Welcome, frame: ServerFrame): boolean {
    const { epoch = 0, version = 0, at_ms = 0 } = frame;
    const seen = this.#seen;
    if (!isCurrent(seen, { epoch, version })) return false;
    clearTimeout(this.#rebaseTimer);
    this.offsetMs = Math.max(this.offsetMs, at_ms - performance.now());
    this.#update({
      authority: 'reachable',
      sync: null,
      sessionId: data.session_id,
      me: meAs(seen.me, data.role, data.participant_id),
      epoch,
      version,
      ...viewOfRoom(data.room, seen),
    });
    this.emitter.emit('welcome', data, frame);
    // Fetched at a welcome rather than when there are enough samples: by then the server may have other files.
    void import('../clock/skew.js').then(({ skewOf }) => (this.clock.skewOf = skewOf)).catch(() => undefined);
    return true;
  }

  state(connection: ConnectionState, reason?: CloseReason): void {
    const isClosed = connection === 'closed';
    this.trouble = reason;
    this.store?.update({ connection, closeReason: isClosed ? reason : undefined });
    if (isClosed) {
      clearTimeout(this.#rebaseTimer);
      this.commands.failAll(reason!);
    } else if (connection === 'open') {
      this.commands.repeatAll();
    } else {
      return;
    }
    this.opened?.(reason);
    this.opened = undefined;
  }

  pong(stamps: ClockStamps): void {
    // A step of either clock is believed after several samples; the sooner they arrive, the better.
    if (this.clock.add(stamps) === 'suspect') this.transport.refreshClock();
    if (this.#seen.clock && stamps.t3 - this.#clockNoticedAt < CLOCK_NOTICE_MS) return;
    this.#clockNoticedAt = stamps.t3;
    this.store.update({ clock: this.clock.estimate(stamps.t3) });
  }

  frame(frame: ServerFrame): void {
    const { type, id, epoch = 0, version = 0, data, error } = frame;
    if (type === 'ack') {
      const { duplicate = false } = (data ?? {}) as Partial<AckData>;
      if (typeof id === 'string') this.commands.acked(id, { epoch, version, duplicate });
    } else if (type === 'reject') {
      if (error) this.#rejected(id ?? null, error);
    } else if (typeof frame.epoch === 'number' && typeof frame.version === 'number') {
      if (this.#takes(frame, { epoch, version })) this.#announce(frame);
    } else {
      if (EPHEMERAL.test(type)) this.#update(applyFrame(this.#seen, frame, this.#formerRole));
      if (type === 'authority_changed' && this.#seen.authority === 'reachable') this.commands.repeatRefused();
      this.#announce(frame);
    }
  }

  get #seen(): SessionSnapshot {
    return this.store.getSnapshot();
  }

  /** Applies a frame at its place; returns false if it isn't news or if something before it is missing. */
  #takes(frame: ServerFrame, place: Place): boolean {
    const seen = this.#seen;
    if (frame.type === 'rebased') return this.#rebased(place, (frame.data as ServerEvents['rebased']).lost);
    if (frame.type === 'room_state') {
      if (!isCurrent(seen, place)) return false;
      clearTimeout(this.#rebaseTimer);
    } else {
      const verdict = judge(seen, place);
      if (verdict === 'resync') this.transport.resync();
      if (verdict !== 'apply') return false;
    }
    const change = EPHEMERAL.test(frame.type) ? {} : applyFrame(seen, frame, this.#formerRole);
    this.#update({ ...place, ...change });
    if (seen.me.role === 'host') void this.#askRole();
    return true;
  }

  #update(change: Partial<SessionSnapshot>): void {
    this.store.update(change);
    const { role } = this.#seen.me;
    if (role !== 'host') this.#formerRole = role;
    // Only they are sent it, so for anybody else it would be outdated.
    if (!commandsPlayback(role)) this.store.update({ sync: null });
  }

  /** Records a rebuild of the room; returns false if it isn't news. */
  #rebased(place: Place, lost: boolean): boolean {
    const ahead = place.epoch > this.#seen.epoch;
    if (!ahead && place.epoch <= this.#knownEpoch) return false;
    this.#knownEpoch = Math.max(this.#knownEpoch, place.epoch);
    const notice = { code: 'rebased' satisfies OwnCode, detail: 'the last changes may be missing' };
    // A rebuild that lost nothing needs no notice.
    this.store.update({ ...(ahead && place), ...(lost && { notice }) });
    // If it isn't ahead, the welcome before it already had the room's state.
    if (!ahead) return true;
    clearTimeout(this.#rebaseTimer);
    this.#rebaseTimer = setTimeout(() => this.transport.resync(), REBASE_TIMEOUT_MS);
    return true;
  }

  /** Looks up the role of a former host, which no event carries and presence doesn't list for everybody. */
  async #askRole(): Promise<void> {
    const { me, room } = this.#seen;
    if (me.role === 'host') return;
    // Without an answer it keeps its former role until presence or a welcome says otherwise.
    const page = await this.#access.participants(room.room_id).catch(() => null);
    const mine = page?.items.find((one) => one.participant_id === me.participant_id);
    // If `me` has changed by now, it is newer than the answer.
    if (mine && this.#seen.me === me) this.#update({ me: meAs(me, mine.role) });
  }

  #rejected(id: string | null, error: RejectError): void {
    if (id !== null && this.commands.rejected(id, error)) return;
    this.store.update({ notice: { code: error.code, detail: error.detail } });
  }

  #announce(frame: ServerFrame): void {
    // Types outside the map have no listeners, so the cast never reaches one.
    this.emitter.emit(frame.type as keyof ServerEvents, frame.data as never, frame);
  }
}
