// Tests of what is fetched once a player has started or a session is open.
import { WebSocket } from 'ws';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Replica } from '../src/session/replica.js';
import { createClient, createPlayer, type Player, type RoomSession } from '../src/index.js';
import { changed, closeSessions, opened } from './joined.js';
import { FILM, OtherPlayer } from './other-player.js';
import { playback, room, RoomServer, type Connection } from './room-server.js';

/** A failed fetch is repeated after 5 s. */
const WAIT_MS = 20_000;
vi.setConfig({ testTimeout: 2 * WAIT_MS });

/** How often the part that a player needs once it has started is fetched; the first time fails. */
const fetches = vi.hoisted(() => ({ count: 0 }));
vi.mock('../src/player/following.js', async (original) => {
  fetches.count += 1;
  if (fetches.count === 1) throw new TypeError('there is no connection');
  return original();
});

let server: RoomServer;
let session: RoomSession;
let connection: Connection;
let player: Player | undefined;

beforeEach(async () => {
  vi.stubGlobal('document', Object.assign(new EventTarget(), { hidden: false }));
  server = await RoomServer.start();
  const client = createClient({ baseUrl: server.baseUrl, WebSocket });
  await client.guest('Ada');
  const joining = client.join('r_1');
  connection = await server.connections.take();
  await connection.welcome(1, 1, { media: FILM, playback: playback({ media_id: FILM.media_id }) });
  session = await opened(joining);
});

afterEach(async () => {
  player?.destroy();
  closeSessions();
  await server.stop();
  vi.unstubAllGlobals();
});

test('what a player needs to stay in place is fetched when it starts, and again if that fails', async () => {
  const other = new OtherPlayer();
  player = createPlayer(session, {} as HTMLVideoElement, { adapter: () => other });
  await vi.waitUntil(() => player!.getSnapshot().state === 'paused' && other.looks > 5, WAIT_MS);
  expect(fetches.count).toBe(0);
  const playing = { media_id: FILM.media_id, status: 'playing' as const, position_ms: 60_000, anchor_at_ms: Date.now() };
  connection.send(changed(1, 2, playing));
  await vi.waitUntil(() => player!.getSnapshot().driftMs !== null, WAIT_MS);
  for (let type = ''; type !== 'sync_report'; ({ type } = await connection.next()));
  expect(fetches.count).toBe(2);
});

test('a session that is open measures how much faster one of the clocks runs', async () => {
  const replica = new Replica({ socketClass: WebSocket, socketUrl: '' } as never, true);
  const ws = { url: '', ticket: '', protocol: '', expires_at_ms: 0, expires_in_ms: 0 };
  replica.joined({ participant_id: 'p_1', role: 'host', ws, state: { epoch: 1, version: 1, at_ms: 0, room: room() } });
  expect(replica.clock.skewOf).toBeUndefined();
  const welcome = { session_id: 's_1', participant_id: 'p_1', role: 'host', fence: 1, resumed: false, heartbeat_ms: 1, dead_after_ms: 1 };
  replica.welcome({ ...welcome, room: room() } as never, { type: 'welcome', epoch: 1, version: 1, at_ms: 0 });
  await vi.waitUntil(() => replica.clock.skewOf, WAIT_MS);
  const samples = Array.from({ length: 60 }, (_, second) => ({ at: 1_000 * second, forward: 40 + 0.1 * second, backward: 40 - 0.1 * second }));
  expect(replica.clock.skewOf!(samples)).toBeCloseTo(1e-4, 9);
});
