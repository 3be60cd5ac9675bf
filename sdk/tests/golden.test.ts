// Tests that the SDK reads and writes the golden frames of the contract.
import { readdirSync, readFileSync } from 'node:fs';
import { WebSocket } from 'ws';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createClient, type Client, type RoomSession, type SessionSnapshot } from '../src/index.js';
import type { AckData, ClientData, Pong, ServerEvents, ServerFrame, Welcome } from '../src/wire.js';
import { closeSessions, opened } from './joined.js';
import { RoomServer, type Connection, type Frame } from './room-server.js';

const FOLDER = new URL('../../contracts/vectors/ws/', import.meta.url);

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

describe('events of the contract are applied', () => {
  type Changes = { [K in keyof ServerEvents]: (data: ServerEvents[K], before: SessionSnapshot) => Partial<SessionSnapshot> };
  const changes: Omit<Changes, 'welcome'> = {
    playback_changed: ({ playback }, { room }) => ({ playback, room: { ...room, playback } }),
    media_changed: ({ media, playback }, { room }) => ({ media, playback, room: { ...room, media, playback } }),
    host_changed: ({ host_id }, { room, me }) => ({ room: { ...room, host_id }, me: { ...me, role: 'host' } }),
    role_changed: ({ role }, { me }) => ({ me: { ...me, role } }),
    room_changed: (profile, { room }) => ({ room: { ...room, ...profile } }),
    lifecycle_changed: ({ state, cause, host_id, deadline_ms, playback }, { room }) => ({
      playback,
      stateCause: cause,
      room: { ...room, state, host_id, deadline_ms, playback },
    }),
    rebased: () => ({}),
    room_state: ({ room }, { me }) => ({ me: { ...me, role: 'guest' }, room, media: null, playback: room.playback, viewerCount: room.viewer_count }),
    presence_changed: ({ participants, total }) => ({ presence: participants, presenceTotal: total }),
    viewer_count_changed: (counts, { room }) => ({ viewerCount: counts.viewer_count, room: { ...room, ...counts } }),
    authority_changed: ({ reachable }) => ({ authority: reachable ? 'reachable' : 'away' }),
    sync_changed: ({ reporting, spread_ms, uncertainty_ms }) => ({
      sync: { reporting, spreadMs: spread_ms, uncertaintyMs: uncertainty_ms },
    }),
    knocks_changed: () => ({}),
    closing: () => ({}),
    token_expiring: () => ({}),
  };
  const types = (Object.keys(changes) as (keyof typeof changes)[]);

  test('every golden frame is known here', () => {
    expect(typesOf('server')).toEqual([...types, 'welcome', 'ack', 'reject', 'pong'].sort());
  });

  test.each(types)('%s', async (type) => {
    const frame = golden<ServerFrame>('server', type);
    const [joined, connection] = await joinBefore(frame);
    const before = joined.getSnapshot();
    const heard = new Promise((resolve) => joined.on(type, resolve));
    connection.send(frame);
    expect(await heard).toEqual(frame.data);
    const { epoch = before.epoch, version = before.version } = frame;
    const expected = changes[type](frame.data as never, before);
    expect(withoutClock(joined)).toEqual({ ...before, epoch, version, ...expected, clock: null });
  });
});

test('the golden welcome is the first snapshot', async () => {
  const frame = golden<ServerFrame & { data: Welcome }>('server', 'welcome');
  const [joined] = await join(frame);
  const { session_id, participant_id, role, room } = frame.data;
  expect(withoutClock(joined)).toEqual({
    connection: 'open',
    authority: 'reachable',
    sessionId: session_id,
    me: { participant_id, role },
    room,
    media: room.media,
    playback: room.playback,
    epoch: frame.epoch,
    version: frame.version,
    presence: [],
    presenceTotal: 0,
    viewerCount: room.viewer_count,
    clock: null,
    sync: null,
  });
});

test('the golden ack answers its command', async () => {
  const frame = golden<ServerFrame & { data: AckData }>('server', 'ack');
  const [joined, connection] = await joinBefore(frame);
  const played = joined.play();
  const { id } = await connection.next();
  connection.send({ ...frame, id });
  expect(await played).toEqual({ epoch: frame.epoch, version: frame.version, duplicate: frame.data.duplicate });
});

test('the golden reject refuses its command or becomes a notice', async () => {
  const frame = golden<ServerFrame>('server', 'reject');
  const [joined, connection] = await joinBefore(frame);
  const sought = joined.seek(1);
  const { id } = await connection.next();
  connection.send({ ...frame, id });
  await expect(sought).rejects.toMatchObject({ ...frame.error });
  expect(joined.getSnapshot().notice).toBeUndefined();
  const noticed = new Promise<void>((resolve) => joined.subscribe(() => joined.getSnapshot().notice && resolve()));
  connection.send(frame);
  await noticed;
  expect(joined.getSnapshot().notice).toEqual({ code: frame.error?.code, detail: frame.error?.detail });
});

