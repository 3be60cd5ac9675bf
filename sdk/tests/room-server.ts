// A server for tests of the SDK, over real sockets and without rules of its own.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Playback, Role, Room } from '../src/wire.js';

const WAIT_MS = 10_000;

export interface Frame {
  type: string;
  id?: string;
  data: Record<string, any>;
}

/** The answer of a REST route. */
export interface Answer {
  status: number;
  body: unknown;
}

/** A server over real sockets that the test scripts frame by frame. */
export class RoomServer {
  readonly requests: { path: string; token: string | undefined; body: any }[] = [];
  /** The path below which the server is found, as behind a proxy that strips it; others aren't found. */
  basePath = '';
  /** Whether guests get refresh tokens. */
  refreshes = true;
  /** Answers used once, first in, first out, instead of the usual one; matched by the end of the path. */
  readonly answers: { path: string; answer: Answer }[] = [];
  readonly connections = new Queue<Connection>();
  /** The room in the answer to a join; by default older than any welcome. */
  atJoin: { epoch: number; version: number; at_ms?: number; room: Room } = { epoch: 0, version: 0, room: room() };
  /** Answers without a network: its delays would count against timeouts of the SDK that a test sets. */
  readonly fetch: typeof fetch = async (input, init) => {
    const path = String(input).slice(`${this.baseUrl}/api/v1`.length);
    const token = new Headers(init?.headers).get('authorization')?.replace('Bearer ', '');
    const { status, body } = this.#reply(path, token, String(init?.body ?? ''));
    return new Response(JSON.stringify(body), { status });
  };
  readonly #http: Server;
  readonly #sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'playhead.v1.json' });
  #guests = 0;

  private constructor() {
    this.#http = createServer((request, response) => {
      void this.#answer(request).then(({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      });
    });
    this.#http.on('upgrade', (request, socket, head) => {
      this.#sockets.handleUpgrade(request, socket, head, (ws) => {
        this.connections.put(new Connection(ws, request));
      });
    });
  }

  static async start(port = 0): Promise<RoomServer> {
    const server = new RoomServer();
    await new Promise<void>((resolve) => server.#http.listen(port, '127.0.0.1', resolve));
    return server;
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const path = (request.url ?? '').replace(`${this.basePath}/api/v1`, '');
    const token = request.headers.authorization?.replace('Bearer ', '');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    return this.#reply(path, token, Buffer.concat(chunks).toString());
  }

  #reply(path: string, token: string | undefined, text: string): Answer {
    const body = text === '' ? undefined : JSON.parse(text);
    this.requests.push({ path, token, body });
    const index = this.answers.findIndex((one) => path.endsWith(one.path));
    const [once] = index >= 0 ? this.answers.splice(index, 1) : [];
    return once?.answer ?? this.#usual(path, token, body);
  }

  #usual(path: string, token: string | undefined, body: any): Answer {
    if (path === '/auth/guest') {
      this.#guests += 1;
      const number = this.#guests;
      const tokens = this.refreshes ? { refresh_token: `f_${number}`, expires_in_ms: 43_200_000 } : {};
      // By the clock of a server that knows nothing of this device's.
      return { status: 200, body: { user_id: `u_${number}`, display_name: body.display_name, access_token: `t_${number}`, expires_at_ms: 1, ...tokens } };
    }
    if (path === '/me') {
      const [user] = /\d+/.exec(token ?? '')!;
      return { status: 200, body: { user_id: `u_${user}`, ...body, access_token: `t_${user} as ${body.display_name}`, expires_at_ms: 1 } };
    }
    if (path === '/auth/refresh') {
      // `f_1` becomes `f_1+`, and so on; the user stays.
      const refresh_token = `${body.refresh_token}+`;
      const [, user, times] = /^f_(\d+)(\++)$/.exec(refresh_token)!;
      const tokens = { access_token: `t_${user}${times}`, refresh_token, expires_in_ms: 43_200_000 };
      return { status: 200, body: { user_id: `u_${user}`, expires_at_ms: 1, ...tokens } };
    }
    if (path.endsWith('/join')) {
      // As a server behind a proxy may believe; the SDK knows better.
      const url = 'ws://nowhere.invalid/api/v1/rooms/r_1/ws';
      const ticket = `k/${this.requests.length}`;
      const ws = { url, ticket, protocol: 'playhead.v1.json', expires_at_ms: 1, expires_in_ms: 30_000 };
      const state = { at_ms: Date.now(), ...this.atJoin };
      return { status: 200, body: { participant_id: 'p_1', role: 'host', ws, state } };
    }
    return problem(404, 'not_found', 'never');
  }
}

