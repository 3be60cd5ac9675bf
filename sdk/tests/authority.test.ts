// Tests of commands while the server can't store them.
import { WebSocket } from 'ws';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createClient, type Client } from '../src/index.js';
import { askedDelayMs, repeatDelayMs } from '../src/backoff.js';
import { PendingCommands } from '../src/session/commands.js';
import type { Outcome, RejectError } from '../src/wire.js';
import { closeSessions, event, joinAt, opened, rejection, until } from './joined.js';
import { playback, room, RoomServer, type Frame } from './room-server.js';

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

test('an authority that goes away and comes back is distinguished from the connection', async () => {
  const [joined, connection] = await joinAt(server, client, 1, 1);
  expect(joined.getSnapshot()).toMatchObject({ connection: 'open', authority: 'reachable' });
  connection.send(authority(false));
  await until(joined, (now) => now.authority === 'away');
  expect(joined.getSnapshot().connection).toBe('open');
  connection.send(authority(true));
  await until(joined, (now) => now.authority === 'reachable');
});

test('a welcome means that the authority is reachable, unless the next frame says otherwise', async () => {
  const [joined, connection] = await joinAt(server, client, 1, 1);
  connection.send(authority(false));
  await until(joined, (now) => now.authority === 'away');
  connection.terminate();
  await until(joined, (now) => now.connection === 'reconnecting');
  expect(joined.getSnapshot().authority).toBe('away');
  const again = await server.connections.take();
  await again.welcome(1, 1);
  await until(joined, (now) => now.connection === 'open' && now.authority === 'reachable');
  again.send(authority(false));
  await until(joined, (now) => now.authority === 'away');
});

test('commands are sent while the authority is away, and again at once when it is back', async () => {
  const [joined, connection] = await joinAt(server, client, 1, 1);
  connection.send(authority(false));
  await until(joined, (now) => now.authority === 'away');
  const answered = [joined.play(), joined.seek(5), joined.setRate(2)];
  const sent = [await connection.next(), await connection.next(), await connection.next()];
  for (const { id } of sent) connection.send(rejection(id, 'store_unavailable', 'unknown'));
  connection.send(authority(true));
  const repeated = [await connection.next(), await connection.next(), await connection.next()];
  expect(repeated).toEqual(sent);
  for (const { id } of sent) connection.send({ type: 'ack', id, epoch: 1, version: 2, data: { duplicate: false } });
  expect(await Promise.all(answered)).toHaveLength(3);
});

describe('a command that can’t be stored', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('is repeated under its id with growing waits, then rejects with its last refusal', async () => {
    const { commands, sent } = outbox();
    const failed = commands.submit('play', {}).catch((error: unknown) => error);
    for (let repeat = 0; repeat < 6; repeat += 1) {
      commands.rejected(sent[0]!.id!, unstored(repeat === 0 ? 'unknown' : 'not_applied'));
      expect(sent).toHaveLength(repeat + 1);
      vi.advanceTimersToNextTimer();
    }
    expect(sent).toEqual(Array.from({ length: 7 }, () => sent[0]));
    commands.rejected(sent[0]!.id!, unstored('not_applied'));
    // The first of them may have been stored, whatever the last one says.
    expect(await failed).toMatchObject({ code: 'store_unavailable', outcome: 'unknown' });
    expect(vi.getTimerCount()).toBe(0);
  });

  test('rejects as such when its time is up before its repeats are', async () => {
    const { commands, sent } = outbox();
    const failed = commands.submit('play', {}).catch((error: unknown) => error);
    vi.advanceTimersByTime(14_900);
    commands.rejected(sent[0]!.id!, unstored('not_applied'));
    vi.advanceTimersByTime(100);
    expect(await failed).toMatchObject({ code: 'store_unavailable', outcome: 'not_applied' });
  });

  test('is sent at once when commands can be stored again; one without an answer is not', () => {
    const { commands, sent } = outbox();
    void commands.submit('play', {});
    void commands.submit('seek', { position_ms: 5 });
    commands.rejected(sent[0]!.id!, unstored('unknown'));
    commands.repeatRefused();
    expect(sent.map(({ type }) => type)).toEqual(['play', 'seek', 'play']);
  });
});

test('a command that a server refuses because it is being stopped is sent to the next one', () => {
  const { commands, sent } = outbox();
  void commands.submit('play', {});
  commands.rejected(sent[0]!.id!, { ...unstored('not_applied'), code: 'draining' });
  commands.repeatAll();
  expect(sent).toEqual([sent[0], sent[0]]);
});

