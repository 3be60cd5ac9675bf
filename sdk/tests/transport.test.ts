// Tests of the transport: joining, pinging, backing off and closing.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { PlayheadError } from '../src/error.js';
import { Transport, type TransportListener } from '../src/session/transport.js';
import type { CloseReason, ConnectionState } from '../src/types.js';
import type { JoinAnswer } from '../src/wire.js';

const LEFT: CloseReason = { code: 'left', detail: 'left the room', retry: 'never' };

describe('the transport', () => {
  let heard: string[];
  let joins: Gate<JoinAnswer>[];
  let transport: Transport;
  let page: EventTarget;
  let isCurrent: boolean;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    page = new EventTarget();
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
    FakeSocket.all = [];
    heard = [];
    joins = [];
    isCurrent = true;
    transport = new Transport(
      {
        socketClass: FakeSocket,
        socketUrl: 'ws://party.example/watch/api/v1',
        join: () => gateIn(joins),
        participants: () => Promise.reject(new Error('nobody asks')),
      },
      listener(),
    );
  });

  afterEach(() => {
    transport.stop(LEFT);
    expect(vi.getTimerCount()).toBe(0);
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  test('joins, says hello with its ticket, and is open once it is welcomed', async () => {
    transport.start();
    expect(transport.send({ type: 'play' })).toBe(false);
    const socket = await joined();
    expect(socket.url).toBe('ws://party.example/watch/api/v1/rooms/r_1/ws?ticket=k%2F1');
    expect(transport.send({ type: 'play' })).toBe(false);
    socket.open();
    expect(socket.sent).toEqual([{ type: 'hello', id: 'hello', data: { client: 'test' } }]);
    socket.receive({ type: 'playback_changed' });
    socket.welcome();
    expect(transport.send({ type: 'play' })).toBe(true);
    expect(heard).toEqual(['connecting', 'joined', 'welcome', 'open']);
  });

  test('gives up a socket that isn’t welcomed in 10 s, and joins again', async () => {
    transport.start();
    const socket = await joined();
    socket.open();
    await vi.advanceTimersByTimeAsync(9_999);
    expect(socket.isClosed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(socket.isClosed).toBe(true);
    expect(heard.at(-1)).toBe('reconnecting: welcome_timeout');
    await vi.advanceTimersByTimeAsync(1);
    expect(joins).toHaveLength(2);
  });

  test('backs off further with each failure, and starts over after a connection that lasted', async () => {
    transport.start();
    for (const waitMs of [0, 300, 600]) await failsAndWaits(waitMs);
    (await joined()).open().welcome();
    await vi.advanceTimersByTimeAsync(4_999);
    FakeSocket.last.drop(1006);
    await waits(1_200);
    (await joined()).open().welcome();
    await vi.advanceTimersByTimeAsync(5_000);
    FakeSocket.last.drop(1006);
    await waits(0);
  });

  test('after a snapshot older than what was seen it joins again', async () => {
    isCurrent = false;
    transport.start();
    (await joined()).open().welcome();
    expect(heard.at(-1)).toBe('reconnecting: stale_snapshot');
    expect(transport.send({ type: 'play' })).toBe(false);
  });

  test('a connection that leaves pings unanswered is left once it has been silent for as long as the server said', async () => {
    const socket = await opened();
    socket.welcome(8_000);
    await vi.advanceTimersByTimeAsync(7_999);
    socket.receive({ type: 'pong', data: { t0: 0, t1_us: 0, t2_us: 0 } });
    await vi.advanceTimersByTimeAsync(7_999);
    expect(heard.at(-1)).toBe('pong');
    await vi.advanceTimersByTimeAsync(1);
    expect(heard.at(-1)).toBe('reconnecting: silent');
    expect(socket.isClosed).toBe(true);
  });

  test('silence counts only after a ping that was sent', async () => {
    const socket = await opened();
    socket.receive({ type: 'pong', data: { t0: 0, t1_us: 0, t2_us: 0 } });
    socket.readyState = 0;
    await vi.advanceTimersByTimeAsync(120_000);
    expect(heard.at(-1)).toBe('pong');
    socket.readyState = 1;
    await vi.advanceTimersByTimeAsync(4_000);
    expect(heard.at(-1)).toBe('pong');
    await vi.advanceTimersByTimeAsync(7_000);
    expect(heard.at(-1)).toBe('reconnecting: silent');
  });

  test('a network that comes back ends a wait at once', async () => {
    transport.start();
    for (const waitMs of [0, 300]) await failsAndWaits(waitMs);
    joins.at(-1)!.reject(failure('network_error', 'backoff'));
    await vi.advanceTimersByTimeAsync(10);
    const before = joins.length;
    page.dispatchEvent(new Event('online'));
    expect(joins).toHaveLength(before + 1);
    page.dispatchEvent(new Event('online'));
    await vi.advanceTimersByTimeAsync(20_000);
    expect(joins).toHaveLength(before + 1);
  });

  test.each(['joining', 'greeting'])('a network that comes back while %s starts no second join', async (state) => {
    transport.start();
    if (state === 'greeting') (await joined()).open();
    page.dispatchEvent(new Event('online'));
    await vi.advanceTimersByTimeAsync(0);
    expect(joins).toHaveLength(1);
  });

  test('a network that comes back while open makes it ping, and leave a connection that doesn’t answer in 5 s', async () => {
    const socket = await opened();
    await vi.advanceTimersByTimeAsync(10_000);
    const before = socket.sent.length;
    page.dispatchEvent(new Event('online'));
    expect(socket.sent.length).toBe(before + 1);
    await vi.advanceTimersByTimeAsync(4_999);
    expect(heard.at(-1)).toBe('open');
    await vi.advanceTimersByTimeAsync(1);
    expect(heard.at(-1)).toBe('reconnecting: silent');
  });

  test('a connection that answers after the network is back is kept', async () => {
    const socket = await opened();
    page.dispatchEvent(new Event('online'));
    await vi.advanceTimersByTimeAsync(4_000);
    socket.receive({ type: 'presence_changed', data: {} });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(heard.at(-1)).toBe('presence_changed');
    expect(socket.isClosed).toBe(false);
  });

  test('a socket whose identity is refused joins again at once; a join that is refused so is final', async () => {
    const socket = await opened();
    socket.drop(4401);
    expect(heard.at(-1)).toBe('reconnecting: token_expired');
    await vi.advanceTimersByTimeAsync(0);
    expect(joins).toHaveLength(2);
    joins[1]!.reject(failure('token_expired', 'reauth'));
    await vi.advanceTimersByTimeAsync(0);
    expect(heard.at(-1)).toBe('closed: token_expired');
  });

  test.each(['joining', 'greeting', 'open', 'waiting'])('is closed for good while %s', async (state) => {
    transport.start();
    if (state === 'greeting') (await joined()).open();
    if (state === 'open') (await joined()).open().welcome();
    if (state === 'waiting') await failsAndWaits(0);
    if (state === 'waiting') joins.at(-1)!.reject(failure('network_error', 'backoff'));
    await vi.advanceTimersByTimeAsync(0);
    transport.stop(LEFT);
    const before = [joins.length, FakeSocket.all.length, heard.length];
    expect(heard.at(-1)).toBe('closed: left');
    for (const { resolve } of joins) resolve(answer(9));
    for (const socket of FakeSocket.all) socket.receive({ type: 'playback_changed' });
    page.dispatchEvent(new Event('online'));
    transport.stop(LEFT);
    transport.resync();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([joins.length, FakeSocket.all.length, heard.length]).toEqual(before);
    expect(FakeSocket.all.every(({ isClosed }) => isClosed)).toBe(true);
  });

  test('a listener that closes it during the welcome leaves it closed, without pings', async () => {
    transport.start();
    const socket = (await joined()).open();
    onWelcome = () => transport.stop(LEFT);
    socket.welcome();
    expect(heard.slice(-2)).toEqual(['welcome', 'closed: left']);
    expect(socket.sent.map(({ type }) => type)).toEqual(['hello']);
  });

  test.each([
    [1006, 'connection_lost'],
    [4401, 'token_expired'],
  ])('a listener that closes it while it reconnects after %i prevents what would come next', async (closeCode, code) => {
    const socket = await opened();
    onState = (state) => {
      if (state === 'reconnecting') transport.stop(LEFT);
    };
    socket.drop(closeCode);
    expect(heard.slice(-2)).toEqual([`reconnecting: ${code}`, 'closed: left']);
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(joins).toHaveLength(1);
  });

  test('a join that throws anything but a `PlayheadError` is final', async () => {
    transport.start();
    joins[0]!.reject(new TypeError('ws is undefined'));
    await vi.advanceTimersByTimeAsync(0);
    expect(heard.at(-1)).toBe('closed: invalid_answer');
  });

  let onWelcome: () => void;
  let onState: (state: ConnectionState) => void;
  beforeEach(() => {
    onWelcome = () => undefined;
    onState = () => undefined;
  });

  function listener(): TransportListener {
    return {
      joined: () => void heard.push('joined'),
      hello: () => ({ client: 'test' }),
      welcome: () => {
        heard.push('welcome');
        onWelcome();
        return isCurrent;
      },
      frame: ({ type }) => void heard.push(type),
      pong: () => void heard.push('pong'),
      state: (state, reason) => {
        heard.push(reason ? `${state}: ${reason.code}` : state);
        onState(state);
      },
    };
  }

  async function joined(): Promise<FakeSocket> {
    joins.at(-1)!.resolve(answer(joins.length));
    await vi.advanceTimersByTimeAsync(0);
    return FakeSocket.last;
  }

  async function opened(): Promise<FakeSocket> {
    transport.start();
    return (await joined()).open().welcome();
  }

  async function failsAndWaits(forMs: number): Promise<void> {
    joins.at(-1)!.reject(failure('network_error', 'backoff'));
    await waits(forMs);
  }

  /** It joins again after `forMs`, and not before. */
  async function waits(forMs: number): Promise<void> {
    const before = joins.length;
    if (forMs > 0) {
      await vi.advanceTimersByTimeAsync(forMs - 1);
      expect(joins).toHaveLength(before);
    }
    await vi.advanceTimersByTimeAsync(forMs > 0 ? 1 : 0);
    expect(joins).toHaveLength(before + 1);
  }
});

interface Gate<T> {
  resolve(value: T): void;
  reject(error: Error): void;
}

function gateIn<T>(gates: Gate<T>[]): Promise<T> {
  return new Promise((resolve, reject) => gates.push({ resolve, reject }));
}

function answer(number: number): JoinAnswer {
  const ws = { url: 'ws://nowhere.invalid/ws', ticket: `k/${number}`, protocol: 'playhead.v1.json' };
  return { ws, state: { room: { room_id: 'r_1' } } } as JoinAnswer;
}

function failure(code: string, retry: 'backoff' | 'reauth'): PlayheadError {
  return new PlayheadError({ code, retry, detail: code });
}

class FakeSocket {
  static all: FakeSocket[] = [];
  readonly sent: { type: string }[] = [];
  readyState = 0;
  isClosed = false;
  onopen: ((event: unknown) => void) | null = null;
  onmessage: ((event: unknown) => void) | null = null;
  onclose: ((event: unknown) => void) | null = null;
  onerror: ((event: unknown) => void) | null = null;

  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }

  static get last(): FakeSocket {
    return FakeSocket.all.at(-1)!;
  }

  open(): this {
    this.readyState = 1;
    this.onopen?.({});
    return this;
  }

  welcome(dead_after_ms = 45_000): this {
    return this.receive({ type: 'welcome', data: { dead_after_ms } });
  }

  receive(frame: object): this {
    this.onmessage?.({ data: JSON.stringify(frame) });
    return this;
  }

  drop(code: number): void {
    this.readyState = 3;
    this.isClosed = true;
    this.onclose?.({ code, reason: '' });
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as { type: string });
  }

  close(): void {
    this.isClosed = true;
  }
}