test('the golden pong sets the room clock', async () => {
  const { data } = golden<ServerFrame & { data: Pong }>('server', 'pong');
  const firstMs = performance.now();
  const [joined] = await join(golden('server', 'welcome'), (connection) => {
    connection.clockUs = () => data.t1_us + Math.round((performance.now() - firstMs) * 1000);
  });
  await new Promise<void>((resolve) => joined.subscribe(() => joined.getSnapshot().clock && resolve()));
  const { uncertaintyMs } = joined.getSnapshot().clock!;
  // The process may be stopped between any two of these.
  const expectedMs = () => data.t1_us / 1000 + performance.now() - firstMs;
  const [beforeMs, nowMs, afterMs] = [expectedMs(), joined.now(), expectedMs()];
  expect(nowMs).toBeGreaterThanOrEqual(beforeMs - uncertaintyMs - 1);
  expect(nowMs).toBeLessThanOrEqual(afterMs + uncertaintyMs + 1);
});

describe('commands are sent as the contract has them', () => {
  type Senders = { [K in keyof ClientData]: (to: RoomSession, data: ClientData[K]) => Promise<unknown> };
  const senders: Omit<Senders, 'hello' | 'ping'> = {
    play: (to, data) => to.play(optionsOf(data)),
    pause: (to, data) => to.pause(optionsOf(data)),
    seek: (to, data) => to.seek(data.position_ms, optionsOf(data)),
    set_rate: (to, data) => to.setRate(data.rate, optionsOf(data)),
    change_quality: (to, data) => to.changeQuality(data.rendition, optionsOf(data)),
    change_subtitle: (to, data) => to.changeSubtitle(data.track, optionsOf(data)),
    change_audio: (to, data) => to.changeAudio(data.track, optionsOf(data)),
    set_media: (to, data) => to.setMedia({ link: data.link! }, optionsOf(data)),
    ended: (to, data) => to.ended(data.media_id),
    measured: (to, data) => to.measured(data),
    ready: (to, data) => to.ready(data.version),
    buffering: (to, data) => to.buffering(data.on),
    media_failed: (to, data) => to.mediaFailed(data.media_id),
    sync_report: (to, data) => to.syncReport(data.drift_ms, data.uncertainty_ms),
    host_transfer: (to, data) => to.hostTransfer(data.participant_id, optionsOf(data)),
    auth_refresh: (to, data) => to.authRefresh(data.access_token),
    leave: (to) => to.leave(),
  };
  const types = (Object.keys(senders) as (keyof typeof senders)[]);

  test('every golden frame is known here', () => {
    expect(typesOf('client')).toEqual([...types, 'hello', 'ping'].sort());
  });

  test.each(types)('%s', async (type) => {
    const frame = golden<Frame>('client', type);
    const [joined, connection] = await join(golden('server', 'welcome'));
    const answered = senders[type](joined, frame.data as never);
    const sent = await connection.next();
    expect(sent.id).toMatch(/^.{1,64}$/);
    expect({ ...sent, id: frame.id }).toEqual(frame);
    connection.send({ ...golden<ServerFrame>('server', 'ack'), id: sent.id });
    await answered;
  });
});

test('the hello of a session that reconnects is the golden one', async () => {
  const frame = golden<Frame>('client', 'hello');
  const welcome = golden<ServerFrame>('server', 'welcome');
  const { session_id, epoch, version } = frame.data['resume'];
  const [, connection] = await join({ ...welcome, epoch, version, data: { ...(welcome.data as Welcome), session_id } });
  connection.terminate();
  const again = await server.connections.take();
  const hello = await again.next();
  expect(hello.id).toMatch(/^.{1,64}$/);
  expect({ ...hello, id: frame.id }).toEqual(frame);
});

test('the ping has the shape of the golden one', async () => {
  const frame = golden<Frame>('client', 'ping');
  const [joined, connection] = await join(golden('server', 'welcome'));
  await new Promise<void>((resolve) => joined.subscribe(() => joined.getSnapshot().clock && resolve()));
  const [ping] = connection.pings;
  expect({ ...ping, data: { ...ping?.data, t0: frame.data['t0'] } }).toEqual(frame);
  expect(ping?.data['t0']).toBeTypeOf('number');
});

function typesOf(side: 'client' | 'server'): string[] {
  const names = readdirSync(FOLDER).filter((name) => name.startsWith(`${side}.`));
  return names.map((name) => name.slice(side.length + 1, -'.json'.length)).sort();
}

function golden<T>(side: 'client' | 'server', type: string): T {
  return JSON.parse(readFileSync(new URL(`${side}.${type}.json`, FOLDER), 'utf8')) as T;
}

/** Returns a session for which `frame` is the next in order; a rebase starts an epoch, others take the next version. */
function joinBefore({ type, epoch, version }: ServerFrame) {
  const welcome = golden<ServerFrame & { data: Welcome }>('server', 'welcome');
  // Sent only to hosts.
  if (type === 'sync_changed') return join({ ...welcome, data: { ...welcome.data, role: 'host' } });
  if (epoch === undefined || version === undefined) return join(welcome);
  return join(type === 'rebased' ? { ...welcome, epoch: epoch - 1 } : { ...welcome, epoch, version: version - 1 });
}

async function join(welcome: ServerFrame, prepare = (_connection: Connection): void => undefined) {
  const joining = client.join('r_1');
  const connection = await server.connections.take();
  prepare(connection);
  const { id } = await connection.next();
  connection.send({ ...welcome, id });
  const session = await opened(joining);
  return [session, connection] as const;
}

/** Leaves out the clock, which may be updated at any time. */
function withoutClock(of: RoomSession): SessionSnapshot {
  return { ...of.getSnapshot(), clock: null };
}

function optionsOf({ expected_version }: { expected_version?: number }) {
  return expected_version === undefined ? undefined : { expectedVersion: expected_version };
}
