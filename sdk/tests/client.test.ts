// Tests of identities, and of the calls over HTTP.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket } from 'ws';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { browserTokenStore, createClient, memoryTokenStore, type Client, type TokenStore } from '../src/index.js';
import { opened } from './joined.js';
import { problem, RoomServer, tooMany } from './room-server.js';

let server: RoomServer;

beforeEach(async () => {
  server = await RoomServer.start();
});

afterEach(() => server.stop());

test('a guest stays the same under another name, and is another one after signing out', async () => {
  server.refreshes = true;
  const client = clientOf(server.baseUrl);
  const first = await client.guest('Ada');
  expect(await client.guest('Ada')).toEqual(first);
  const renamed = await client.guest('Bob');
  expect(renamed).toEqual({ ...first, display_name: 'Bob', access_token: 't_1 as Bob' });
  expect(client.token()).toEqual(renamed);
  client.signOut();
  expect(client.token()).toBeNull();
  expect((await client.guest('Bob')).user_id).not.toBe(first.user_id);
});

test.each([
  ['somebody signs out', null],
  ['another page becomes another guest', { user_id: 'u_9', access_token: 't_9', refresh_token: 'f_9', expires_at_ms: 1, display_name: 'Eve' }],
])('an identity that is given another name while %s stays out of the store, with its own refresh token', async (_, stored) => {
  server.refreshes = true;
  const tokenStore = memoryTokenStore();
  const client = clientOf(server.baseUrl, tokenStore);
  const first = await client.guest('Ada');
  const renaming = client.guest('Bob');
  tokenStore.save(stored);
  expect(await renaming).toEqual({ ...first, display_name: 'Bob', access_token: 't_1 as Bob' });
  expect(client.token()).toEqual(stored);
});

test('renaming refreshes an expired token first, and keeps the identity', async () => {
  server.refreshes = true;
  const client = clientOf(server.baseUrl);
  const first = await client.guest('Ada');
  server.answers.push({ path: '/me', answer: problem(401, 'token_expired', 'reauth') });
  const renamed = await client.guest('Bob');
  expect(renamed).toMatchObject({ user_id: first.user_id, display_name: 'Bob', refresh_token: 'f_1+' });
  expect(server.requests.map(({ path }) => path)).toEqual(['/auth/guest', '/me', '/auth/refresh', '/me']);
});

test('a stored identity makes the next page the same guest, whatever its clock says', async () => {
  const tokenStore = memoryTokenStore();
  const first = await clientOf(server.baseUrl, tokenStore).guest('Ada');
  expect(first.expires_at_ms).toBeLessThan(Date.now());
  const reloaded = clientOf(server.baseUrl, tokenStore);
  expect(reloaded.token()).toEqual(first);
  expect(await reloaded.guest('Ada')).toEqual(first);
  expect(server.requests).toHaveLength(1);
});

test('a page whose storage is forbidden still works', () => {
  const store = browserTokenStore();
  const identity = { user_id: 'u', access_token: 't', expires_at_ms: 1, display_name: 'Ada' };
  store.save(identity);
  expect(store.load()).toEqual(identity);
  store.save(null);
  expect(store.load()).toBeNull();
});

test('the address may have a path of its own, for calls and for the socket', async () => {
  server.basePath = '/watch';
  const client = clientOf(`${server.baseUrl}/watch/`);
  expect(client.baseUrl).toBe(`${server.baseUrl}/watch`);
  await client.guest('Ada');
  const joining = client.join('ABC');
  const connection = await server.connections.take();
  await connection.welcome(1, 1);
  const session = await opened(joining);
  session.close();
  expect(connection.path).toBe('/watch/api/v1/rooms/r_1/ws');
  expect(server.requests.map(({ path }) => path)).toEqual(['/auth/guest', '/rooms/ABC/join']);
});

