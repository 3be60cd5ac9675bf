// A room and its player behind one store, for UI frameworks.

import type { OwnCode } from '../codes.js';
import { PlayheadError } from '../error.js';
import { SnapshotStore } from '../store.js';
import type {
  Ack,
  Client,
  ConnectionState,
  JoinOptions,
  MediaChoice,
  Player,
  PlayerSnapshot,
  RoomSession,
  SessionSnapshot,
  SyncProfile,
} from '../types.js';
import type { PlaybackStatus } from '../wire.js';
import { createPlayer, type PlayerOptions } from './player.js';

/** A room to join, and as whom. */
export interface RoomChoice extends JoinOptions {
  client: Client;
  /** Id or code; null joins nothing yet. */
  room: string | null;
  /** Signs in as a guest of this name first; without it the client must already be signed in. */
  name?: string;
}

/** What went wrong: `code` for programs, `detail` for people. */
export interface Trouble {
  readonly code: string;
  readonly detail: string;
}

type FromSession = Omit<SessionSnapshot, 'connection' | 'sessionId' | 'me' | 'room' | 'playback'>;

/** Everything there is to show; until the room is known, what comes from it is null or empty. */
export interface StreamingSnapshot extends FromSession {
  /** `idle` while no room is chosen. */
  readonly connection: ConnectionState | 'idle';
  readonly session: RoomSession | null;
  readonly me: SessionSnapshot['me'] | null;
  readonly room: SessionSnapshot['room'] | null;
  readonly playback: SessionSnapshot['playback'] | null;
  readonly isHost: boolean;
  /** The status of the room's playback. */
  readonly status: PlaybackStatus | null;
  readonly player: PlayerSnapshot;
  /** Player position minus the room's, in milliseconds; null while not playing. */
  readonly driftMs: number | null;
  readonly uncertaintyMs: number | null;
  /** Why the room could not be joined or was closed for good; errors of the player are in `player.error`. */
  readonly error: Trouble | null;
  /** Why the last command was refused; null after one that was accepted. */
  readonly refusal: Trouble | null;
}

/** Everything there is to do; each stays the same function for as long as the room does. */
export interface StreamingCommands {
  /** For the `ref` of the video element. */
  videoRef: (video: HTMLVideoElement | null) => void;
  play: () => Promise<Ack>;
  pause: () => Promise<Ack>;
  seek: (positionMs: number) => Promise<Ack>;
  setRate: (rate: number) => Promise<Ack>;
  setMedia: (choice: MediaChoice) => Promise<Ack>;
  changeQuality: (rendition: string) => Promise<Ack>;
  changeSubtitle: (track: string | null) => Promise<Ack>;
  changeAudio: (track: string) => Promise<Ack>;
  hostTransfer: (participantId: string) => Promise<Ack>;
  /** Leaves the room. Unmounting only closes the session, so that a reload returns as the same participant. */
  leave: () => Promise<void>;
  /** Joins again, after an error or after leaving. */
  rejoin: () => void;
  /** Returns the room's current position in milliseconds; 0 without a room. */
  expected: () => number;
  /** Call it in a tap handler when the player's state is `blocked`. */
  unblock: () => Promise<void>;
  hold: () => void;
  release: () => void;
  setProfile: (profile: SyncProfile) => void;
  setOffset: (offsetMs: number) => void;
  reload: () => void;
}

const NO_PLAYER: PlayerSnapshot = {
  state: 'idle',
  driftMs: null,
  uncertaintyMs: null,
  degraded: false,
  inexact: false,
  profile: 'default',
  offsetMs: 0,
};
const NOBODY: SessionSnapshot['presence'] = [];
const NO_SESSION = {
  session: null,
  closeReason: undefined,
  authority: 'reachable',
  me: null,
  room: null,
  stateCause: undefined,
  media: null,
  playback: null,
  epoch: 0,
  version: 0,
  presence: NOBODY,
  presenceTotal: 0,
  viewerCount: 0,
  clock: null,
  notice: undefined,
  sync: null,
  isHost: false,
  status: null,
} as const satisfies Partial<StreamingSnapshot>;
/** Close reasons that are no error. */
const WANTED_ENDS = ['left', 'closed'];

/** Whether `from` is a session rather than a room to join. */
export function isSession(from: RoomSession | RoomChoice): from is RoomSession {
  return 'getSnapshot' in from;
}

/** Joins a room and plays in it; does nothing until it is mounted. */
export class Streaming {
  /** Read when the player is created. */
  options: PlayerOptions = {};
  readonly commands: StreamingCommands;
  readonly store: SnapshotStore<StreamingSnapshot>;
  readonly #from: RoomSession | RoomChoice;
  #mounted = false;
  #session: RoomSession | null = null;
  #video: HTMLVideoElement | null = null;
  #player: Player | null = null;
  #joinError: Trouble | null = null;
  /** Identifies the latest mount or attempt to join; results of earlier ones are dropped. */
  #turn = 0;
  #unsubscribe: (() => void)[] = [];

  constructor(from: RoomSession | RoomChoice) {
    this.#from = from;
    this.store = new SnapshotStore<StreamingSnapshot>({
      ...this.#roomPart(isSession(from) ? from : null),
      ...playerPart(NO_PLAYER),
      error: null,
      refusal: null,
    });
    this.commands = this.#commandsOf();
  }