export function problem(status: number, code: string, retry: string, meta = {}): Answer {
  return { status, body: { type: 'about:blank', title: code, status, detail: code, code, retry, outcome: 'not_applied', meta } };
}

/** The refusal of a server that asks for a wait. */
export function tooMany(retry_after_ms: number): Answer {
  const { status, body } = problem(429, 'rate_limited', 'after');
  return { status, body: { ...(body as object), retry_after_ms } };
}

/** One accepted socket. It answers pings by itself unless `silent`. */
export class Connection {
  readonly path: string;
  readonly ticket: string | null;
  readonly closed: Promise<number>;
  silent = false;
  readonly pings: Frame[] = [];
  /** The room clock in microseconds, for the pongs. */
  clockUs = (): number => Math.round(Date.now() * 1000);
  readonly #socket: WebSocket;
  readonly #frames = new Queue<Frame>();

  constructor(socket: WebSocket, request: IncomingMessage) {
    this.#socket = socket;
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
    this.path = pathname;
    this.ticket = searchParams.get('ticket');
    this.closed = new Promise((resolve) => socket.on('close', (code) => resolve(code)));
    socket.on('message', (bytes) => this.#received(JSON.parse(String(bytes)) as Frame));
  }

  /** Resolves with the next frame that isn’t a ping. */
  next(): Promise<Frame> {
    return this.#frames.take();
  }

  /** Whether no frames other than pings are waiting. */
  get idle(): boolean {
    return this.#frames.empty;
  }

  send(frame: object): void {
    this.#socket.send(JSON.stringify(frame));
  }

  close(code: number, reason = ''): void {
    this.#socket.close(code, reason);
  }

  /** Terminates the socket as a lost network would. */
  terminate(): void {
    this.#socket.terminate();
  }

  /** Takes the hello and sends a welcome; returns the hello. */
  async welcome(epoch: number, version: number, part: Partial<Room> = {}, more = {}): Promise<Frame> {
    const hello = await this.next();
    const data = {
      session_id: 's_1',
      participant_id: 'p_1',
      role: 'host' as Role,
      fence: 1,
      resumed: hello.data['resume'] !== undefined,
      heartbeat_ms: 20_000,
      dead_after_ms: 45_000,
      room: room(part),
      ...more,
    };
    this.send({ type: 'welcome', id: hello.id, epoch, version, at_ms: Date.now(), data });
    return hello;
  }

  #received(frame: Frame): void {
    if (frame.type !== 'ping') {
      this.#frames.put(frame);
      return;
    }
    this.pings.push(frame);
    const nowUs = this.clockUs();
    if (!this.silent) this.send({ type: 'pong', data: { ...frame.data, t1_us: nowUs, t2_us: nowUs } });
  }
}

export function playback(part: Partial<Playback> = {}): Playback {
  return {
    media_id: null,
    status: 'paused',
    position_ms: 0,
    anchor_at_ms: 0,
    rate: 1,
    rendition: 'auto',
    text_track: null,
    audio_track: null,
    ...part,
  };
}

export function room(part: Partial<Room> = {}): Room {
  return {
    room_id: 'r_1',
    code: 'ABC',
    name: 'Friday',
    is_public: false,
    language: null,
    tags: [],
    state: 'live',
    host_id: 'p_1',
    settings: { host_grace_ms: 120_000, host_lease_ms: 15_000, host_loss: 'expire', rebuffer_barrier: false, playback_control: 'hosts', entry: 'open', capacity: null },
    chat: { enabled: true, slow_mode_ms: 0 },
    media: null,
    playback: playback(),
    queue: [],
    viewer_count: 1,
    peak_viewers: 1,
    ...part,
  };
}

/** A queue whose `take` waits for the next value. */
export class Queue<T> {
  readonly #values: T[] = [];
  readonly #takers: ((value: T) => void)[] = [];

  get empty(): boolean {
    return this.#values.length === 0;
  }

  put(value: T): void {
    const taker = this.#takers.shift();
    if (taker) taker(value);
    else this.#values.push(value);
  }

  take(): Promise<T> {
    if (this.#values.length > 0) return Promise.resolve(this.#values.shift()!);
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => reject(new Error('nothing came')), WAIT_MS);
      this.#takers.push((value) => {
        clearTimeout(deadline);
        resolve(value);
      });
    });
  }
}
