// Tests of joins that are refused, and of connections that are lost.
import { WebSocket } from 'ws';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createClient, type Client } from '../src/index.js';
import { closeSessions, entered, joinAt, opened, rejection, until } from './joined.js';
import { problem, RoomServer, tooMany } from './room-server.js';

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

test.each([
  [4403, 'forbidden'],
  [4409, 'session_replaced'],
  [4410, 'room_closed'],
  [1000, 'left'],
])('close code %i ends the session with its reason', async (closeCode, code) => {
  const [joined, connection] = await joinAt(server, client, 1, 1);
  const played = joined.play();
  played.catch(() => undefined);
  await connection.next();
  connection.close(closeCode, code);
  const seen = await until(joined, (now) => now.connection === 'closed');
  expect(seen.closeReason).toMatchObject({ code, retry: 'never', closeCode });
  await expect(played).rejects.toMatchObject({ code, outcome: 'unknown' });
  await expect(joined.play()).rejects.toMatchObject({ code, outcome: 'not_applied' });
});

test.each([1000, 1001, 1011, 1012, 1013, 4408, 4500, 4503, 4504, 4508])(
  'close code %i makes it reconnect',
  async (closeCode) => {
    const [joined, connection] = await joinAt(server, client, 1, 1);
    connection.close(closeCode);
    const again = await server.connections.take();
    await again.welcome(1, 1);
    await until(joined, (now) => now.connection === 'open');
  },
);

test('a refused join is repeated as long as the refusal allows it', async () => {
  for (const code of ['limit_reached', 'room_full', 'limit_reached']) {
    server.answers.push({ path: '/join', answer: problem(409, code, 'backoff') });
  }
  const [joined] = await joinAt(server, client, 1, 1);
  expect(joined.getSnapshot().connection).toBe('open');
  expect(joinTokens()).toHaveLength(4);
});

test('a join that keeps being refused is given up after its timeout, with the refusal', async () => {
  for (let time = 0; time < 50; time += 1) {
    server.answers.push({ path: '/join', answer: problem(409, 'limit_reached', 'backoff') });
  }
  const joining = answeredAtOnce().join('r_1', { timeoutMs: 300 });
  await expect(joining).rejects.toMatchObject({ code: 'limit_reached', retry: 'backoff' });
});

test('a first join waits beyond its timeout for as long as the server asks it to', async () => {
  for (let time = 0; time < 2; time += 1) server.answers.push({ path: '/join', answer: tooMany(450) });
  const joining = answeredAtOnce().join('r_1', { timeoutMs: 400 });
  await (await server.connections.take()).welcome(1, 1);
  const session = await opened(joining);
  expect(session.getSnapshot().room.name).toBe('Friday');
});

test('a first join that the server asks to wait for ever is given up', async () => {
  for (let time = 0; time < 99; time += 1) server.answers.push({ path: '/join', answer: tooMany(20) });
  const joining = answeredAtOnce().join('r_1', { timeoutMs: 60 });
  await expect(joining).rejects.toMatchObject({ code: 'rate_limited' });
});

test('a room that was joined by its code is rejoined by its id', async () => {
  const joining = client.join('ABC');
  const connection = await server.connections.take();
  await connection.welcome(1, 1);
  const session = await opened(joining);
  connection.terminate();
  await (await server.connections.take()).welcome(1, 1);
  await until(session, (now) => now.connection === 'open');
  expect(joinPaths()).toEqual(['/rooms/ABC/join', '/rooms/r_1/join']);
});

test.each([4403, 4429])('a hello that is refused for now is repeated, though it is closed with %i', async (closeCode) => {
  const joining = client.join('r_1');
  const full = await server.connections.take();
  const { id } = await full.next();
  const error = { code: 'limit_reached', retry: 'backoff', outcome: 'not_applied', detail: 'full', meta: {} };
  full.send({ type: 'reject', id, error });
  full.send({ type: 'closing', data: { close_code: closeCode, code: 'forbidden', retry: 'never', after_ms: 0 } });
  full.close(closeCode);
  await (await server.connections.take()).welcome(1, 1);
  const session = await opened(joining);
  expect(session.getSnapshot().room.name).toBe('Friday');
});

