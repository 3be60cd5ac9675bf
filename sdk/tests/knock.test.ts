// Tests of asking to be let into a room, of who asks, and of invites.
import { WebSocket } from 'ws';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createClient, PlayheadError, type Client, type RoomSession } from '../src/index.js';
import { knock, knocksOf } from '../src/session/knock.js';
import { closeSessions, entered, event, joinAt, opened, until } from './joined.js';
import { problem, RoomServer, type Answer } from './room-server.js';

const GRACE = { participant_id: 'p_2', display_name: 'Grace', name_skeleton: 'grace' };
const LINUS = { participant_id: 'p_3', display_name: 'Linus', name_skeleton: 'linus' };

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

test('a join that has to be answered says so at once, and how soon to ask again', async () => {
  pending(3000);
  await expect(client.join('r_1')).rejects.toMatchObject({ code: 'approval_pending', retry: 'after', retryAfterMs: 3000, status: 403 });
  expect(joins()).toHaveLength(1);
});

test('a knock is repeated until it is answered, with the same invite and password', async () => {
  for (let time = 0; time < 3; time += 1) pending(5);
  let waits = 0;
  const session = entered(knock(client, 'r_1', { invite: 'i', password: 'secret', onWaiting: () => (waits += 1) }));
  await (await server.connections.take()).welcome(1, 1);
  expect((await opened(session)).getSnapshot().room.name).toBe('Friday');
  expect(joins()).toEqual(Array(4).fill({ invite: 'i', password: 'secret' }));
  expect(waits).toBe(1);
});

test('where nobody has to knock, it joins at once', async () => {
  const session = entered(knock(client, 'r_1', { onWaiting: () => expect.unreachable() }));
  await (await server.connections.take()).welcome(1, 1);
  await opened(session);
  expect(joins()).toHaveLength(1);
});

test.each(['approval_declined', 'invite_required'])('a knock that is answered with %s is over', async (code) => {
  pending(1);
  refuse(code);
  await expect(knock(client, 'r_1')).rejects.toMatchObject({ code, retry: 'never', status: 403 });
  expect(joins()).toHaveLength(2);
});

test('a page that stops waiting asks no more', async () => {
  const page = new AbortController();
  // Longer than the test may take.
  pending(60_000);
  const waiting = knock(client, 'r_1', { signal: page.signal, onWaiting: () => setTimeout(() => page.abort()) });
  await expect(waiting).rejects.toMatchObject({ code: 'closed' });
  await expect(waiting).rejects.toBeInstanceOf(PlayheadError);
  expect(joins()).toHaveLength(1);
});

test('a page that stops waiting while it is let in closes the session', async () => {
  const page = new AbortController();
  const sessions: RoomSession[] = [];
  const join: Client['join'] = async (...given) => {
    sessions.push(await client.join(...given));
    return sessions[0]!;
  };
  const waiting = knock({ ...client, join }, 'r_1', { signal: page.signal });
  page.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'closed' });
  expect(sessions.map((session) => session.getSnapshot().connection)).toEqual(['closed']);
});

test('a grant that has ended makes the session join again, and a room that is closed ends it', async () => {
  const [joined, connection] = await joinAt(server, client, 1, 1);
  connection.close(4414, 'grant_ended');
  const again = await server.connections.take();
  await again.welcome(1, 1);
  await until(joined, (now) => now.connection === 'open');
  refuse('invite_required');
  again.close(4414, 'grant_ended');
  const { closeReason } = await until(joined, (now) => now.connection === 'closed');
  expect(closeReason).toMatchObject({ code: 'invite_required', retry: 'never' });
});

test('a session that would have to knock to come back ends, so that the page can say so', async () => {
  const [joined, connection] = await joinAt(server, client, 1, 1);
  pending(3000);
  connection.close(4414, 'grant_ended');
  const { closeReason } = await until(joined, (now) => now.connection === 'closed');
  expect(closeReason).toMatchObject({ code: 'approval_pending', retry: 'after', retryAfterMs: 3000 });
});

