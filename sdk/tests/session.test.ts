import { WebSocket } from 'ws';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createClient, PlayheadError, type Client, type RoomSession, type SessionSnapshot } from '../src/index.js';
import { playback, problem, room, RoomServer, type Connection } from './room-server.js';

let server: RoomServer;
let client: Client;
let session: RoomSession | undefined;

beforeEach(async () => {
  server = await RoomServer.start();
  client = newClient();
  await client.guest('Ada');
});

afterEach(async () => {
  session?.close();
  session = undefined;
  await server.stop();
});

test('joining says hello with its capability and resolves with the welcomed room', async () => {
  const [joined, connection, hello] = await join(3, 7);
  expect(hello).toMatchObject({ type: 'hello', data: { capabilities: ['ready'] } });
  expect(hello.data).not.toHaveProperty('resume');
  expect(connection.ticket).toMatch(/^k\/\d$/);
  expect(joined.getSnapshot()).toMatchObject({
    connection: 'open',
    sessionId: 's_1',
    me: { participant_id: 'p_1', role: 'host' },
    epoch: 3,
    version: 7,
    room: { name: 'Friday' },
    media: null,
  });
});

test('a page without a player joins no barrier', async () => {
  const joining = client.join('r_1', { ready: false });
  const connection = await server.connections.take();
  const hello = await connection.welcome(1, 1);
  session = await joining;
  expect(hello.data['capabilities']).toEqual([]);
});

test('events are applied in their order and told to listeners', async () => {
  const [joined, connection] = await join(1, 1);
  const causes: string[] = [];
  joined.on('playback_changed', (data, frame) => causes.push(`${data.cause} ${frame.version}`));
  connection.send(changed(1, 2, { status: 'playing', position_ms: 10 }));
  connection.send(changed(1, 2, { status: 'paused', position_ms: 999 }));
  connection.send(changed(0, 9, { status: 'paused', position_ms: 999 }));
  connection.send(changed(1, 3, { status: 'playing', position_ms: 20 }));
  const seen = await until(joined, ({ version }) => version === 3);
  expect(seen.playback).toMatchObject({ status: 'playing', position_ms: 20 });
  expect(seen.room.playback).toBe(seen.playback);
  expect(causes).toEqual(['play 2', 'play 3']);
});

test('an unknown event type takes its place in the order', async () => {
  const [joined, connection] = await join(1, 1);
  connection.send({ type: 'of_the_future', epoch: 1, version: 2, at_ms: 0, data: { odd: true } });
  connection.send(changed(1, 3, { position_ms: 30 }));
  expect((await until(joined, ({ version }) => version === 3)).playback.position_ms).toBe(30);
});

test('a gap makes it come back for the newest snapshot', async () => {
  const [joined, connection] = await join(1, 1);
  connection.send(changed(1, 3, { position_ms: 30 }));
  const again = await server.connections.take();
  const hello = await again.welcome(1, 4, { playback: playback({ position_ms: 40 }) });
  expect(hello.data['resume']).toEqual({ session_id: 's_1', epoch: 1, version: 1 });
  const seen = await until(joined, ({ version }) => version === 4);
  expect(seen.playback.position_ms).toBe(40);
  expect(again.ticket).not.toBe(connection.ticket);
});

test('a new epoch is taken only when it is announced', async () => {
  const [joined, connection] = await join(1, 5);
  connection.send({ type: 'rebased', epoch: 2, version: 6, at_ms: 0, data: { previous: { epoch: 1, version: 5 }, lost: true } });
  connection.send({ type: 'room_state', epoch: 2, version: 6, at_ms: 0, data: { room: room({ name: 'Rebuilt' }) } });
  const seen = await until(joined, (now) => now.room.name === 'Rebuilt');
  expect(seen).toMatchObject({ epoch: 2, version: 6, notice: { code: 'rebased' } });
  connection.send(changed(4, 7, { position_ms: 70 }));
  const again = await server.connections.take();
  await again.welcome(4, 7);
  expect((await until(joined, ({ epoch }) => epoch === 4)).version).toBe(7);
});

test('a snapshot older than what was seen is not taken', async () => {
  const [joined, connection] = await join(2, 9);
  connection.terminate();
  const behind = await server.connections.take();
  await behind.welcome(2, 8, { name: 'Older' });
  const current = await server.connections.take();
  await current.welcome(2, 9, { name: 'Current' });
  const seen = await until(joined, (now) => now.connection === 'open');
  expect(seen.room.name).toBe('Current');
});

