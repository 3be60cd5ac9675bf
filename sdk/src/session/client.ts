// The entry point of the SDK: REST calls, identity and joining.

import type { OwnCode } from '../codes.js';
import { PlayheadError } from '../error.js';
import type { People } from '../people.js';
import type { PageQuery, PublicRoomsQuery } from '../query.js';
import type { Client, ClientOptions, CreateOptions, Identity, JoinOptions, RoomSession, SocketClass } from '../types.js';
import type {
  CreateRoom,
  JoinAnswer,
  Meta,
  Page,
  ParticipantPage,
  Room,
  RoomStateAnswer,
  RoomSummary,
  Source,
} from '../wire.js';
import { newGuest, type ApiAccess } from './guest.js';
import { requestJson, unreachable, type Request } from './http.js';
import { ROLE_PAGE_SIZE } from './limits.js';
import { openSession } from './session.js';
import { memoryTokenStore } from './token.js';

const API = '/api/v1';

/** Creates a client of one server. */
export function createClient(options: ClientOptions = {}): Client {
  return new HttpClient(options);
}

class HttpClient implements Client {
  readonly baseUrl: string;
  readonly #fetch: typeof fetch;
  readonly #socketClass: SocketClass;
  readonly #api: ApiAccess;

  constructor(options: ClientOptions) {
    const base = options.baseUrl ?? globalThis.location?.origin;
    const socketClass = options.WebSocket ?? (globalThis.WebSocket as unknown as SocketClass | undefined);
    if (base === undefined) throw new PlayheadError({ code: 'invalid_use' satisfies OwnCode, detail: 'pass baseUrl' });
    if (!socketClass) throw new PlayheadError({ code: 'invalid_use' satisfies OwnCode, detail: 'pass WebSocket' });
    this.baseUrl = base.replace(/\/+$/, '');
    // The browser's fetch throws unless it is called on its global.
    this.#fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
    this.#socketClass = socketClass;
    this.#api = {
      tokens: options.tokenStore ?? memoryTokenStore(),
      send: (request) => this.#call(request),
      replaced: options.onIdentityReplaced,
    };
  }

  async guest(displayName: string): Promise<Identity> {
    const kept = this.token();
    if (!kept) return newGuest(this.#api, displayName);
    return kept.display_name === displayName ? kept : (await this.#recovery()).rename(this.#api, displayName, kept);
  }

  token(): Identity | null {
    return this.#api.tokens.load();
  }

  signOut(): void {
    this.#api.tokens.save(null);
  }

  readonly rooms = {
    create: (room: CreateRoom, { key }: CreateOptions = {}) =>
      this.#authorized<Room>({ method: 'POST', path: '/rooms', body: room, key }),
    get: (roomIdOrCode: string) => this.#authorized<RoomSummary>({ path: pathOf(roomIdOrCode) }),
    listPublic: (query?: PublicRoomsQuery) =>
      this.#authorized<Page<RoomSummary>>({ path: '/rooms/public', query }),
    participants: (roomId: string, query?: PageQuery) =>
      this.#authorized<ParticipantPage>({ path: pathOf(roomId, '/participants'), query }),
    state: (roomId: string) =>
      this.#authorized<RoomStateAnswer>({ path: pathOf(roomId, '/state') }),
    delete: (roomIdOrCode: string) => this.#authorized<void>({ method: 'DELETE', path: pathOf(roomIdOrCode) }),
  };

  async people(roomIdOrCode: string): Promise<People> {
    const people = await import('./people.js');
    return people.peopleOf((request) => this.#authorized(request), pathOf(roomIdOrCode));
  }

  readonly sources = {
    resolve: async (link: string) =>
      (await this.#authorized<{ source: Source }>({ method: 'POST', path: '/sources/resolve', body: { link } })).source,
  };

  meta(): Promise<Meta> {
    return this.#call({ path: '/meta' });
  }

  async join(roomIdOrCode: string, options: JoinOptions = {}): Promise<RoomSession> {
    const { invite, password } = options;
    const body = { invite, password };
    let room = roomIdOrCode;
    const session = await openSession(
      {
        socketClass: this.#socketClass,
        socketUrl: this.baseUrl.replace(/^http/, 'ws') + API,
        join: async () => {
          const path = pathOf(room, '/join');
          const answer = await this.#authorized<JoinAnswer>({ method: 'POST', path, body, waits: true });
          // From now on by its id: guesses of codes are limited for everybody behind one address.
          room = answer.state.room.room_id;
          return answer;
        },
        participants: (roomId) => this.rooms.participants(roomId, { page_size: ROLE_PAGE_SIZE }),
      },
      options,
    );
    // Fetched at the first welcome rather than when a token ends: by then the server may have other files.
    for (const event of ['welcome', 'token_expiring'] as const) {
      session.on(event, () => {
        const now = this.token();
        void this.#recovery().then(({ keepFresh }) => keepFresh(this.#api, session, event, now)).catch(() => undefined);
      });
    }
    return session;
  }

  async #call<T>(request: Request): Promise<T> {
    try {
      return await requestJson<T>(this.#fetch, this.baseUrl + API, request);
    } catch (error) {
      const { status } = error as PlayheadError;
      if (status !== 401 && status !== 429) throw error;
      return (await this.#recovery()).sendAgain<T>(this.#api, request, error as PlayheadError);
    }
  }

  #recovery() {
    return import('./recovery.js').catch((cause: unknown) => {
      throw unreachable('not_applied', cause);
    });
  }

  #authorized<T>(request: Request): Promise<T> {
    return this.#call<T>({ ...request, identity: this.token() });
  }
}

function pathOf(roomIdOrCode: string, rest = ''): string {
  return `/rooms/${encodeURIComponent(roomIdOrCode)}${rest}`;
}
