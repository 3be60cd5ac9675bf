// The public types of the SDK.

import type { PlayheadError } from './error.js';
import type { People } from './people.js';
import type { PageQuery, PublicRoomsQuery } from './query.js';
import type {
  CreateRoom,
  GuestAnswer,
  Measured,
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

/**
 * The caller's identity; stored, it makes a reload the same participant. Its access token ends, the identity doesn't:
 * the refresh token brings the next one. Only the server says whether a token has ended; `expires_at_ms` is its clock's.
 */
export type Identity = Omit<GuestAnswer, 'refresh_token' | 'expires_in_ms'> & {
  display_name: string;
  /** Absent for identities of servers without refresh tokens. */
  refresh_token?: string;
  expires_in_ms?: number;
};

export interface TokenStore {
  load(): Identity | null;
  save(identity: Identity | null): void;
  /**
   * Returns a new token of the same user, from the backend of a product that this server is embedded in, when one has ended
   * or was refused. It is asked instead of a refresh token, and nobody becomes a guest. If it rejects, requests fail
   * with `network_error` and open sessions try again; a `PlayheadError`, whose `retry` is `never` by default, ends them.
   */
  renew?(refused: Identity): Promise<Identity>;
}

/** The part of a WebSocket that the SDK uses, so that Node's `ws` fits as well. */
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
  /** Called when the server has refused the identity for good and a new guest of the same name has taken its place. */
  onIdentityReplaced?: (identity: Identity) => void;
}

export interface JoinOptions {
  /** An invite of the room, which opens it whatever its `entry`. */
  invite?: string;
  /** The password of a room whose `entry` is `password`. */
  password?: string;
  /** False for a page without a player, so that no barrier waits for it. */
  ready?: boolean;
  /** How long the first join may take before it rejects, or the server asks it to wait; 15 s by default. */
  timeoutMs?: number;
}

export interface CreateOptions {
  /** Up to 64 characters that name the creation, so that it can be repeated when its answer is lost. */
  key?: string;
}

export interface Client {
  readonly baseUrl: string;
  /** Signs in as a guest. A stored identity is kept, and takes the name; open sessions show it once they reconnect or refresh their token. */
  guest(displayName: string): Promise<Identity>;
  /** Returns the stored identity, or null if there is none. */
  token(): Identity | null;
  /** Forgets the stored identity. */
  signOut(): void;
  readonly rooms: {
    /** Creates a room. Repeated under the same key by the same person, it returns the room that was made. */
    create(room: CreateRoom, options?: CreateOptions): Promise<Room>;
    get(roomIdOrCode: string): Promise<RoomSummary>;
    /** Lists public rooms that the person whose identity is stored, if any, may enter. */
    listPublic(query?: PublicRoomsQuery): Promise<Page<RoomSummary>>;
    participants(roomId: string, query?: PageQuery): Promise<ParticipantPage>;
    state(roomId: string): Promise<RoomStateAnswer>;
    /** Ends the room for everybody; allowed to the host, or to the creator of a room without one. */
    delete(roomIdOrCode: string): Promise<void>;
  };
  /** What those who moderate a room do with its people. */
  people(roomIdOrCode: string): Promise<People>;
  readonly sources: { resolve(link: string): Promise<Source> };
  meta(): Promise<Meta>;
  /**
   * Resolves once the room is known, while the session's `connection` is still opening; rejects with `PlayheadError`.
   * Later failures are in the session's `closeReason`. Where one has to ask, this rejects with `approval_pending`, and
   * `knock` of `playhead-sdk/knock` waits for the answer.
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
  /** Makes the command compare-and-set: it fails with `version_conflict` if the room has changed since. */
  expectedVersion?: number;
}

export type ConnectionState = 'connecting' | 'open' | 'reconnecting' | 'closed';

/** Whether commands can be stored; while the authority is away, playback continues by itself. */
export type Authority = 'reachable' | 'away';

export interface CloseReason {
  /** An `OwnCode`, such as `left`, or a code of the close and error registries. */
  code: string;
  detail: string;
  retry: Retry;
  /** How long to wait first if `retry` is `after`. */
  retryAfterMs?: number;
  closeCode?: number;
}

export interface ClockEstimate {
  /** Room clock minus `performance.now()`. */
  offsetMs: number;
  /** The largest possible error of `offsetMs`: what an asymmetric path could hide, and what has drifted since. */
  uncertaintyMs: number;
  /** The shortest round trip, combined from the shortest delays in both directions. */
  rttMs: number;
  /** How much faster the room clock runs than the local one, in parts per million. */
  skewPpm: number;
}

/** How far apart the players of a room are, as they report it. */
export interface RoomSync {
  /** How many players report. */
  readonly reporting: number;
  readonly spreadMs: number;
  /** The largest uncertainty among them. */
  readonly uncertaintyMs: number;
}

/** Something the page may want to show; only the latest is kept. */
export interface Notice {
  code: string;
  detail: string;
}

export interface SessionSnapshot {
  readonly connection: ConnectionState;
  readonly closeReason?: CloseReason;
  /** What the server said last, whatever has happened to the connection since. */
  readonly authority: Authority;
  /** Empty until the first welcome. */
  readonly sessionId: string;
  readonly me: { readonly participant_id: string; readonly role: Role };
  readonly room: Room;
  /** Why the room is in its `state`, such as `grace_ended`; absent if the session didn't see it happen. */
  readonly stateCause?: string;
  readonly media: Media | null;
  readonly playback: Playback;
  readonly epoch: number;
  readonly version: number;
  /** The participants who are connected: all of up to 20, otherwise the first 8; `presenceTotal` counts all. */
  readonly presence: readonly Presence[];
  readonly presenceTotal: number;
  readonly viewerCount: number;
  readonly clock: ClockEstimate | null;
  /** For host and co-hosts, once players have reported; otherwise null. */
  readonly sync: RoomSync | null;
  readonly notice?: Notice;
}