test('a room that doesn’t exist rejects the join with the server’s code', async () => {
  server.answers.push({ path: '/join', answer: problem(404, 'room_not_found', 'never') });
  await expect(client.join('nowhere')).rejects.toMatchObject({ code: 'room_not_found', status: 404, retry: 'never' });
});

test('a refused hello closes the session with the server’s code', async () => {
  const session = await entered(client.join('r_1'));
  const connection = await server.connections.take();
  const hello = await connection.next();
  connection.send(rejection(hello.id, 'forbidden', 'not_applied'));
  connection.close(4403, 'forbidden');
  const { closeReason } = await until(session, (now) => now.connection === 'closed');
  expect(closeReason).toMatchObject({ code: 'forbidden', closeCode: 4403 });
});

test('a socket that is never welcomed ends the session after the timeout', async () => {
  const session = await entered(answeredAtOnce().join('r_1', { timeoutMs: 1000 }));
  const connection = await server.connections.take();
  await connection.next();
  const { closeReason } = await until(session, (now) => now.connection === 'closed');
  expect(closeReason).toMatchObject({ code: 'join_timeout' });
});

test('a server that is down is tried again until it is back', async () => {
  const { port } = server;
  const [joined] = await joinAt(server, client, 1, 4);
  await server.stop();
  await until(joined, (now) => now.connection === 'reconnecting');
  server = await RoomServer.start(port);
  const again = await server.connections.take();
  await again.welcome(2, 5);
  expect(await until(joined, (now) => now.connection === 'open')).toMatchObject({ epoch: 2, version: 5 });
});

test('a join that never succeeds is given up after its timeout', async () => {
  const unreachable = () => Promise.reject(new TypeError('fetch failed'));
  const away = createClient({ baseUrl: server.baseUrl, WebSocket, fetch: unreachable });
  await expect(away.join('r_1', { timeoutMs: 300 })).rejects.toMatchObject({ code: 'network_error', retry: 'backoff' });
});

test.each([
  [4429, 'rate_limited', 'after'],
  [4503, 'draining', 'immediate'],
])('the wait that a closing frame with %i asks for is respected', async (close_code, code, retry) => {
  const [joined, connection] = await joinAt(server, client, 1, 1);
  connection.send({ type: 'closing', data: { close_code, code, retry, after_ms: 400 } });
  const closedAt = performance.now();
  connection.close(close_code);
  const again = await server.connections.take();
  expect(performance.now() - closedAt).toBeGreaterThanOrEqual(390);
  await again.welcome(1, 1);
  await until(joined, (now) => now.connection === 'open');
});

test('the wait that a refused join asks for is respected', async () => {
  const [joined, connection] = await joinAt(server, client, 1, 1);
  server.answers.push({ path: '/join', answer: tooMany(700) });
  const closedAt = performance.now();
  connection.terminate();
  const again = await server.connections.take();
  expect(performance.now() - closedAt).toBeGreaterThanOrEqual(690);
  await again.welcome(1, 1);
  await until(joined, (now) => now.connection === 'open');
});

test('a connection on which the server goes silent is replaced', async () => {
  const joining = client.join('r_1');
  const connection = await server.connections.take();
  connection.silent = true;
  await connection.welcome(1, 1, {}, { dead_after_ms: 300 });
  const session = await opened(joining);
  const again = await server.connections.take();
  await again.welcome(1, 1);
  await until(session, (now) => now.connection === 'open');
});

/** A client whose requests take no time. */
function answeredAtOnce(): Client {
  return createClient({ baseUrl: server.baseUrl, WebSocket, fetch: server.fetch });
}

function joinTokens(): (string | undefined)[] {
  return server.requests.filter(({ path }) => path.endsWith('/join')).map(({ token }) => token);
}

function joinPaths(): string[] {
  return server.requests.map(({ path }) => path).filter((path) => path.endsWith('/join'));
}
