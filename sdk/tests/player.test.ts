// Tests of the player that `createPlayer` returns.
import { WebSocket } from 'ws';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { HlsClass } from '../src/adapters/hls.js';
import {
  createClient,
  createPlayer,
  memoryDeviceStore,
  type DeviceStore,
  type Player,
  type RoomSession,
} from '../src/index.js';
import { FakeVideo } from './fake-video.js';
import { changed, event, opened } from './joined.js';
import { FILM, OtherPlayer } from './other-player.js';
import { playback, RoomServer, type Connection, type Frame } from './room-server.js';

/** Starts in real time take a while, and longer on a busy machine. */
const WAIT_MS = 15_000;
vi.setConfig({ testTimeout: 3 * WAIT_MS });

let server: RoomServer;
let session: RoomSession;
let connection: Connection;
let player: Player | undefined;
let page: EventTarget & { hidden: boolean };

beforeEach(async () => {
  page = Object.assign(new EventTarget(), { hidden: false });
  vi.stubGlobal('document', page);
  server = await RoomServer.start();
  const client = createClient({ baseUrl: server.baseUrl, WebSocket });
  await client.guest('Ada');
  const joining = client.join('r_1');
  connection = await server.connections.take();
  const chosen = playback({ media_id: FILM.media_id, position_ms: 12_345, text_track: 'en' });
  await connection.welcome(1, 1, { media: FILM, playback: chosen });
  session = await opened(joining);
});

afterEach(async () => {
  player?.destroy();
  session.close();
  await server.stop();
  vi.unstubAllGlobals();
});

test('a custom player is loaded with the room’s selections and brought to its position', async () => {
  const other = new OtherPlayer();
  player = createPlayer(session, {} as HTMLVideoElement, { adapter: (media) => (media === session.getSnapshot().media ? other : null) });
  await until(() => other.positionMs() === 12_345);
  expect(other.calls[0]).toBe('load m_1 en');
  expect(player.getSnapshot()).toMatchObject({ state: 'paused', degraded: false });
  player.destroy();
  expect(other.calls.at(-1)).toBe('destroy');
});

test('a page hears at once that a player’s position is only told, and that it no longer is', async () => {
  let inexact = false;
  const other = Object.assign(new OtherPlayer(), { inexact: () => inexact });
  player = createPlayer(session, {} as HTMLVideoElement, { adapter: () => other });
  await until(() => player?.getSnapshot().state === 'paused');
  for (inexact of [true, false]) await until(() => player?.getSnapshot().inexact === inexact);
});

test('a player that is paused learns what others have measured', async () => {
  const learned: unknown[] = [];
  const other = Object.assign(new OtherPlayer(), { learn: (media: unknown) => learned.push(media) });
  player = createPlayer(session, {} as HTMLVideoElement, { adapter: () => other });
  await until(() => player?.getSnapshot().state === 'paused');
  const measured = { ...FILM, duration_ms: 54_321 };
  const chosen = playback({ media_id: FILM.media_id, position_ms: 12_345, text_track: 'en' });
  connection.send(event('media_changed', 2, { media: measured, playback: chosen }));
  await until(() => learned.length > 0);
  expect(learned).toEqual([measured]);
  expect(other.calls.filter((call) => call.startsWith('load'))).toHaveLength(1);
});

test('the first seek is planned by how long the page took to load the media', async () => {
  const playing = { media_id: FILM.media_id, status: 'playing' as const, position_ms: 60_000, anchor_at_ms: Date.now() };
  connection.send(changed(1, 2, playing));
  await until(() => session.getSnapshot().playback.status === 'playing');
  const other = Object.assign(new OtherPlayer(), { loaded: () => false, expected: () => session.expected() });
  other.hasData = false;
  player = createPlayer(session, {} as HTMLVideoElement, { adapter: () => other, loadingSinceMs: performance.now() - 1_200 });
  await until(() => other.firstSeek !== null);
  expect(other.firstSeek?.aheadMs).toBeGreaterThan(1_200);
});

test('media that neither the custom nor a built-in player can play is an error with a sentence', async () => {
  player = createPlayer(session, { canPlayType: () => '' } as unknown as HTMLVideoElement, { adapter: () => null });
  await until(() => player?.getSnapshot().state === 'error');
  expect(player.getSnapshot().error).toMatchObject({ code: 'format_unsupported' });
});

