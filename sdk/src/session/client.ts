// The entry point of the SDK: REST calls, identity and joining.

import { PlayheadError } from '../error.js';
import type { Client, ClientOptions, Identity, JoinOptions, PageQuery, RoomSession, SocketClass } from '../types.js';
import type {
  CreateRoom,
  GuestAnswer,
  JoinAnswer,
  Meta,
  Page,
  ParticipantPage,
  Room,
  RoomStateAnswer,
  RoomSummary,
  Source,
} from '../wire.js';
import { requestJson, type Request } from './http.js';
import { EXPIRY_MARGIN_MS, ROLE_PAGE_SIZE } from './limits.js';
import { openSession } from './session.js';
import { memoryTokenStore } from './token.js';


/** Creates a client of one server. */
export function createClient(options: ClientOptions = {}): Client {
  return new HttpClient(options);
}

class HttpClient implements Client {
  readonly baseUrl: string;
  readonly #fetch: typeof fetch;
  readonly #socketClass: SocketClass;
  readonly #tokens;

  constructor(options: ClientOptions) {
    const base = options.baseUrl ?? globalThis.location?.origin;
    const socketClass = options.WebSocket ?? (globalThis.WebSocket as unknown as SocketClass | undefined);
    if (base === undefined) throw new PlayheadError({ code: 'invalid_use', detail: 'baseUrl is required outside a page' });
    if (!socketClass) throw new PlayheadError({ code: 'invalid_use', detail: 'WebSocket is required: pass one' });
    this.baseUrl = base.replace(/\/+$/, '');
    // The browser's fetch throws unless it is called on its global.
    this.#fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
    this.#socketClass = socketClass;
    this.#tokens = options.tokenStore ?? memoryTokenStore();
  }

  async guest(displayName: string): Promise<Identity> {
    const kept = this.token();
    return kept?.display_name === displayName ? kept : this.#newGuest(displayName);
  }

  token(): Identity | null {
    const kept = this.#tokens.load();
    return kept && kept.expires_at_ms > Date.now() + EXPIRY_MARGIN_MS ? kept : null;
  }

  signOut(): void {
    this.#tokens.save(null);
  }

  readonly rooms = {
    create: (room: CreateRoom) => this.#authorized<Room>({ method: 'POST', path: '/rooms', body: room }),
    get: (roomIdOrCode: string) => this.#authorized<RoomSummary>({ path: pathOf(roomIdOrCode) }),
    listPublic: (query?: PageQuery) =>
      this.#call<Page<RoomSummary>>({ path: '/rooms/public', query }),
    participants: (roomId: string, query?: PageQuery) =>
      this.#authorized<ParticipantPage>({ path: pathOf(roomId, '/participants'), query }),
    state: (roomId: string) =>
      this.#authorized<RoomStateAnswer>({ path: pathOf(roomId, '/state') }),
    delete: (roomIdOrCode: string) => this.#authorized<void>({ method: 'DELETE', path: pathOf(roomIdOrCode) }),
  };

  readonly sources = {
    resolve: async (link: string) => {
      const answer = await this.#authorized<{ source: Source }>({
        method: 'POST',
        path: '/sources/resolve',
        body: { link },
      });
      return answer.source;
    },
  };

  meta(): Promise<Meta> {
    return this.#call({ path: '/meta' });
  }

  join(roomIdOrCode: string, options: JoinOptions = {}): Promise<RoomSession> {
    const { invite, password } = options;
    const body = { invite, password };
    const path = pathOf(roomIdOrCode, '/join');
    let usedToken: string | undefined;
    return openSession(
      {
        socketClass: this.#socketClass,
        join: () => {
          usedToken = this.#tokens.load()?.access_token;
          return this.#authorized<JoinAnswer>({ method: 'POST', path, body });
        },
        renewIdentity: () => this.#renewIdentity(usedToken),
        participants: (roomId) => this.rooms.participants(roomId, { page_size: ROLE_PAGE_SIZE }),
      },
      options,
    );
  }

  #call<T>(request: Request): Promise<T> {
    return requestJson<T>(this.#fetch, this.baseUrl, request);
  }

  async #authorized<T>(request: Request): Promise<T> {
    return this.#call<T>({ ...request, token: this.#tokens.load()?.access_token });
  }

  async #newGuest(displayName: string): Promise<Identity> {
    const answer = await this.#call<GuestAnswer>({
      method: 'POST',
      path: '/auth/guest',
      body: { display_name: displayName },
    });
    const identity = { ...answer, display_name: displayName };
    this.#tokens.save(identity);
    return identity;
  }

  async #renewIdentity(refusedToken: string | undefined): Promise<void> {
    const name = this.#tokens.load()?.display_name;
    if (name === undefined) throw new PlayheadError({ code: 'invalid_use', detail: 'sign in with guest() first' });
    const usable = this.token();
    // Another page that shares the store may have been faster.
    if (usable && usable.access_token !== refusedToken) return;
    await this.#newGuest(name);
  }
}

function pathOf(roomIdOrCode: string, rest = ''): string {
  return `/rooms/${encodeURIComponent(roomIdOrCode)}${rest}`;
}