test('every call waits as long as the server asks it to, and is then sent again', async () => {
  const client = clientOf(server.baseUrl);
  for (const waitMs of [60, 80]) server.answers.push({ path: '/auth/guest', answer: tooMany(waitMs) });
  const askedAt = performance.now();
  expect(await client.guest('Ada')).toMatchObject({ user_id: 'u_1' });
  expect(performance.now() - askedAt).toBeGreaterThanOrEqual(135);

  server.answers.push({ path: '/rooms', answer: tooMany(20) });
  server.answers.push({ path: '/rooms', answer: { status: 201, body: { room_id: 'r_1', code: 'ABC' } } });
  expect(await client.rooms.create({ name: 'Friday' })).toMatchObject({ code: 'ABC' });
  expect(server.requests.map(({ path, token }) => [path, token])).toEqual([
    ['/auth/guest', undefined],
    ['/auth/guest', undefined],
    ['/auth/guest', undefined],
    ['/rooms', 't_1'],
    ['/rooms', 't_1'],
  ]);
});

test('a call that the server asks to wait again and again gives up', async () => {
  for (let time = 0; time < 20; time += 1) server.answers.push({ path: '/meta', answer: tooMany(1) });
  await expect(clientOf(server.baseUrl).meta()).rejects.toMatchObject({ code: 'rate_limited', retryAfterMs: 1 });
  expect(server.requests).toHaveLength(9);
});

test('calls carry the token, the path and the query', async () => {
  const client = clientOf(`${server.baseUrl}/`);
  await client.guest('Ada');
  server.answers.push({ path: '/rooms/public?page_size=5', answer: { status: 200, body: { items: [] } } });
  server.answers.push({ path: '/rooms', answer: { status: 201, body: { room_id: 'r_1', code: 'ABC' } } });
  server.answers.push({ path: '/rooms/a%2Fb', answer: { status: 200, body: { room_id: 'r_1' } } });
  server.answers.push({ path: '/sources/resolve', answer: { status: 200, body: { source: { title: 'Film' } } } });
  expect(await client.rooms.listPublic({ page_size: 5, page_token: undefined })).toEqual({ items: [] });
  expect(await client.rooms.create({ name: 'Friday', is_public: true })).toMatchObject({ code: 'ABC' });
  expect(await client.rooms.get('a/b')).toEqual({ room_id: 'r_1' });
  expect(await client.sources.resolve('https://example.org/film.mp4')).toEqual({ title: 'Film' });
  expect(server.requests.slice(1)).toEqual([
    { path: '/rooms/public?page_size=5', token: 't_1', body: undefined },
    { path: '/rooms', token: 't_1', body: { name: 'Friday', is_public: true } },
    { path: '/rooms/a%2Fb', token: 't_1', body: undefined },
    { path: '/sources/resolve', token: 't_1', body: { link: 'https://example.org/film.mp4' } },
  ]);
});

test('a refusal carries the server’s own code and sentence', async () => {
  server.answers.push({ path: '/sources/resolve', answer: problem(422, 'link_unsupported', 'never', { hint: 'x' }) });
  const client = clientOf(server.baseUrl);
  await expect(client.sources.resolve('x')).rejects.toMatchObject({
    name: 'PlayheadError',
    code: 'link_unsupported',
    status: 422,
    retry: 'never',
    outcome: 'not_applied',
    meta: { hint: 'x' },
  });
});

test.each([
  [502, 'unknown'],
  [404, 'not_applied'],
])('a %i answer without a problem document has a code of its own and may be retried', async (status, outcome) => {
  const proxy = await proxyThatSays(status, '<h1>Bad gateway</h1>');
  const { port } = proxy.address() as AddressInfo;
  const client = clientOf(`http://127.0.0.1:${port}`);
  await expect(client.guest('Ada')).rejects.toMatchObject({
    code: 'unexpected_answer',
    status,
    retry: 'backoff',
    outcome,
  });
  await new Promise((resolve) => proxy.close(resolve));
});

test('if the server can’t be reached, a read had no effect; a write may have had one', async () => {
  const client = clientOf('http://127.0.0.1:1');
  await expect(client.meta()).rejects.toMatchObject({ code: 'network_error', outcome: 'not_applied' });
  await expect(client.guest('Ada')).rejects.toMatchObject({ code: 'network_error', outcome: 'unknown' });
});

test('outside a page the address is required', () => {
  expect(() => createClient({ WebSocket })).toThrow(/baseUrl/);
});

function clientOf(baseUrl: string, tokenStore?: TokenStore): Client {
  return createClient({ baseUrl, tokenStore, WebSocket });
}

async function proxyThatSays(status: number, text: string): Promise<Server> {
  const proxy = createServer((_request, response) => response.writeHead(status).end(text));
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return proxy;
}