test('the whole of each sub-state follows its events', async () => {
  const [joined, connection] = await join(1, 1);
  const media = { media_id: 'm_1', title: 'Film' };
  const { is_public, settings, chat } = room();
  const profile = { is_public, settings, chat };
  connection.send(event('media_changed', 2, { cause: 'set_media', by: 'p_1', media, playback: playback({ media_id: 'm_1' }) }));
  connection.send(event('host_changed', 3, { host_id: 'p_2', fence: 2, cause: 'transfer' }));
  connection.send(event('role_changed', 4, { participant_id: 'p_1', role: 'co_host', by: 'p_2' }));
  connection.send(event('room_changed', 5, { ...profile, name: 'Saturday' }));
  const lifecycle = { state: 'grace', host_id: 'p_2', fence: 2, deadline_ms: 9, playback: playback({ position_ms: 6 }), cause: 'host_lost' };
  connection.send(event('lifecycle_changed', 6, lifecycle));
  connection.send({ type: 'presence_changed', data: { participants: [{ participant_id: 'p_1', display_name: 'Ada', role: 'co_host' }], total: 70 } });
  connection.send({ type: 'viewer_count_changed', data: { viewer_count: 70, peak_viewers: 90 } });
  const seen = await until(joined, ({ viewerCount }) => viewerCount === 70);
  expect(seen).toMatchObject({
    version: 6,
    me: { role: 'co_host' },
    media,
    presenceTotal: 70,
    room: { name: 'Saturday', host_id: 'p_2', state: 'grace', peak_viewers: 90, playback: { position_ms: 6 } },
  });
});

test('commands carry what they say and resolve with their ack', async () => {
  const [joined, connection] = await join(1, 1);
  const sought = joined.seek(1234.4, { expectedVersion: 1 });
  const frame = await connection.next();
  expect(frame).toMatchObject({ type: 'seek', data: { position_ms: 1234, expected_version: 1 } });
  connection.send({ type: 'ack', id: frame.id, epoch: 1, version: 2, data: { duplicate: false } });
  expect(await sought).toEqual({ epoch: 1, version: 2, duplicate: false });
});

test('a reject is the error of its command alone', async () => {
  const [joined, connection] = await join(1, 1);
  const played = joined.play();
  const paused = joined.pause();
  const [first, second] = [await connection.next(), await connection.next()];
  connection.send(rejection(first.id, 'not_host', 'not_applied'));
  connection.send({ type: 'ack', id: second.id, epoch: 1, version: 1, data: { duplicate: false } });
  const error: unknown = await played.catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(PlayheadError);
  expect(error).toMatchObject({ code: 'not_host', outcome: 'not_applied', retry: 'never' });
  expect((await paused).version).toBe(1);
  expect(first.id).not.toBe(second.id);
});

test('an unknown outcome repeats the same id', async () => {
  const [joined, connection] = await join(1, 1);
  const played = joined.play();
  const first = await connection.next();
  connection.send(rejection(first.id, 'store_unavailable', 'unknown'));
  const second = await connection.next();
  expect(second).toEqual(first);
  connection.send({ type: 'ack', id: second.id, epoch: 1, version: 2, data: { duplicate: true } });
  expect((await played).duplicate).toBe(true);
});

test('commands without an answer go out again after a lost connection, in their order', async () => {
  const [joined, connection] = await join(1, 1);
  const played = joined.play();
  const sent = await connection.next();
  connection.terminate();
  await until(joined, (now) => now.connection === 'reconnecting');
  const paused = joined.pause();
  const again = await server.connections.take();
  await again.welcome(1, 2);
  const [first, second] = [await again.next(), await again.next()];
  expect(first).toEqual(sent);
  expect(second.type).toBe('pause');
  for (const { id } of [first, second]) again.send({ type: 'ack', id, epoch: 1, version: 2, data: { duplicate: true } });
  expect((await Promise.all([played, paused])).map(({ version }) => version)).toEqual([2, 2]);
});

test('two sessions of one participant never share an id', async () => {
  const [first, connection] = await join(1, 1);
  void first.play().catch(() => undefined);
  const one = await connection.next();
  first.close();
  const [second, other] = await join(1, 1);
  void second.play().catch(() => undefined);
  expect((await other.next()).id).not.toBe(one.id);
});