describe('hls.js', () => {
  let video: FakeVideo;

  beforeEach(async () => {
    video = new FakeVideo();
    const delivery = [{ type: 'hls' as const, url: 'https://films.example/film.m3u8', cors: 'needed' as const }];
    const media = { ...FILM, media_id: 'm_2', delivery };
    connection.send(event('media_changed', 2, { media, playback: playback({ media_id: 'm_2' }) }));
    await until(() => session.getSnapshot().media?.media_id === 'm_2');
  });

  test('that can’t be fetched is not reported as a fault of the media', async () => {
    const hls = () => Promise.reject(new TypeError('no such module'));
    player = createPlayer(session, video as unknown as HTMLVideoElement, { hls });
    await until(() => player?.getSnapshot().state === 'error');
    expect(player.getSnapshot().error).toMatchObject({ code: 'source_unreachable' });
  });

  test('is started once, however often the player is reloaded while it is fetched', async () => {
    const begun = vi.fn();
    class Hls {
      static isSupported = () => true;
      on = () => undefined;
      loadSource = begun;
      attachMedia = () => undefined;
      destroy = () => undefined;
    }
    const fetching: (() => void)[] = [];
    const hls = () => new Promise<HlsClass>((resolve) => fetching.push(() => resolve(Hls as unknown as HlsClass)));
    player = createPlayer(session, video as unknown as HTMLVideoElement, { hls });
    player.reload();
    expect(fetching).toHaveLength(2);
    for (const fetched of fetching) fetched();
    await until(() => begun.mock.calls.length > 0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(begun).toHaveBeenCalledTimes(1);
  });
});

describe('a hidden tab that the browser pauses', () => {
  test.each(['and plays', 'and stays paused'])('is never mistaken for the host’s intent: no command is sent, the tab is shown %s', async (and) => {
    const other = await following();
    const sent = await framesOf(async () => {
      page.hidden = true;
      other.interrupt();
      page.dispatchEvent(new Event('visibilitychange'));
      await looks(other, 20);
      expect(player!.getSnapshot().state).toBe('paused');
      expect(other.calls.filter((call) => call === 'play')).toHaveLength(1);
      page.hidden = false;
      page.dispatchEvent(new Event('visibilitychange'));
      if (and === 'and plays') await until(() => player!.getSnapshot().state === 'playing');
      await looks(other, 20);
    });
    expect(sent.filter((type) => type !== 'sync_report')).toEqual([]);
    expect(other.paused()).toBe(false);
  });

  test('that the room paused meanwhile stays paused', async () => {
    const other = await following();
    page.hidden = true;
    other.interrupt();
    connection.send(changed(1, 3, { media_id: FILM.media_id, status: 'paused', position_ms: 40_000 }));
    await until(() => other.positionMs() === 40_000);
    page.hidden = false;
    page.dispatchEvent(new Event('visibilitychange'));
    await looks(other, 20);
    expect(other.paused()).toBe(true);
  });
});

describe('what somebody does to the player directly', () => {
  test('is undone and sends no command', async () => {
    const other = await following();
    const sent = await framesOf(async () => {
      other.interrupt();
      await until(() => other.calls.filter((call) => call === 'play').length === 2);
      other.seek(300_000);
      await until(() => other.calls.filter((call) => call === 'play').length === 3);
    });
    expect(sent.filter((type) => type !== 'sync_report')).toEqual([]);
  });
});

describe('the offset of a device', () => {
  test.each([3_000, -3_000])('of %i ms makes it play that much ahead', async (offsetMs) => {
    const ahead: number[] = [];
    for (const offset of [0, offsetMs]) {
      const device = memoryDeviceStore();
      device.save({ playLeadsMs: {}, offsetMs: offset, profile: 'default' });
      const other = await following(device);
      expect(player!.getSnapshot()).toMatchObject({ offsetMs: offset });
      ahead.push(other.firstSeek!.aheadMs);
      player!.destroy();
    }
    expect(Math.abs(ahead[1]! - ahead[0]! - offsetMs)).toBeLessThan(500);
  });

  test('is applied when it is set, limited to ±5 s, and stored for the device', async () => {
    const device = memoryDeviceStore();
    const other = await following(device);
    const seeks = other.calls.filter((call) => call.startsWith('seek')).length;
    player!.setOffset(4_000);
    await until(() => other.calls.filter((call) => call.startsWith('seek')).length > seeks);
    player!.setOffset(1e9);
    expect(player!.getSnapshot().offsetMs).toBe(5_000);
    player!.setOffset(Number.NaN);
    expect(player!.getSnapshot().offsetMs).toBe(0);
    expect(device.load()).toMatchObject({ offsetMs: 0 });
  });
});

test('what the device learned about its player is stored for the next page', async () => {
  const device = memoryDeviceStore();
  const other = await following(device);
  const lead = () => device.load()!.playLeadsMs['other']!;
  // A start that a busy machine delayed teaches nothing.
  for (let starts = 2; lead() === other.capabilities.playLeadMs; starts += 1) {
    other.interrupt();
    await until(() => other.calls.filter((call) => call === 'play').length === starts && player!.getSnapshot().driftMs !== null);
  }
  expect(lead()).toBeLessThan(other.capabilities.playLeadMs);
});

test('a profile that is set is published and stored, and must exist', async () => {
  const device = memoryDeviceStore();
  await following(device);
  player!.setProfile('relaxed');
  expect(player!.getSnapshot().profile).toBe('relaxed');
  expect(device.load()).toMatchObject({ profile: 'relaxed' });
  player!.setProfile('brutal' as never);
  expect(player!.getSnapshot().profile).toBe('default');
});

test('a held player is left alone and a barrier is answered; release puts it in place', async () => {
  const other = await following();
  player!.hold();
  expect(player!.getSnapshot().state).toBe('held');
  const before = [...other.calls];
  other.interrupt();
  const since_version = 2;
  const waiting = { since_version, deadline_ms: 0, waiting_for: { count: 1, participant_ids: ['p_1'] } };
  const sent = await framesOf(async () => {
    connection.send(changed(1, since_version + 1, { media_id: FILM.media_id, status: 'waiting', position_ms: 90_000, waiting }));
    await looks(other, 20);
  });
  expect(sent.filter((type) => type !== 'sync_report')).toEqual(['ready']);
  expect(other.calls).toEqual(before);
  player!.release();
  await until(() => other.positionMs() === 90_000);
});

test('where a position doesn’t mean one picture, neither it nor a drift is told', async () => {
  const other = await following();
  expect(player!.position()).toBeGreaterThan(60_000);
  Object.assign(other, { loose: () => true });
  await until(() => player!.getSnapshot().driftMs === null);
  expect(player!.getSnapshot().state).toBe('playing');
  expect(player!.position()).toBeUndefined();
});

test('a lasting lack of data is reported, and its end', async () => {
  const other = await following();
  other.hasData = false;
  expect((await next('buffering')).data).toEqual({ on: true });
  expect(player!.getSnapshot().state).toBe('buffering');
  other.hasData = true;
  expect((await next('buffering')).data).toEqual({ on: false });
});

/** Returns a player that follows the playing room. */
async function following(device?: DeviceStore): Promise<OtherPlayer> {
  const other = new OtherPlayer();
  const playing = { media_id: FILM.media_id, status: 'playing' as const, position_ms: 60_000, anchor_at_ms: Date.now() - 30_000 };
  connection.send(changed(1, session.getSnapshot().version + 1, playing));
  await until(() => session.getSnapshot().playback.status === 'playing');
  other.expected = () => session.expected();
  player = createPlayer(session, {} as HTMLVideoElement, { adapter: () => other, device });
  await until(() => player!.getSnapshot().state === 'playing' && player!.getSnapshot().driftMs !== null);
  return other;
}

/** Resolves after the controller has made this many steps. */
async function looks(other: OtherPlayer, times: number): Promise<void> {
  const before = other.looks;
  await until(() => other.looks >= before + times);
}

async function next(type: string): Promise<Frame> {
  const frame = await connection.next();
  return frame.type === type ? frame : next(type);
}

function until(holds: () => boolean): Promise<boolean> {
  return vi.waitUntil(holds, WAIT_MS);
}

/** Resolves with the types of the frames sent meanwhile, except pings. */
async function framesOf(goesOn: () => Promise<void>): Promise<string[]> {
  const types: string[] = [];
  while (!connection.idle) await connection.next();
  await goesOn();
  while (!connection.idle) types.push((await connection.next()).type);
  return types;
}