describe('a command without an answer', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('is sent again over a new connection', () => {
    const { commands, sent } = outbox();
    void commands.submit('play', {});
    commands.repeatAll();
    expect(sent).toEqual([sent[0], sent[0]]);
  });

  test('fails instead if the device has slept since', async () => {
    const { commands, sent } = outbox();
    const failed = commands.submit('play', {}).catch((error: unknown) => error);
    // Timers stand still meanwhile.
    vi.setSystemTime(Date.now() + 60_000);
    commands.repeatAll();
    expect(await failed).toMatchObject({ code: 'no_answer', outcome: 'unknown' });
    expect(sent).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('the latest command wins: an earlier one of its kind is no longer repeated', async () => {
  const [joined, connection] = await joinAt(server, client, 1, 1);
  const far = joined.seek(60_000);
  const first = await connection.next();
  connection.send(rejection(first.id, 'store_unavailable', 'unknown'));
  connection.send(event('room_changed', 2, { ...room(), name: 'Refused' }));
  await until(joined, ({ version }) => version === 2);
  const near = joined.seek(10_000);
  await expect(far).rejects.toMatchObject({ code: 'superseded', outcome: 'unknown' });
  const second = await connection.next();
  expect(second.data).toEqual({ position_ms: 10_000 });
  connection.send({ type: 'ack', id: second.id, epoch: 1, version: 3, data: { duplicate: false } });
  await near;
});

test('a pause replaces a play that is refused after the pause was sent', async () => {
  const [joined, connection] = await joinAt(server, client, 1, 1);
  const played = joined.play();
  const paused = joined.pause();
  const [first, second] = [await connection.next(), await connection.next()];
  connection.send(rejection(first.id, 'store_unavailable', 'not_applied'));
  await expect(played).rejects.toMatchObject({ code: 'superseded', outcome: 'not_applied' });
  connection.send({ type: 'ack', id: second.id, epoch: 1, version: 2, data: { duplicate: false } });
  await paused;
});

test('the state that follows a rebuild replaces everything at the same place', async () => {
  const [joined, connection] = await joinAt(server, client, 3, 9);
  const rebased = { previous: { epoch: 3, version: 9 }, lost: true };
  connection.send({ type: 'rebased', epoch: 4, version: 8, at_ms: 0, data: rebased });
  const rebuilt = room({ name: 'Rebuilt', host_id: 'p_2', playback: playback({ position_ms: 80 }) });
  connection.send(state(4, 8, rebuilt));
  const seen = await until(joined, (now) => now.room.name === 'Rebuilt');
  expect(seen).toMatchObject({ epoch: 4, version: 8, me: { role: 'guest' }, playback: { position_ms: 80 } });
  connection.send(state(4, 7, room({ name: 'Older' })));
  connection.send(state(4, 8, room({ name: 'Same place', host_id: 'p_1' })));
  const last = await until(joined, (now) => now.room.name !== 'Rebuilt');
  expect(last).toMatchObject({ room: { name: 'Same place' }, me: { role: 'host' } });
  expect(server.connections.empty).toBe(true);
});

test('a rebuild makes a notice only if changes may be missing', async () => {
  const [joined, connection] = await joinAt(server, client, 1, 5);
  const announced: boolean[] = [];
  joined.on('rebased', ({ lost }) => announced.push(lost));
  for (const [epoch, lost] of [[2, false], [3, true]] as const) {
    connection.send({ type: 'rebased', epoch, version: 5, at_ms: 0, data: { previous: { epoch: epoch - 1, version: 5 }, lost } });
    connection.send(state(epoch, 5, room()));
    const seen = await until(joined, (now) => now.epoch === epoch);
    expect(seen.notice?.code).toBe(lost ? 'rebased' : undefined);
  }
  expect(announced).toEqual([false, true]);
});

test('a host that stops being host gets its former role back', async () => {
  const joining = client.join('r_1');
  const connection = await server.connections.take();
  await connection.welcome(1, 1, { host_id: 'p_2' }, { role: 'co_host' });
  const session = await opened(joining);
  const lifecycle = { state: 'live', cause: 'grace_ended', fence: 2, playback: playback() };
  connection.send(event('lifecycle_changed', 2, { ...lifecycle, host_id: 'p_1' }));
  expect((await until(session, ({ version }) => version === 2)).me.role).toBe('host');
  connection.send(event('lifecycle_changed', 3, { ...lifecycle, host_id: null }));
  expect((await until(session, ({ version }) => version === 3)).me.role).toBe('co_host');
  connection.send(event('host_changed', 4, { host_id: 'p_1', fence: 3, cause: 'return' }));
  connection.send(event('host_changed', 5, { host_id: 'p_2', fence: 4, cause: 'transfer' }));
  expect((await until(session, ({ version }) => version === 5)).me.role).toBe('co_host');
});

test('the cause of the room’s state is known as long as the session saw it happen', async () => {
  const [joined, connection] = await joinAt(server, client, 1, 1);
  const expired = { state: 'expired', cause: 'deleted', host_id: 'p_1', fence: 1, playback: playback() };
  connection.send(event('lifecycle_changed', 2, expired));
  expect((await until(joined, ({ version }) => version === 2)).stateCause).toBe('deleted');
  connection.send(state(1, 2, room({ state: 'expired', name: 'Over' })));
  expect((await until(joined, (now) => now.room.name === 'Over')).stateCause).toBe('deleted');
  connection.send(state(1, 3, room({ state: 'deleted' })));
  expect((await until(joined, ({ version }) => version === 3)).stateCause).toBeUndefined();
});

test('a room is ended by one request with an empty answer', async () => {
  server.answers.push({ path: '/rooms/ABC', answer: { status: 204, body: undefined } });
  await expect(client.rooms.delete('ABC')).resolves.toBeUndefined();
});

test('waits stay near what was asked for, and grow no further than their bound', () => {
  const [least, most] = [() => 0, () => 1];
  expect([askedDelayMs(0, most), askedDelayMs(400, least), askedDelayMs(400, most), askedDelayMs(9_000, most)]).toEqual([0, 400, 500, 9_250]);
  const longest = Array.from({ length: 6 }, (_, repeat) => repeatDelayMs(repeat, most));
  expect(longest).toEqual([400, 800, 1_600, 2_500, 2_500, 2_500]);
});

function outbox() {
  const sent: Frame[] = [];
  return { sent, commands: new PendingCommands((frame) => sent.push(frame as Frame) > 0) };
}

function unstored(outcome: Outcome): RejectError {
  return { code: 'store_unavailable', retry: 'backoff', outcome, detail: 'away', meta: {} };
}

function authority(reachable: boolean): object {
  return { type: 'authority_changed', data: { reachable } };
}

function state(epoch: number, version: number, of: ReturnType<typeof room>): object {
  return { type: 'room_state', epoch, version, at_ms: 0, data: { room: of, fence: 1 } };
}