test.each([
  [4403, 'forbidden'],
  [4409, 'session_replaced'],
  [4410, 'room_closed'],
  [4411, 'kicked'],
])('close code %i ends the session with its reason', async (closeCode, code) => {
  const [joined, connection] = await join(1, 1);
  const played = joined.play();
  played.catch(() => undefined);
  await connection.next();
  connection.close(closeCode, code);
  const seen = await until(joined, (now) => now.connection === 'closed');
  expect(seen.closeReason).toMatchObject({ code, retry: 'never', closeCode });
  await expect(played).rejects.toMatchObject({ code, outcome: 'unknown' });
  await expect(joined.play()).rejects.toMatchObject({ code, outcome: 'not_applied' });
});

test.each([1000, 1001, 1011, 1012, 1013, 4408, 4500, 4503, 4504, 4508, 4509])(
  'close code %i makes it come back',
  async (closeCode) => {
    const [joined, connection] = await join(1, 1);
    connection.close(closeCode);
    const again = await server.connections.take();
    await again.welcome(1, 1);
    await until(joined, (now) => now.connection === 'open');
  },
);

test('an expired identity is renewed once', async () => {
  const [joined, connection] = await join(1, 1);
  connection.close(4401, 'token_expired');
  const again = await server.connections.take();
  await again.welcome(1, 1);
  await until(joined, (now) => now.connection === 'open');
  const tokens = server.requests.filter(({ path }) => path.endsWith('/join')).map(({ token }) => token);
  expect(tokens).toEqual(['t_1', 't_2']);
  expect(client.token()?.display_name).toBe('Ada');
});

test('an identity that is refused twice ends the join', async () => {
  for (let time = 0; time < 2; time += 1) {
    server.answers.push({ path: '/join', answer: problem(401, 'unauthenticated', 'reauth') });
  }
  await expect(client.join('r_1')).rejects.toMatchObject({ code: 'unauthenticated', status: 401 });
  expect(server.requests.map(({ path }) => path)).toEqual(['/auth/guest', '/rooms/r_1/join', '/auth/guest', '/rooms/r_1/join']);
});

test('a room that is not there rejects the join in its own words', async () => {
  server.answers.push({ path: '/join', answer: problem(404, 'room_not_found', 'never') });
  await expect(client.join('nowhere')).rejects.toMatchObject({ code: 'room_not_found', status: 404, retry: 'never' });
});

test('a refused hello rejects the join with the server’s code', async () => {
  const joining = client.join('r_1');
  joining.catch(() => undefined);
  const connection = await server.connections.take();
  const hello = await connection.next();
  connection.send(rejection(hello.id, 'forbidden', 'not_applied'));
  connection.close(4403, 'forbidden');
  await expect(joining).rejects.toMatchObject({ code: 'forbidden', status: 4403 });
});

test('a server that is away is asked again until it is back', async () => {
  const { port } = server;
  const [joined] = await join(1, 4);
  await server.stop();
  await until(joined, (now) => now.connection === 'reconnecting');
  server = await RoomServer.start(port);
  const again = await server.connections.take();
  await again.welcome(2, 5);
  expect(await until(joined, (now) => now.connection === 'open')).toMatchObject({ epoch: 2, version: 5 });
});

test('a join that never succeeds is given up in its time', async () => {
  const away = createClient({ baseUrl: 'http://127.0.0.1:1', WebSocket });
  await expect(away.join('r_1', { timeoutMs: 300 })).rejects.toMatchObject({ code: 'network_error', retry: 'backoff' });
});

test('the wait that a closing frame asks for is kept', async () => {
  const [joined, connection] = await join(1, 1);
  connection.send({ type: 'closing', data: { close_code: 4429, code: 'rate_limited', retry: 'after', after_ms: 400 } });
  const closedAt = performance.now();
  connection.close(4429);
  const again = await server.connections.take();
  expect(performance.now() - closedAt).toBeGreaterThanOrEqual(390);
  await again.welcome(1, 1);
  await until(joined, (now) => now.connection === 'open');
});

test('the wait that a refused join asks for is kept', async () => {
  const [joined, connection] = await join(1, 1);
  const { status, body } = problem(429, 'rate_limited', 'after');
  server.answers.push({ path: '/join', answer: { status, body: { ...(body as object), retry_after_ms: 700 } } });
  const closedAt = performance.now();
  connection.terminate();
  const again = await server.connections.take();
  expect(performance.now() - closedAt).toBeGreaterThanOrEqual(690);
  await again.welcome(1, 1);
  await until(joined, (now) => now.connection === 'open');
});

