import type { PlayheadError } from './error.js';
import type {
  CreateRoom,
  GuestAnswer,
  Media,
  Meta,
  Page,
  ParticipantPage,
  Playback,
  Presence,
  Retry,
  Role,
  Room,
  RoomStateAnswer,
  RoomSummary,
  ServerEvents,
  ServerFrame,
  Source,
  SourceRef,
} from './wire.js';

/** The caller's identity; kept, it makes a reload the same participant. */
export interface Identity extends GuestAnswer {
  display_name: string;
}

export interface TokenStore {
  load(): Identity | null;
  save(identity: Identity | null): void;
}

/** The parts of a WebSocket that the SDK uses, so that Node's `ws` fits, too. */
export interface SocketLike {
  readyState: number;
  onopen: ((event: any) => void) | null;
  onmessage: ((event: any) => void) | null;
  onclose: ((event: any) => void) | null;
  onerror: ((event: any) => void) | null;
  send(text: string): void;
  close(code?: number, reason?: string): void;
}
export type SocketClass = new (url: string, protocols?: string | string[]) => SocketLike;

export interface ClientOptions {
  /** The server's address, such as `https://party.example`; the page's own origin by default. */
  baseUrl?: string;
  fetch?: typeof fetch;
  WebSocket?: SocketClass;
  tokenStore?: TokenStore;
}

export interface PageQuery {
  page_size?: number;
  page_token?: string;
}

export interface JoinOptions {
  invite?: string;
  password?: string;
  /** False for a page that has no player: it then joins no barrier. */
  ready?: boolean;
  /** How long the first join may take before it rejects; 15 s by default. */
  timeoutMs?: number;
}

export interface Client {
  readonly baseUrl: string;
  /** Signs in as a guest; an unexpired identity of the same name is used again. */
  guest(displayName: string): Promise<Identity>;
  /** The stored identity, or null when there is none or it has expired. */
  token(): Identity | null;
  /** Forgets the stored identity. */
  signOut(): void;
  readonly rooms: {
    create(room: CreateRoom): Promise<Room>;
    get(roomIdOrCode: string): Promise<RoomSummary>;
    listPublic(query?: PageQuery): Promise<Page<RoomSummary>>;
    participants(roomId: string, query?: PageQuery): Promise<ParticipantPage>;
    state(roomId: string): Promise<RoomStateAnswer>;
    /** Ends the room for everybody; the host may, or the creator of a room without one. */
    delete(roomIdOrCode: string): Promise<void>;
  };
  readonly sources: { resolve(link: string): Promise<Source> };
  meta(): Promise<Meta>;
  /**
   * Resolves once the room is known, with a `connection` that is about to open; rejects with `PlayheadError`. What
   * goes wrong later is in the session's `closeReason`.
   */
  join(roomIdOrCode: string, options?: JoinOptions): Promise<RoomSession>;
}

export interface Ack {
  epoch: number;
  version: number;
  /** True when the server had already committed this id. */
  duplicate: boolean;
}

export interface CommandOptions {
  /** Makes the command compare-and-set: `version_conflict` when the room has moved on. */
  expectedVersion?: number;
}

export type ConnectionState = 'connecting' | 'open' | 'reconnecting' | 'closed';

/** Whether commands can be stored; while the authority is away, playback goes on by itself. */
export type Authority = 'reachable' | 'away';

export interface CloseReason {
  /** `left`, or a code of the close and error registries. */
  code: string;
  detail: string;
  retry: Retry;
  closeCode?: number;
}

export interface ClockEstimate {
  /** Room clock minus `performance.now()`. */
  offsetMs: number;
  /** The most that `offsetMs` may be wrong by: what an asymmetric path could hide, and what has drifted since. */
  uncertaintyMs: number;
  /** The shortest round trip there was, put together from both directions. */
  rttMs: number;
  /** How much faster than the local clock the room's runs, in parts per million. */
  skewPpm: number;
}

/** How far the players of a room are apart, as they report it. */
export interface RoomSync {
  /** How many players report. */
  readonly reporting: number;
  readonly spreadMs: number;
  /** The largest uncertainty among them. */
  readonly uncertaintyMs: number;
}

/** Something the page may want to say; the newest one only. */
export interface Notice {
  code: string;
  detail: string;
}

export interface SessionSnapshot {
  readonly connection: ConnectionState;
  readonly closeReason?: CloseReason;
  /** As the server said last, whatever became of the connection. */
  readonly authority: Authority;
  /** Empty until the first welcome. */
  readonly sessionId: string;
  readonly me: { readonly participant_id: string; readonly role: Role };
  readonly room: Room;
  /** Why the room is in its `state`, such as `grace_ended`; absent when that happened unseen. */
  readonly stateCause?: string;
  readonly media: Media | null;
  readonly playback: Playback;
  readonly epoch: number;
  readonly version: number;
  /** Who is here: everybody up to 20, else the first 8; `presenceTotal` counts all. */
  readonly presence: readonly Presence[];
  readonly presenceTotal: number;
  readonly viewerCount: number;
  readonly clock: ClockEstimate | null;
  /** For host and co-hosts, once players have reported; null otherwise. */
  readonly sync: RoomSync | null;
  readonly notice?: Notice;
}