test('those who moderate know who asks, until another welcome, and nobody else does', async () => {
  const [joined, connection] = await joinAt(server, client, 1, 1);
  const asking = knocksOf(joined);
  const seen: string[][] = [];
  asking.subscribe(() => seen.push(asking.getSnapshot().map((one) => one.display_name)));
  connection.send({ type: 'knocks_changed', data: { knocks: [GRACE, LINUS] } });
  connection.send({ type: 'knocks_changed', data: { knocks: [LINUS] } });
  connection.close(4500);
  const again = await server.connections.take();
  await again.welcome(1, 1, { host_id: 'p_9' }, { role: 'moderator' });
  again.send({ type: 'knocks_changed', data: { knocks: [GRACE] } });
  again.send(event('role_changed', 2, { participant_id: 'p_1', role: 'guest', by: 'p_9' }));
  await until(joined, ({ me }) => me.role === 'guest');
  expect(asking.getSnapshot()).toEqual([]);
  // Who has just become a moderator may hear of it second.
  again.send({ type: 'knocks_changed', data: { knocks: [LINUS] } });
  again.send(event('role_changed', 3, { participant_id: 'p_1', role: 'moderator', by: 'p_9' }));
  await until(joined, ({ me }) => me.role === 'moderator');
  expect(seen).toEqual([['Grace', 'Linus'], ['Linus'], [], ['Grace'], [], ['Linus']]);
});

test('invites, grants and knocks are requests to the room', async () => {
  const people = await client.people('ABC');
  server.answers.push({ path: '/invites', answer: { status: 201, body: { invite_id: 'i_1', invite: 's', url: 'u' } } });
  server.answers.push({ path: '/invites?page_token=x', answer: { status: 200, body: { items: [] } } });
  server.answers.push({ path: '/grants', answer: { status: 200, body: { items: [] } } });
  server.answers.push({ path: '/grants', answer: { status: 201, body: { grant_id: 'g_1' } } });
  for (const path of ['/invites/i%2F1', '/grants/g_1', '/knocks/p_2']) server.answers.push({ path, answer: { status: 200, body: {} } });
  expect(await people.createInvite({ role: 'moderator', uses: 1, expiresAtMs: 5 })).toEqual({ invite_id: 'i_1', invite: 's', url: 'u' });
  expect(await people.invites({ page_token: 'x' })).toEqual({ items: [] });
  expect(await people.grants()).toEqual({ items: [] });
  expect(await people.grant('shop:42', { role: 'moderator', expiresAtMs: 5 })).toEqual({ grant_id: 'g_1' });
  await people.revokeInvite('i/1');
  await people.revokeGrant('g_1');
  await people.answerKnock('p_2', false);
  expect(server.requests.slice(1).map(({ path, body }) => [path, body])).toEqual([
    ['/rooms/ABC/invites', { role: 'moderator', uses: 1, expires_at_ms: 5 }],
    ['/rooms/ABC/invites?page_token=x', undefined],
    ['/rooms/ABC/grants', undefined],
    ['/rooms/ABC/grants', { user_id: 'shop:42', role: 'moderator', expires_at_ms: 5 }],
    ['/rooms/ABC/invites/i%2F1', undefined],
    ['/rooms/ABC/grants/g_1', undefined],
    ['/rooms/ABC/knocks/p_2', { admitted: false }],
  ]);
});

/** Answers one join with a wait for somebody's answer. */
function pending(retry_after_ms: number): void {
  const { status, body } = problem(403, 'approval_pending', 'after');
  answerJoin({ status, body: { ...(body as object), retry_after_ms } });
}

function refuse(code: string): void {
  answerJoin(problem(403, code, 'never'));
}

function answerJoin(answer: Answer): void {
  server.answers.push({ path: '/join', answer });
}

function joins(): unknown[] {
  return server.requests.filter(({ path }) => path.endsWith('/join')).map(({ body }) => body);
}