export interface Subscribable<T> {
  /** Returns the same object until something changes. */
  getSnapshot(): T;
  /** Calls `listener` after each change; returns a function that removes it. */
  subscribe(listener: () => void): () => void;
}

export type MediaChoice = { link: string } | { source: SourceRef };

export interface RoomSession extends Subscribable<SessionSnapshot> {
  /** Calls `listener` for each server event of this type; returns a function that removes it. */
  on<K extends keyof ServerEvents>(
    type: K,
    listener: (data: ServerEvents[K], frame: ServerFrame) => void,
  ): () => void;
  /** Returns the room clock in milliseconds; until the first estimate, it is off by the time the join's answer took. */
  now(): number;
  /** Returns the estimate of the room clock at an instant of `performance.now()` (default: now), or null before there is one. */
  clock(localMs?: number): ClockEstimate | null;
  /** Returns the room's position in milliseconds at `nowRoomMs` (default: now). */
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
  ended(mediaId: string, options?: CommandOptions): Promise<Ack>;
  /** Gives the connection a new access token of the same user, as after `token_expiring`. Guests' are renewed by themselves. */
  authRefresh(accessToken: string): Promise<Ack>;
  /** Reports facts of the media that the host's player has found out; others' reports are refused. */
  measured(facts: Measured): Promise<Ack>;
  ready(version: number): Promise<Ack>;
  buffering(on: boolean): Promise<Ack>;
  /** Reports that the media can't be loaded any more. Rejects if the server can't load it either, with the reason. */
  mediaFailed(mediaId: string): Promise<Ack>;
  /** Reports how far this player is from the room; every 2 s is enough. It only changes what the host sees. */
  syncReport(driftMs: number, uncertaintyMs: number): Promise<Ack>;
  hostTransfer(participantId: string, options?: CommandOptions): Promise<Ack>;
  /** Leaves the room and closes; resolves once the server has confirmed, or after 2 s. */
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
  /** The browser requires a gesture before it plays. */
  | 'blocked'
  /** The page uses the player itself, as for an advertisement. */
  | 'held'
  | 'error';

/** Why a player cannot play what it was given. */
export type AdapterErrorCode =
  | 'autoplay_blocked'
  | 'source_unreachable'
  /** Its site answers, but a part of it can't be loaded. */
  | 'part_unreachable'
  /** The address has expired, or leads to nothing any more. */
  | 'source_lapsed'
  | 'cors_missing'
  /** It comes over an insecure connection, which browsers block on a secure page. */
  | 'mixed_content'
  | 'format_unsupported'
  | 'manifest_invalid'
  | 'decode_failed';

/**
 * How tightly a player is kept in place: `tight` corrects fastest, `default` so gently that it is inaudible in music,
 * `relaxed` only what people notice, and `free` nothing between two commands of the host.
 */
export type SyncProfile = 'tight' | 'default' | 'relaxed' | 'free';

export interface PlayerSnapshot {
  readonly state: PlayerState;
  /** The player's position minus the room's, in milliseconds; null while not playing, or if it would say nothing. */
  readonly driftMs: number | null;
  /** The largest possible error of this device's room clock, in milliseconds; null while unknown. */
  readonly uncertaintyMs: number | null;
  /** True if new starts didn't help: then only the rate is used, with another try every half minute. */
  readonly degraded: boolean;
  /**
   * True while positions come only from a playlist, in a film that counts by timestamps elsewhere; drift then doesn't
   * compare pictures.
   */
  readonly inexact: boolean;
  readonly profile: SyncProfile;
  /** How much later than its player reports this device sounds, in milliseconds. */
  readonly offsetMs: number;
  readonly error?: { readonly code: AdapterErrorCode; readonly detail: string };
}

export interface Player extends Subscribable<PlayerSnapshot> {
  /**
   * Returns the player's position in the media, in milliseconds, which an element's `currentTime` need not be; undefined
   * without media, and where others may show another picture at the same position.
   */
  position(): number | undefined;
  /** Starts the element and follows the room again; call it inside a user gesture when the state is `blocked`. */
  unblock(): Promise<void>;
  /** Leaves the element to the page until `release`, as for an advertisement. */
  hold(): void;
  /** Follows the room again after `hold`. */
  release(): void;
  setProfile(profile: SyncProfile): void;
  /** Plays this much ahead, ±5,000 ms, for a device that sounds later than its player reports, such as Bluetooth. */
  setOffset(offsetMs: number): void;
  /** Loads the same media again after an error. */
  reload(): void;
  destroy(): void;
}

/** What is stored for a device: how long its players take to start, its offset and its profile. */
export interface DeviceSettings {
  /** The time from `play()` to the first movement, in milliseconds, by the kind of player. */
  playLeadsMs: Readonly<Record<string, number>>;
  offsetMs: number;
  profile: SyncProfile;
}

export interface DeviceStore {
  /** Returns null if nothing is stored yet. */
  load(): DeviceSettings | null;
  save(settings: DeviceSettings): void;
}

export type { PlayheadError };