  /** Joins; returns a function that closes what it opened. */
  readonly mount = (): (() => void) => {
    this.#mounted = true;
    const turn = ++this.#turn;
    // An immediate unmount, as in strict mode, joins nothing.
    queueMicrotask(() => {
      if (turn === this.#turn) this.#start();
    });
    return () => {
      this.#mounted = false;
      this.#turn += 1;
      this.#exit();
    };
  };

  #start(): void {
    if (isSession(this.#from)) this.#enter(this.#from);
    else if (this.#from.room !== null) void this.#join(this.#from, this.#from.room);
  }

  async #join({ client, name, room: _, ...options }: RoomChoice, room: string): Promise<void> {
    const turn = ++this.#turn;
    this.#joinError = null;
    this.#publish();
    try {
      if (name !== undefined) await client.guest(name);
      if (turn !== this.#turn) return;
      const session = await client.join(room, options);
      if (turn === this.#turn) this.#enter(session);
      else session.close();
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#joinError = error instanceof PlayheadError ? error : { code: 'invalid_use' satisfies OwnCode, detail: String(error) };
      this.#publish();
    }
  }

  #enter(session: RoomSession): void {
    this.#session = session;
    this.#unsubscribe.push(session.subscribe(this.#publish));
    this.#match();
    this.#publish();
  }

  #exit(): void {
    const session = this.#session;
    this.#session = null;
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
    this.#match();
    // A session that was passed in stays open.
    if (session !== this.#from) session?.close();
    this.#publish();
  }

  /** Keeps a player exactly while there is a session and an element. */
  #match(): void {
    this.#player?.destroy();
    this.#player = null;
    if (this.#session === null || this.#video === null) return;
    this.#player = createPlayer(this.#session, this.#video, this.options);
    this.#player.subscribe(this.#publish);
  }

  readonly #publish = (): void => {
    const session = this.#session;
    const player = this.#player?.getSnapshot() ?? NO_PLAYER;
    const ended = session?.getSnapshot().closeReason;
    const closed = ended === undefined || WANTED_ENDS.includes(ended.code) ? null : ended;
    const error = this.#joinError ?? closed;
    this.store.update({ ...this.#roomPart(session), ...playerPart(player), error });
  };

  #roomPart(session: RoomSession | null): Omit<StreamingSnapshot, 'player' | 'driftMs' | 'uncertaintyMs' | 'error' | 'refusal'> {
    if (session === null) {
      const waits = isSession(this.#from) || this.#from.room !== null;
      return { ...NO_SESSION, connection: this.#joinError ? 'closed' : waits ? 'connecting' : 'idle' };
    }
    const { sessionId: _, ...seen } = session.getSnapshot();
    return { ...NO_SESSION, ...seen, session, isHost: seen.me.role === 'host', status: seen.playback.status };
  }

  #commandsOf(): StreamingCommands {
    const player = (act: (player: Player) => void) => {
      if (this.#player !== null) act(this.#player);
    };
    return {
      videoRef: (video) => {
        if (video === this.#video) return;
        this.#video = video;
        this.#match();
        this.#publish();
      },
      play: () => this.#command((session) => session.play()),
      pause: () => this.#command((session) => session.pause()),
      seek: (positionMs) => this.#command((session) => session.seek(positionMs)),
      setRate: (rate) => this.#command((session) => session.setRate(rate)),
      setMedia: (choice) => this.#command((session) => session.setMedia(choice)),
      changeQuality: (rendition) => this.#command((session) => session.changeQuality(rendition)),
      changeSubtitle: (track) => this.#command((session) => session.changeSubtitle(track)),
      changeAudio: (track) => this.#command((session) => session.changeAudio(track)),
      hostTransfer: (participantId) => this.#command((session) => session.hostTransfer(participantId)),
      leave: async () => this.#session?.leave(),
      rejoin: () => {
        if (!this.#mounted || isSession(this.#from)) return;
        this.#exit();
        this.#start();
      },
      expected: () => this.#session?.expected() ?? 0,
      unblock: async () => this.#player?.unblock(),
      hold: () => player((one) => one.hold()),
      release: () => player((one) => one.release()),
      setProfile: (profile) => player((one) => one.setProfile(profile)),
      setOffset: (offsetMs) => player((one) => one.setOffset(offsetMs)),
      reload: () => player((one) => one.reload()),
    };
  }

  #command(send: (session: RoomSession) => Promise<Ack>): Promise<Ack> {
    const answer = this.#session === null ? Promise.reject(notJoined()) : send(this.#session);
    // The snapshot has the refusal too, so that a handler may ignore the promise.
    answer.then(
      () => this.store.update({ refusal: null }),
      (error: unknown) => this.store.update({ refusal: error as PlayheadError }),
    );
    return answer;
  }
}

function playerPart(player: PlayerSnapshot): Pick<StreamingSnapshot, 'player' | 'driftMs' | 'uncertaintyMs'> {
  return { player, driftMs: player.driftMs, uncertaintyMs: player.uncertaintyMs };
}

function notJoined(): PlayheadError {
  return new PlayheadError({ code: 'invalid_use' satisfies OwnCode, detail: 'the room is not joined yet' });
}
