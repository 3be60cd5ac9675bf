// Tests of a session in a room: joining, events and commands.
import { WebSocket } from 'ws';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createClient, PlayheadError, type Client } from '../src/index.js';
import { changed, closeSessions, entered, event, joinAt, opened, rejection, until } from './joined.js';
import { playback, problem, room, RoomServer } from './room-server.js';

let server: RoomServer;
let client: Client;

beforeEach(async () => {
  server = await RoomServer.start();
  client = createClient({ baseUrl: server.baseUrl, WebSocket });
  await client.guest('Ada');
});

afterEach(async () => {
  closeSessions();
  await server.stop();
});

test('joining says hello with its capability and opens the welcomed room', async () => {
  const [joined, connection, hello] = await joinAt(server, client, 3, 7);
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

test('the room is known before its socket is open, and the welcome brings what has changed since', async () => {
  // A room clock unrelated to any wall clock.
  const nowMs = 5_000_000;
  const early = playback({ media_id: 'm_1', status: 'playing', position_ms: 5_000, anchor_at_ms: nowMs - 3_000 });
  server.atJoin = { epoch: 2, version: 3, at_ms: nowMs, room: room({ playback: early }) };
  const session = await entered(client.join('r_1'));
  expect(session.getSnapshot()).toMatchObject({ connection: 'connecting', epoch: 2, version: 3, clock: null });
  expect(session.expected()).toBeGreaterThanOrEqual(8_000);
  expect(session.expected()).toBeLessThan(12_000);
  const connection = await server.connections.take();
  const hello = await connection.welcome(2, 4, { playback: playback({ media_id: 'm_1', position_ms: 7_000 }) });
  expect(hello.data).not.toHaveProperty('resume');
  const { playback: now } = await until(session, ({ version }) => version === 4);
  expect(now).toMatchObject({ status: 'paused', position_ms: 7_000 });
});

test('until the welcome the room is what the latest join says', async () => {
  const session = await entered(client.join('r_1'));
  server.atJoin = { ...server.atJoin, epoch: 2, version: 3, room: room({ name: 'Saturday' }) };
  (await server.connections.take()).terminate();
  const connection = await server.connections.take();
  expect((await until(session, ({ version }) => version === 3)).room.name).toBe('Saturday');
  await connection.welcome(2, 3, { name: 'Saturday' });
  expect((await until(session, (now) => now.connection === 'open')).sessionId).toBe('s_1');
});

test('after a welcome that is older than the join it joins again', async () => {
  server.atJoin = { ...server.atJoin, epoch: 2, version: 3 };
  const session = await entered(client.join('r_1'));
  await (await server.connections.take()).welcome(2, 2);
  await (await server.connections.take()).welcome(2, 3);
  expect((await until(session, ({ connection }) => connection === 'open')).version).toBe(3);
});

test('a page without a player joins no barrier', async () => {
  const joining = client.join('r_1', { ready: false });
  const connection = await server.connections.take();
  const hello = await connection.welcome(1, 1);
  await opened(joining);
  expect(hello.data['capabilities']).toEqual([]);
});

test('events are applied in order and passed to listeners', async () => {
  const [joined, connection] = await joinAt(server, client, 1, 1);
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
  const [joined, connection] = await joinAt(server, client, 1, 1);
  connection.send({ type: 'of_the_future', epoch: 1, version: 2, at_ms: 0, data: { odd: true } });
  connection.send(changed(1, 3, { position_ms: 30 }));
  expect((await until(joined, ({ version }) => version === 3)).playback.position_ms).toBe(30);
});

test('after a gap it reconnects for the latest snapshot', async () => {
  const [joined, connection] = await joinAt(server, client, 1, 1);
  connection.send(changed(1, 3, { position_ms: 30 }));
  const again = await server.connections.take();
  const hello = await again.welcome(1, 4, { playback: playback({ position_ms: 40 }) });
  expect(hello.data['resume']).toEqual({ session_id: 's_1', epoch: 1, version: 1 });
  const seen = await until(joined, ({ version }) => version === 4);
  expect(seen.playback.position_ms).toBe(40);
  expect(again.ticket).not.toBe(connection.ticket);
});

test('a new epoch is accepted only if it was announced', async () => {
  const [joined, connection] = await joinAt(server, client, 1, 5);
  connection.send({ type: 'rebased', epoch: 2, version: 6, at_ms: 0, data: { previous: { epoch: 1, version: 5 }, lost: true } });
  connection.send({ type: 'room_state', epoch: 2, version: 6, at_ms: 0, data: { room: room({ name: 'Rebuilt' }) } });
  const seen = await until(joined, (now) => now.room.name === 'Rebuilt');
  expect(seen).toMatchObject({ epoch: 2, version: 6, notice: { code: 'rebased' } });
  connection.send(changed(4, 7, { position_ms: 70 }));
  const again = await server.connections.take();
  await again.welcome(4, 7);
  expect((await until(joined, ({ epoch }) => epoch === 4)).version).toBe(7);
});

test('a missed rebuild is announced once after the welcome and needs no snapshot', async () => {
  const [joined, connection] = await joinAt(server, client, 1, 5);
  const announced: number[] = [];
  joined.on('rebased', ({ previous }, { epoch }) => announced.push(previous.epoch, epoch!));
  connection.terminate();
  const again = await server.connections.take();
  const hello = await again.welcome(2, 5, { name: 'Rebuilt' });
  const rebased = { type: 'rebased', epoch: 2, version: 5, at_ms: 0, data: { previous: { epoch: 1, version: 5 }, lost: true } };
  again.send(rebased);
  again.send(rebased);
  again.send(changed(2, 6, { position_ms: 60 }));
  expect(hello.data['resume']).toMatchObject({ epoch: 1 });
  const seen = await until(joined, ({ version }) => version === 6);
  expect(seen).toMatchObject({ epoch: 2, room: { name: 'Rebuilt' }, notice: { code: 'rebased' } });
  expect(announced).toEqual([1, 2]);
});

test('a rebuild before the first welcome is not news', async () => {
  const [joined, connection] = await joinAt(server, client, 2, 5);
  connection.send({ type: 'rebased', epoch: 2, version: 5, at_ms: 0, data: { previous: { epoch: 1, version: 5 }, lost: true } });
  connection.send(changed(2, 6, {}));
  expect((await until(joined, ({ version }) => version === 6)).notice).toBeUndefined();
});

test('a snapshot older than what was seen is not accepted', async () => {
  const [joined, connection] = await joinAt(server, client, 2, 9);
  connection.terminate();
  const behind = await server.connections.take();
  await behind.welcome(2, 8, { name: 'Older' });
  const current = await server.connections.take();
  await current.welcome(2, 9, { name: 'Current' });
  const seen = await until(joined, (now) => now.connection === 'open');
  expect(seen.room.name).toBe('Current');
});

test('each sub-state is replaced as a whole by its events', async () => {
  const [joined, connection] = await joinAt(server, client, 1, 1);
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

test('an event changes the room only at its place', async () => {
  const [joined, connection] = await joinAt(server, client, 1, 1);
  connection.send({ type: 'room_changed', data: { ...room(), name: 'Elsewhere' } });
  connection.send(event('presence_changed', 2, { participants: [], total: 9 }));
  connection.send({ type: 'viewer_count_changed', data: { viewer_count: 70, peak_viewers: 90 } });
  const seen = await until(joined, ({ viewerCount }) => viewerCount === 70);
  expect(seen.room.name).not.toBe('Elsewhere');
  expect(seen.presenceTotal).not.toBe(9);
});

test('a former host learns the role that it was granted', async () => {
  const items = [{ participant_id: 'p_2', display_name: 'Bob', role: 'host' }, { participant_id: 'p_1', display_name: 'Ada', role: 'co_host' }];
  server.answers.push({ path: '/participants?page_size=200', answer: { status: 200, body: { items, total: 2 } } });
  const [joined, connection] = await joinAt(server, client, 1, 1);
  connection.send(event('host_changed', 2, { host_id: 'p_2', fence: 2, cause: 'transfer' }));
  await until(joined, ({ me }) => me.role === 'co_host');
  expect(server.requests.filter(({ path }) => path.includes('/participants'))).toHaveLength(1);
});

test.each([
  ['is not listed', { status: 200, body: { items: [], total: 0 } }],
  ['gets no answer', problem(503, 'store_unavailable', 'backoff')],
])('a former host that %s is a guest until presence says otherwise', async (_what, answer) => {
  server.answers.push({ path: '/participants?page_size=200', answer });
  const [joined, connection] = await joinAt(server, client, 1, 1);
  connection.send(event('host_changed', 2, { host_id: 'p_2', fence: 2, cause: 'transfer' }));
  await until(joined, ({ me }) => me.role === 'guest');
  const participants = [{ participant_id: 'p_1', display_name: 'Ada', role: 'moderator' }];
  connection.send({ type: 'presence_changed', data: { participants, total: 1 } });
  await until(joined, ({ me }) => me.role === 'moderator');
});

test('commands carry their data and resolve with their ack', async () => {
  const [joined, connection] = await joinAt(server, client, 1, 1);
  const sought = joined.seek(1234.4, { expectedVersion: 1 });
  const frame = await connection.next();
  expect(frame).toMatchObject({ type: 'seek', data: { position_ms: 1234, expected_version: 1 } });
  connection.send({ type: 'ack', id: frame.id, epoch: 1, version: 2, data: { duplicate: false } });
  expect(await sought).toEqual({ epoch: 1, version: 2, duplicate: false });
});

test('a reject is the error of its command alone', async () => {
  const [joined, connection] = await joinAt(server, client, 1, 1);
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
  const [joined, connection] = await joinAt(server, client, 1, 1);
  const played = joined.play();
  const first = await connection.next();
  connection.send(rejection(first.id, 'store_unavailable', 'unknown'));
  const second = await connection.next();
  expect(second).toEqual(first);
  connection.send({ type: 'ack', id: second.id, epoch: 1, version: 2, data: { duplicate: true } });
  expect((await played).duplicate).toBe(true);
});

test('commands without an answer are sent again in order after a lost connection', async () => {
  const [joined, connection] = await joinAt(server, client, 1, 1);
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
  const [first, connection] = await joinAt(server, client, 1, 1);
  void first.play().catch(() => undefined);
  const one = await connection.next();
  first.close();
  const [second, other] = await joinAt(server, client, 1, 1);
  void second.play().catch(() => undefined);
  expect((await other.next()).id).not.toBe(one.id);
});

test('a refused command says how long to wait', async () => {
  const [joined, connection] = await joinAt(server, client, 1, 1);
  const played = joined.play();
  const { id } = await connection.next();
  const error = { code: 'rate_limited', retry: 'after', retry_after_ms: 250, outcome: 'not_applied', detail: 'slow down', meta: {} };
  connection.send({ type: 'reject', id, error });
  await expect(played).rejects.toMatchObject({ code: 'rate_limited', retry: 'after', retryAfterMs: 250 });
});

test('the room clock is known after the burst', async () => {
  const [joined, connection] = await joinAt(server, client, 1, 1);
  const { clock } = await until(joined, (now) => now.clock !== null);
  expect(clock!.rttMs).toBeGreaterThanOrEqual(0);
  expect(Math.abs(joined.now() - Date.now())).toBeLessThan(clock!.uncertaintyMs + 50);
  expect(connection.pings.length).toBeGreaterThanOrEqual(4);
});

test('leaving informs the server and doesn’t reconnect', async () => {
  const [joined, connection] = await joinAt(server, client, 1, 1);
  const left = joined.leave();
  const frame = await connection.next();
  expect(frame.type).toBe('leave');
  connection.send({ type: 'ack', id: frame.id, epoch: 1, version: 1, data: { duplicate: false } });
  connection.close(1000);
  await left;
  expect(joined.getSnapshot()).toMatchObject({ connection: 'closed', closeReason: { code: 'left' } });
  expect(server.connections.empty).toBe(true);
});

test('anything that isn’t a frame is ignored', async () => {
  const [joined, connection] = await joinAt(server, client, 1, 1);
  connection.send([1, 2]);
  connection.send({ type: 7 });
  connection.send({ type: 'ack', id: 'somebody-else', epoch: 1, version: 9, data: {} });
  connection.send({ type: 'reject', id: null, error: { code: 'invalid_json', retry: 'never', outcome: 'not_applied', detail: 'no' } });
  connection.send(changed(1, 2, { position_ms: 5 }));
  const seen = await until(joined, ({ version }) => version === 2);
  expect(seen).toMatchObject({ connection: 'open', notice: { code: 'invalid_json' } });
});

test('a snapshot stays the same object until something changes', async () => {
  const [joined, connection] = await joinAt(server, client, 1, 1);
  await until(joined, (now) => now.clock !== null);
  const before = joined.getSnapshot();
  expect(joined.getSnapshot()).toBe(before);
  connection.send(changed(1, 2, { position_ms: 5 }));
  const after = await until(joined, ({ version }) => version === 2);
  expect(before.version).toBe(1);
  expect(after.presence).toBe(before.presence);
});
