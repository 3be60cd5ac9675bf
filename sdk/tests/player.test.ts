import { WebSocket } from 'ws';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createClient, createPlayer, type Media, type Player, type PlayerAdapter, type RoomSession } from '../src/index.js';
import { playback, RoomServer, type Connection } from './room-server.js';

const FILM: Media = {
  media_id: 'm_1',
  provider: 'other',
  stream_id: 'film',
  title: 'Film',
  duration_ms: 600_000,
  live: false,
  delivery: [{ type: 'embed', url: 'https://video.example/film', cors: 'not_needed' }],
  renditions: [],
  text_tracks: [],
  audio_tracks: [],
  control: { class: 'B', continuous_rate: false, seek: true },
  poster: null,
  availability: { state: 'available', evidence: 'test' },
};

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
  const chosen = playback({ media_id: FILM.media_id, position_ms: 12_345, text_track: 'en' });
  await connection.welcome(1, 1, { media: FILM, playback: chosen });
  session = await joining;
});

afterEach(async () => {
  player?.destroy();
  session.close();
  await server.stop();
  vi.unstubAllGlobals();
});

test('another player is loaded with the room’s choice and brought to its position', async () => {
  const other = new OtherPlayer();
  player = createPlayer(session, {} as HTMLVideoElement, { adapter: (media) => (media === session.getSnapshot().media ? other : null) });
  await vi.waitUntil(() => other.positionMs === 12_345);
  expect(other.calls[0]).toBe('load m_1 en');
  expect(player.getSnapshot()).toMatchObject({ state: 'paused', degraded: false });
  player.destroy();
  expect(other.calls.at(-1)).toBe('destroy');
});

test('a media that another player refuses, and none of the own plays, is an error in words', async () => {
  player = createPlayer(session, { canPlayType: () => '' } as unknown as HTMLVideoElement, { adapter: () => null });
  await vi.waitUntil(() => player?.getSnapshot().state === 'error');
  expect(player.getSnapshot().error).toMatchObject({ code: 'format_unsupported' });
});

/** A player that stands still and notes what it is told. */
class OtherPlayer implements PlayerAdapter {
  readonly capabilities = { continuousRate: false, minRate: 1, maxRate: 1 };
  readonly calls: string[] = [];
  positionMs = 0;

  async load(media: Media, { textTrack }: { textTrack: string | null }): Promise<void> {
    this.calls.push(`load ${media.media_id} ${textTrack}`);
  }
  position = () => this.positionMs;
  duration = () => Number.NaN;
  paused = () => true;
  ended = () => false;
  rate = () => 1;
  setRate = (rate: number) => void this.calls.push(`rate ${rate}`);
  seek = (positionMs: number) => void (this.positionMs = positionMs);
  play = () => Promise.resolve();
  pause = () => void this.calls.push('pause');
  ready = () => true;
  setRendition = (id: string) => void this.calls.push(`rendition ${id}`);
  setTextTrack = (id: string | null) => void this.calls.push(`text ${id}`);
  setAudioTrack = (id: string | null) => void this.calls.push(`audio ${id}`);
  onEvent = () => () => undefined;
  destroy = () => void this.calls.push('destroy');
}
