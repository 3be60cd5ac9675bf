// Tests of how a guest stays the same person when a token ends.
import { WebSocket } from 'ws';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createClient, memoryTokenStore, type Client, type Identity, type TokenStore } from '../src/index.js';
import { closeSessions, joinAt, opened, until } from './joined.js';
import { problem, RoomServer, tooMany, type Answer, type Connection } from './room-server.js';

const EXPIRED = problem(401, 'token_expired', 'reauth');
const UNKNOWN = problem(401, 'token_invalid', 'reauth');

let server: RoomServer;
let tokenStore: TokenStore;
let replacedBy: Identity[];
let client: Client;

beforeEach(async () => {
  server = await RoomServer.start();
  tokenStore = memoryTokenStore();
  replacedBy = [];
  client = clientOf();
  await client.guest('Ada');
});

afterEach(async () => {
  closeSessions();
  vi.unstubAllGlobals();
  await server.stop();
});

test('an access token that has ended is renewed, and its owner stays the same person', async () => {
  server.answers.push({ path: '/rooms', answer: EXPIRED });
  server.answers.push({ path: '/rooms', answer: { status: 201, body: { room_id: 'r_1', code: 'ABC' } } });
  expect(await client.rooms.create({ name: 'Friday' })).toMatchObject({ code: 'ABC' });
  expect(asked()).toEqual(['/auth/guest', '/rooms t_1', '/auth/refresh f_1', '/rooms t_1+']);
  expect(tokenStore.load()).toMatchObject({ user_id: 'u_1', display_name: 'Ada', access_token: 't_1+', refresh_token: 'f_1+' });
  expect(replacedBy).toEqual([]);
});