test('a refused command says how long to wait', async () => {
  const [joined, connection] = await join(1, 1);
  const played = joined.play();
  const { id } = await connection.next();
  const error = { code: 'rate_limited', retry: 'after', retry_after_ms: 250, outcome: 'not_applied', detail: 'slow down', meta: {} };
  connection.send({ type: 'reject', id, error });
  await expect(played).rejects.toMatchObject({ code: 'rate_limited', retry: 'after', retryAfterMs: 250 });
});

test('a server that goes silent is left for another connection', async () => {
  const joining = client.join('r_1');
  const connection = await server.connections.take();
  connection.silent = true;
  await connection.welcome(1, 1, {}, { dead_after_ms: 300 });
  session = await joining;
  const again = await server.connections.take();
  await again.welcome(1, 1);
  await until(session, (now) => now.connection === 'open');
});

test('the room clock is known after the burst', async () => {
  const [joined, connection] = await join(1, 1);
  const { clock } = await until(joined, (now) => now.clock !== null);
  expect(clock!.rttMs).toBeGreaterThanOrEqual(0);
  expect(Math.abs(joined.now() - Date.now())).toBeLessThan(clock!.uncertaintyMs + 50);
  expect(connection.pings.length).toBeGreaterThanOrEqual(4);
});

test('leaving tells the server and does not come back', async () => {
  const [joined, connection] = await join(1, 1);
  const left = joined.leave();
  const frame = await connection.next();
  expect(frame.type).toBe('leave');
  connection.send({ type: 'ack', id: frame.id, epoch: 1, version: 1, data: { duplicate: false } });
  connection.close(1000);
  await left;
  expect(joined.getSnapshot()).toMatchObject({ connection: 'closed', closeReason: { code: 'left' } });
  expect(server.connections.empty).toBe(true);
});

test('what is no frame at all is ignored', async () => {
  const [joined, connection] = await join(1, 1);
  connection.send([1, 2]);
  connection.send({ type: 7 });
  connection.send({ type: 'ack', id: 'somebody-else', epoch: 1, version: 9, data: {} });
  connection.send({ type: 'reject', id: null, error: { code: 'invalid_json', retry: 'never', outcome: 'not_applied', detail: 'no' } });
  connection.send(changed(1, 2, { position_ms: 5 }));
  const seen = await until(joined, ({ version }) => version === 2);
  expect(seen).toMatchObject({ connection: 'open', notice: { code: 'invalid_json' } });
});

test('a snapshot stays the same object until something changes', async () => {
  const [joined, connection] = await join(1, 1);
  await until(joined, (now) => now.clock !== null);
  const before = joined.getSnapshot();
  expect(joined.getSnapshot()).toBe(before);
  connection.send(changed(1, 2, { position_ms: 5 }));
  const after = await until(joined, ({ version }) => version === 2);
  expect(before.version).toBe(1);
  expect(after.presence).toBe(before.presence);
});

function newClient(): Client {
  return createClient({ baseUrl: server.baseUrl, WebSocket });
}

async function join(epoch: number, version: number) {
  const joining = client.join('r_1');
  const connection: Connection = await server.connections.take();
  const hello = await connection.welcome(epoch, version);
  session = await joining;
  return [session, connection, hello] as const;
}

function until(of: RoomSession, holds: (now: SessionSnapshot) => boolean): Promise<SessionSnapshot> {
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(() => reject(new Error(`never so: ${JSON.stringify(of.getSnapshot())}`)), 8_000);
    const check = () => {
      const now = of.getSnapshot();
      if (!holds(now)) return;
      clearTimeout(deadline);
      unsubscribe();
      resolve(now);
    };
    const unsubscribe = of.subscribe(check);
    check();
  });
}

function event(type: string, version: number, data: object): object {
  return { type, epoch: 1, version, at_ms: 0, data };
}

function changed(epoch: number, version: number, part: Parameters<typeof playback>[0]): object {
  return { type: 'playback_changed', epoch, version, at_ms: 0, data: { cause: 'play', by: 'p_1', playback: playback(part) } };
}

function rejection(id: string | undefined, code: string, outcome: string): object {
  return { type: 'reject', id, error: { code, retry: 'never', outcome, detail: code, meta: {} } };
}