export interface Subscribable<T> {
  /** The same object until something changes. */
  getSnapshot(): T;
  /** Returns the function that unsubscribes. */
  subscribe(listener: () => void): () => void;
}

export type MediaChoice = { link: string } | { source: SourceRef };

export interface RoomSession extends Subscribable<SessionSnapshot> {
  /** Calls `listener` for each server event of this type; returns the function that stops it. */
  on<K extends keyof ServerEvents>(
    type: K,
    listener: (data: ServerEvents[K], frame: ServerFrame) => void,
  ): () => void;
  /** Room clock in milliseconds; until the first estimate as the join said, off by what its answer took. */
  now(): number;
  /** The room clock as estimated for an instant of `performance.now()` (default: now); null before it is known. */
  clock(localMs?: number): ClockEstimate | null;
  /** The position, in milliseconds, that the room asks for at `nowRoomMs` (default: now). */
  expected(nowRoomMs?: number): number;
  /** Takes a burst of clock samples, as after a wake from sleep. */
  refreshClock(): void;
  play(options?: CommandOptions): Promise<Ack>;
  pause(options?: CommandOptions): Promise<Ack>;
  seek(positionMs: number, options?: CommandOptions): Promise<Ack>;
  setRate(rate: number, options?: CommandOptions): Promise<Ack>;
  changeQuality(rendition: string, options?: CommandOptions): Promise<Ack>;
  changeSubtitle(track: string | null, options?: CommandOptions): Promise<Ack>;
  changeAudio(track: string, options?: CommandOptions): Promise<Ack>;
  setMedia(choice: MediaChoice, options?: CommandOptions): Promise<Ack>;
  ended(mediaId: string): Promise<Ack>;
  ready(version: number): Promise<Ack>;
  buffering(on: boolean): Promise<Ack>;
  /** Tells how far this player is from the room; every 2 s is enough. It changes nothing but what the host sees. */
  syncReport(driftMs: number, uncertaintyMs: number): Promise<Ack>;
  hostTransfer(participantId: string, options?: CommandOptions): Promise<Ack>;
  /** Leaves the room and closes; resolves when the server knows, or after 2 s. */
  leave(): Promise<void>;
  /** Closes the socket without leaving: the participant may come back, as a reload does. */
  close(): void;
}

export type PlayerState =
  | 'idle'
  | 'loading'
  | 'aligning'
  | 'playing'
  | 'paused'
  | 'buffering'
  /** The browser wants a gesture before it plays. */
  | 'blocked'
  /** The page asked to be left alone, as for an advertisement. */
  | 'held'
  | 'error';

/** Why a player cannot play what it was given. */
export type AdapterErrorCode =
  | 'autoplay_blocked'
  | 'source_unreachable'
  | 'cors_missing'
  | 'format_unsupported'
  | 'decode_failed';

/**
 * How hard a player is kept in place: `tight` corrects fastest, `default` so gently that music doesn't tell,
 * `relaxed` only what people notice, `free` nothing between two commands of the host.
 */
export type SyncProfile = 'tight' | 'default' | 'relaxed' | 'free';

export interface PlayerSnapshot {
  readonly state: PlayerState;
  /** Player position minus the room's, in milliseconds; null while not playing. */
  readonly driftMs: number | null;
  /** How far the room clock may be from what this device takes it for, in milliseconds; null while unknown. */
  readonly uncertaintyMs: number | null;
  /** True when new starts did not help: only the rate is used, with another try each half minute. */
  readonly degraded: boolean;
  readonly profile: SyncProfile;
  /** How much later than its player says this device sounds, in milliseconds. */
  readonly offsetMs: number;
  readonly error?: { readonly code: AdapterErrorCode; readonly detail: string };
}

export interface Player extends Subscribable<PlayerSnapshot> {
  /** Call inside a user gesture after `blocked`: starts the element and follows the room again. */
  unblock(): Promise<void>;
  /** Leaves the element to the page, as for an advertisement, until `release`. */
  hold(): void;
  /** Follows the room again after `hold`. */
  release(): void;
  setProfile(profile: SyncProfile): void;
  /** For a device that sounds later than its player says, such as Bluetooth: plays that much ahead; ±5,000 ms. */
  setOffset(offsetMs: number): void;
  /** Loads the same media again after an error. */
  reload(): void;
  destroy(): void;
}

/** What one device learns and is told: how long its players take to start, its offset and its profile. */
export interface DeviceSettings {
  /** From `play()` to the first movement in milliseconds, by the kind of player. */
  playLeadsMs: Readonly<Record<string, number>>;
  offsetMs: number;
  profile: SyncProfile;
}

export interface DeviceStore {
  /** Null where nothing is kept yet. */
  load(): DeviceSettings | null;
  save(settings: DeviceSettings): void;
}

export type { PlayheadError };