test('calls that are refused together renew the token once', async () => {
  const states = ['r_1', 'r_2', 'r_3'].map((room) => ({ path: `/rooms/${room}`, answer: EXPIRED }));
  server.answers.push(...states);
  const all = await Promise.allSettled(['r_1', 'r_2', 'r_3'].map((room) => client.rooms.get(room)));
  expect(all.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(asked().filter((one) => one.startsWith('/auth/refresh'))).toEqual(['/auth/refresh f_1']);
  expect(asked().filter((one) => one.endsWith(' t_1+'))).toHaveLength(3);
});

test('a connection whose token has ended comes back as the same person', async () => {
  const [joined, connection] = await joinAt(server, client, 1, 1);
  connection.close(4401, 'token_expired');
  server.answers.push({ path: '/join', answer: EXPIRED });
  await (await server.connections.take()).welcome(1, 1);
  await until(joined, (now) => now.connection === 'open');
  expect(asked().slice(1)).toEqual(['/rooms/r_1/join t_1', '/rooms/r_1/join t_1', '/auth/refresh f_1', '/rooms/r_1/join t_1+']);
  expect(client.token()).toMatchObject({ user_id: 'u_1', display_name: 'Ada' });
});

test.each<[string, Answer]>([
  ['is down', problem(503, 'store_unavailable', 'backoff')],
  ['answers through a broken proxy', { status: 502, body: 'Bad gateway' }],
  ['refuses the page’s origin', problem(403, 'origin_forbidden', 'never')],
])('while the server %s nobody becomes another guest', async (_, refusal) => {
  server.answers.push({ path: '/rooms', answer: EXPIRED }, { path: '/auth/refresh', answer: refusal });
  await expect(client.rooms.create({ name: 'Friday' })).rejects.toMatchObject({ status: refusal.status });
  expect(tokenStore.load()).toMatchObject({ user_id: 'u_1', refresh_token: 'f_1' });
  expect(asked().filter((one) => one === '/auth/guest')).toHaveLength(1);
});

test('a renewal that fails for now, or has to wait, is repeated until the join succeeds', async () => {
  server.answers.push({ path: '/join', answer: EXPIRED }, { path: '/join', answer: EXPIRED });
  server.answers.push({ path: '/auth/refresh', answer: problem(503, 'store_unavailable', 'backoff') });
  server.answers.push({ path: '/auth/refresh', answer: tooMany(30) });
  await joinAt(server, client, 1, 1);
  expect(asked().filter((one) => one.startsWith('/auth'))).toEqual(['/auth/guest', ...Array(3).fill('/auth/refresh f_1')]);
  expect(tokenStore.load()).toMatchObject({ user_id: 'u_1', access_token: 't_1+' });
});

test('a renewal that fails while the server goes away is repeated when it is back', async () => {
  const leaving = server;
  const { port } = leaving;
  const unreachable = gate();
  const away = clientOf(async (input, init) => {
    const isRefresh = String(input).endsWith('/auth/refresh');
    const response = await fetch(input, init).catch((error: unknown) => {
      if (isRefresh) unreachable.open();
      throw error;
    });
    const answer = new Response(await response.text(), response);
    if (response.status === 401) await leaving.stop();
    return answer;
  });
  server.answers.push({ path: '/join', answer: EXPIRED });
  const joining = away.join('r_1');
  await unreachable.opened;
  server = await RoomServer.start(port);
  server.answers.push({ path: '/join', answer: EXPIRED });
  await (await server.connections.take()).welcome(1, 1);
  await opened(joining);
  expect(asked()).toEqual(['/rooms/r_1/join t_1', '/auth/refresh f_1', '/rooms/r_1/join t_1+']);
  expect(tokenStore.load()).toMatchObject({ user_id: 'u_1', refresh_token: 'f_1+' });
});

test('only an identity that is refused for good makes way for a new guest, and the page hears of it', async () => {
  server.answers.push({ path: '/join', answer: UNKNOWN }, { path: '/auth/refresh', answer: UNKNOWN });
  await joinAt(server, client, 1, 1);
  expect(asked().slice(1)).toEqual(['/rooms/r_1/join t_1', '/auth/refresh f_1', '/auth/guest', '/rooms/r_1/join t_2']);
  expect(replacedBy).toMatchObject([{ user_id: 'u_2', display_name: 'Ada' }]);
  expect(tokenStore.load()).toEqual(replacedBy[0]);
});

test('calls that are refused together become one new guest', async () => {
  server.refreshes = false;
  const { refresh_token: _, ...old } = tokenStore.load()!;
  tokenStore.save(old);
  server.answers.push(...['r_1', 'r_2', 'r_3'].map((room) => ({ path: `/rooms/${room}`, answer: EXPIRED })));
  await Promise.allSettled(['r_1', 'r_2', 'r_3'].map((room) => client.rooms.get(room)));
  expect(asked().filter((one) => one === '/auth/guest')).toHaveLength(2);
  expect(replacedBy).toHaveLength(1);
});

test('an identity that is refused even after its renewal ends the join', async () => {
  server.answers.push({ path: '/join', answer: UNKNOWN }, { path: '/join', answer: UNKNOWN });
  await expect(client.join('r_1')).rejects.toMatchObject({ code: 'token_invalid', status: 401 });
  expect(asked().slice(1)).toEqual(['/rooms/r_1/join t_1', '/auth/refresh f_1', '/rooms/r_1/join t_1+']);
});

test('the backend of a product gives the next token of its user, for requests and for open connections, and nobody becomes a guest', async () => {
  const user: Identity = { user_id: 'shop:42', display_name: 'Ada', access_token: 'b_1', expires_at_ms: 0 };
  let tokens = 1;
  const renew = vi.fn(async (refused: Identity) => ({ ...refused, access_token: `b_${(tokens += 1)}` }));
  tokenStore = { ...memoryTokenStore(), renew };
  tokenStore.save(user);
  client = clientOf();
  server.answers.push({ path: '/rooms', answer: UNKNOWN });
  server.answers.push({ path: '/rooms', answer: { status: 201, body: { room_id: 'r_1', code: 'ABC' } } });
  expect(await client.rooms.create({ name: 'Friday' })).toMatchObject({ code: 'ABC' });
  expect(asked().slice(1)).toEqual(['/rooms b_1', '/rooms b_2']);
  const [, connection] = await joinAt(server, client, 1, 1);
  connection.send({ type: 'token_expiring', data: { expires_in_ms: 60_000 } });
  expect(await connection.next()).toMatchObject({ type: 'auth_refresh', data: { access_token: 'b_3' } });
  expect(renew.mock.calls.map(([refused]) => refused.access_token)).toEqual(['b_1', 'b_2']);
  expect(replacedBy).toEqual([]);
});

test('a request fails with the reason if the backend of a product gives no token', async () => {
  tokenStore = { ...memoryTokenStore(), renew: () => Promise.reject(new Error('signed out')) };
  tokenStore.save({ user_id: 'shop:42', display_name: 'Ada', access_token: 'b_1', expires_at_ms: 0 });
  client = clientOf();
  server.answers.push({ path: '/rooms', answer: EXPIRED });
  const cause = expect.objectContaining({ message: 'signed out' });
  await expect(client.rooms.create({ name: 'Friday' })).rejects.toMatchObject({ code: 'network_error', retry: 'backoff', cause });
  expect(client.token()).toMatchObject({ access_token: 'b_1' });
});

test('without an identity a refusal is final', async () => {
  client.signOut();
  server.answers.push({ path: '/join', answer: problem(401, 'unauthenticated', 'reauth') });
  await expect(client.join('r_1')).rejects.toMatchObject({ code: 'unauthenticated' });
  expect(asked().slice(1)).toEqual(['/rooms/r_1/join']);
});

test('a token that another page has renewed is used', async () => {
  const other = clientOf(async (input, init) => {
    const response = await fetch(input, init);
    if (response.status === 401) tokenStore.save({ ...tokenStore.load()!, access_token: 't_elsewhere' });
    return response;
  });
  server.answers.push({ path: '/join', answer: EXPIRED });
  await joinAt(server, other, 1, 1);
  expect(asked().slice(1)).toEqual(['/rooms/r_1/join t_1', '/rooms/r_1/join t_elsewhere']);
});

test('what another page has stored meanwhile is not overwritten by an older answer', async () => {
  const newer = { ...tokenStore.load()!, access_token: 't_elsewhere', refresh_token: 'f_elsewhere' };
  const slow = clientOf(async (input, init) => {
    const response = await fetch(input, init);
    if (String(input).endsWith('/auth/refresh')) tokenStore.save(newer);
    return response;
  });
  server.answers.push({ path: '/join', answer: EXPIRED });
  await joinAt(server, slow, 1, 1);
  expect(tokenStore.load()).toEqual(newer);
  expect(asked().at(-1)).toBe('/rooms/r_1/join t_elsewhere');
});

test('another page that became a new guest is said here as well', async () => {
  const other = clientOf(async (input, init) => {
    const response = await fetch(input, init);
    if (response.status === 401) tokenStore.save({ ...tokenStore.load()!, user_id: 'u_9', access_token: 't_9' });
    return response;
  });
  server.answers.push({ path: '/join', answer: UNKNOWN });
  await joinAt(server, other, 1, 1);
  expect(replacedBy).toMatchObject([{ user_id: 'u_9' }]);
});

test('a token that is about to end is renewed on the open connection', async () => {
  const [joined, connection] = await joinAt(server, client, 1, 1);
  expiring(connection);
  const frame = await connection.next();
  expect(frame).toMatchObject({ type: 'auth_refresh', data: { access_token: 't_1+' } });
  connection.send({ type: 'ack', id: frame.id, epoch: 1, version: 1, data: { duplicate: false } });
  // The answer to a later command says that this one has been taken in.
  const played = joined.play();
  connection.send({ type: 'ack', id: (await connection.next()).id, epoch: 1, version: 1, data: { duplicate: false } });
  await played;
  expect(joined.getSnapshot().connection).toBe('open');
  expect(asked().slice(1)).toEqual(['/rooms/r_1/join t_1', '/auth/refresh f_1']);

  // Half a day later.
  expiring(connection);
  expect(await connection.next()).toMatchObject({ type: 'auth_refresh', data: { access_token: 't_1++' } });
});

test('an open connection takes the token that another page has renewed', async () => {
  const [, connection] = await joinAt(server, client, 1, 1);
  tokenStore.save({ ...tokenStore.load()!, access_token: 't_elsewhere', refresh_token: 'f_elsewhere' });
  expiring(connection);
  expect(await connection.next()).toMatchObject({ type: 'auth_refresh', data: { access_token: 't_elsewhere' } });
  expect(asked().filter((one) => one.startsWith('/auth/refresh'))).toEqual([]);
});

test('the renewal on an open connection is repeated while the server is in trouble', async () => {
  const [, connection] = await joinAt(server, client, 1, 1);
  server.answers.push({ path: '/auth/refresh', answer: problem(503, 'store_unavailable', 'backoff') });
  expiring(connection);
  expect(await connection.next()).toMatchObject({ type: 'auth_refresh', data: { access_token: 't_1+' } });
});

test('an open connection stays whose it is until it ends, though its identity is refused for good', async () => {
  const [joined, connection] = await joinAt(server, client, 1, 1);
  server.answers.push({ path: '/auth/refresh', answer: UNKNOWN });
  expiring(connection);
  await vi.waitFor(() => expect(asked().at(-1)).toBe('/auth/refresh f_1'), 8_000);
  expect(replacedBy).toEqual([]);
  connection.close(4401, 'token_expired');
  server.answers.push({ path: '/join', answer: EXPIRED }, { path: '/auth/refresh', answer: UNKNOWN });
  await (await server.connections.take()).welcome(1, 1, {}, { participant_id: 'p_2', role: 'guest' });
  const now = await until(joined, ({ me }) => me.participant_id === 'p_2');
  expect(now.me.role).toBe('guest');
  expect(replacedBy).toMatchObject([{ user_id: 'u_2' }]);
});

test('a page can give its connection a token of its own', async () => {
  const [joined, connection] = await joinAt(server, client, 1, 1);
  const refreshed = joined.authRefresh('t_product');
  const { id, ...frame } = await connection.next();
  expect(frame).toEqual({ type: 'auth_refresh', data: { access_token: 't_product' } });
  connection.send({ type: 'ack', id, epoch: 1, version: 1, data: { duplicate: false } });
  expect(await refreshed).toEqual({ epoch: 1, version: 1, duplicate: false });
});

function clientOf(fetcher?: typeof fetch): Client {
  const onIdentityReplaced = (identity: Identity) => void replacedBy.push(identity);
  return createClient({ baseUrl: server.baseUrl, WebSocket, tokenStore, fetch: fetcher, onIdentityReplaced });
}

function expiring(connection: Connection): void {
  connection.send({ type: 'token_expiring', data: { expires_in_ms: 60_000 } });
}

/** Returns what the server was asked, with the token or the refresh token. */
function asked(): string[] {
  return server.requests.map(({ path, token, body }) => {
    const credential = path === '/auth/refresh' ? body.refresh_token : token;
    return credential === undefined ? path : `${path} ${credential}`;
  });
}

function gate() {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open: () => open() };
}
