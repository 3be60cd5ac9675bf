// @vitest-environment jsdom
// Tests of the adapter for YouTube's player.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { AdapterEvent, Media, PlayerAdapter } from '../src/index.js';
import { YOUTUBE_STATES } from '../src/adapters/youtube-api.js';
import { FakePlayer } from './youtube-player.js';
import { loadYouTubeApi, youtubeAdapter, type YouTubeOptions } from '../src/adapters/youtube.js';

const { UNSTARTED, ENDED, PLAYING, PAUSED, BUFFERING, CUED } = YOUTUBE_STATES;
const LISTED = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];
const MEDIA = {
  provider: 'youtube',
  stream_id: 'a1_B2-c3D4e',
  delivery: [{ type: 'embed', url: 'https://www.youtube.com/embed/a1_B2-c3D4e', cors: 'not_needed' }],
} as unknown as Media;

let adapter: PlayerAdapter;
let events: AdapterEvent[];
let container: HTMLElement;

beforeEach(() => {
  vi.useFakeTimers();
  FakePlayer.traits = { blocks: () => false, takesAnyRate: false, error: null, rates: LISTED };
  container = document.createElement('div');
  events = [];
});

afterEach(() => {
  adapter.destroy();
  vi.useRealTimers();
});

test('a video is loaded by playing a silent moment of it', async () => {
  const player = await loaded();
  expect(player.calls).toEqual(['mute', 'play', 'rate 1.05', 'rate 1', 'pause', 'unMute']);
  expect(player.options).toMatchObject({
    videoId: 'a1_B2-c3D4e',
    host: 'https://www.youtube-nocookie.com',
    playerVars: { controls: 0, disablekb: 1, playsinline: 1, rel: 0, autoplay: 0, origin: location.origin },
  });
  expect(adapter.duration()).toBe(120_000);
  expect([adapter.paused(), adapter.ready(), adapter.ended()]).toEqual([true, true, false]);
  expect(events).toEqual([]);
});

test('a video stays muted if the options say so', async () => {
  const player = await loaded({ muted: true });
  void adapter.play().catch(() => undefined);
  await vi.advanceTimersByTimeAsync(500);
  expect(player.calls).not.toContain('unMute');
});

test.each([
  [PLAYING, { paused: false, ready: true, ended: false }],
  [PAUSED, { paused: true, ready: true, ended: false }],
  [BUFFERING, { paused: false, ready: false, ended: false }],
  [ENDED, { paused: true, ready: true, ended: true }],
  [CUED, { paused: true, ready: false, ended: false }],
  [UNSTARTED, { paused: true, ready: false, ended: false }],
])('state %i of a player that was asked to play', async (state, seen) => {
  const player = await loaded();
  void adapter.play().catch(() => undefined);
  await vi.advanceTimersByTimeAsync(2_000);
  player.tell(state);
  expect({ paused: adapter.paused(), ready: adapter.ready(), ended: adapter.ended() }).toEqual(seen);
});

test('a request counts at once, and what the player reports counts after a while', async () => {
  const player = await loaded();
  player.deaf = true;
  const playing = adapter.play();
  playing.catch(() => undefined);
  expect(adapter.paused()).toBe(false);
  player.tell(PAUSED);
  expect(adapter.paused()).toBe(false);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(adapter.paused()).toBe(true);
});

test('playing, stalling and ending are emitted', async () => {
  const player = await loaded();
  await started();
  player.tell(BUFFERING);
  player.tell(PLAYING);
  player.tell(ENDED);
  expect(events.map(({ type }) => type)).toEqual(['playing', 'waiting', 'playing', 'ended']);
});

test('a pause cancels a start that hasn’t happened yet', async () => {
  const player = await loaded();
  player.deaf = true;
  const playing = adapter.play();
  adapter.pause();
  await expect(playing).rejects.toMatchObject({ name: 'PlayheadError' });
});

test('a seek reports its target at once and is ready when the player arrives', async () => {
  const player = await loaded();
  adapter.seek(30_000);
  expect([adapter.position(), adapter.ready()]).toEqual([30_000, false]);
  player.tell(BUFFERING, 30);
  await vi.advanceTimersByTimeAsync(800);
  expect([adapter.position(), adapter.ready()]).toEqual([30_000, false]);
  player.tell(PAUSED, 30.02);
  expect([adapter.position(), adapter.ready()]).toEqual([30_020, true]);
  expect(player.seeks()).toEqual(['seek 30']);
});

test('a keyframe before the target costs one more seek and never a third', async () => {
  const player = await loaded();
  adapter.seek(30_000);
  player.tell(BUFFERING, 28);
  player.tell(PAUSED, 28);
  expect(adapter.ready()).toBe(false);
  player.tell(BUFFERING, 28);
  player.tell(PAUSED, 28);
  await vi.advanceTimersByTimeAsync(10_000);
  expect([adapter.position(), adapter.ready()]).toEqual([28_000, true]);
  expect(player.seeks()).toEqual(['seek 30', 'seek 30']);
});

test('a seek of a player that something else has paused ends paused', async () => {
  const player = await loaded();
  await started();
  await vi.advanceTimersByTimeAsync(2_000);
  player.tell(PAUSED, 10);
  adapter.seek(30_000);
  player.tell(BUFFERING, 30);
  expect(adapter.paused()).toBe(true);
  player.tell(PAUSED, 30);
  expect([adapter.position(), adapter.ready()]).toEqual([30_000, true]);
});

test('a seek that starts the player is followed by a pause and is inaudible', async () => {
  const player = await loaded();
  await started();
  player.tell(ENDED, 120);
  await vi.advanceTimersByTimeAsync(2_000);
  player.calls.length = 0;
  adapter.pause();
  adapter.seek(5_000);
  player.tell(PLAYING, 5);
  await vi.advanceTimersByTimeAsync(500);
  expect(player.calls).toEqual(['pause', 'mute', 'seek 5', 'pause', 'unMute']);
  expect([adapter.paused(), adapter.ready(), adapter.position()]).toEqual([true, true, 5_000]);
});

test('a player that accepts a rate outside its list accepts any', async () => {
  FakePlayer.traits.takesAnyRate = true;
  const player = await loaded();
  expect(adapter.capabilities).toMatchObject({ kind: 'youtube', rates: 'continuous', minRate: 0.25, maxRate: 2 });
  expect([adapter.rate(), player.getPlaybackRate()]).toEqual([1, 1]);
  adapter.setRate(1.0134);
  expect(player.calls.at(-1)).toBe('rate 1.013');
});

test('a player that refuses such a rate has only the rates of its list', async () => {
  await loaded();
  expect(adapter.capabilities).toEqual({
    kind: 'youtube',
    rates: LISTED,
    minRate: 0.25,
    maxRate: 2,
    positionErrorMs: 80,
    playLeadMs: 300,
  });
  adapter.setRate(1.25);
  expect(adapter.rate()).toBe(1.25);
});

test('a video with one rate is given no other', async () => {
  FakePlayer.traits.rates = [1];
  const player = await loaded();
  expect(adapter.capabilities).toMatchObject({ rates: [], minRate: 1, maxRate: 1 });
  expect(player.calls).not.toContain('rate 1.05');
});

test('a refused rate is noticed after a while', async () => {
  const player = await loaded();
  player.deaf = true;
  adapter.setRate(1.25);
  expect(adapter.rate()).toBe(1.25);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(adapter.rate()).toBe(1);
});

test.each([
  [2, 'format_unsupported'],
  [5, 'decode_failed'],
  [100, 'source_unreachable'],
  [101, 'source_unreachable'],
  [150, 'source_unreachable'],
  [153, 'source_unreachable'],
  [999, 'decode_failed'],
])('error %i is %s', async (number, code) => {
  FakePlayer.traits.error = number;
  await expect(load()).rejects.toMatchObject({ code });
  expect(events).toEqual([{ type: 'error', code, detail: expect.stringMatching(/\w{3}/) }]);
  expect(adapter.ready()).toBe(false);
});

test('a player that fails is ready again when it plays again', async () => {
  const player = await loaded();
  player.fail(5);
  expect(adapter.ready()).toBe(false);
  await started();
  expect(adapter.ready()).toBe(true);
});

test('a player that may not even start silently reports that and waits for a gesture', async () => {
  FakePlayer.traits.blocks = () => true;
  const player = await loaded();
  expect(events).toEqual([{ type: 'error', code: 'autoplay_blocked', detail: expect.any(String) }]);
  adapter.seek(30_000);
  expect([adapter.position(), adapter.ready(), adapter.paused(), player.seeks()]).toEqual([30_000, false, true, []]);

  FakePlayer.traits.blocks = () => false;
  const unblocked = adapter.play();
  await vi.advanceTimersByTimeAsync(2_000);
  await unblocked;
  expect(adapter.ready()).toBe(false);
  player.tell(PAUSED, 30);
  await vi.advanceTimersByTimeAsync(500);
  expect([adapter.position(), adapter.ready(), player.muted, player.seeks()]).toEqual([30_000, true, false, ['seek 30']]);
});

test('a start with sound that the browser blocks is reported and rejected', async () => {
  FakePlayer.traits.blocks = (player) => !player.muted;
  await loaded();
  await expect(started()).rejects.toMatchObject({ code: 'autoplay_blocked' });
  expect(events).toEqual([{ type: 'error', code: 'autoplay_blocked', detail: expect.any(String) }]);
  expect(adapter.paused()).toBe(true);
});

test('other media, and an API that can’t be loaded, are errors with a sentence', async () => {
  await expect(load({}, { ...MEDIA, provider: 'file' } as Media)).rejects.toMatchObject({ code: 'format_unsupported' });
  const failing = load({ YT: undefined, loadApi: () => Promise.reject(new Error('blocked')) });
  await expect(failing).rejects.toMatchObject({ code: 'source_unreachable' });
  expect(events.at(-1)).toMatchObject({ type: 'error', code: 'source_unreachable', detail: expect.stringMatching(/YouTube/) });
});

test('a page may decide itself which video a media is', async () => {
  const player = await loaded({ videoId: ({ provider }) => `from ${provider}` });
  expect(player.options.videoId).toBe('from youtube');
});

test('a destroyed adapter leaves nothing in the page and calls nobody', async () => {
  const player = await loaded();
  const playing = adapter.play();
  playing.catch(() => undefined);
  expect(container.children).toHaveLength(1);
  adapter.seek(4_000);
  adapter.destroy();
  await expect(playing).rejects.toThrow();
  expect(container.children).toHaveLength(0);
  expect(player.destroyed).toBe(true);
  player.tell(PLAYING);
  // What the player itself still had pending.
  await vi.advanceTimersByTimeAsync(30);
  expect(events).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

test('an adapter that is destroyed while it loads creates no player', async () => {
  let arrive!: (api: NonNullable<YouTubeOptions['YT']>) => void;
  const loading = load({ YT: undefined, loadApi: () => new Promise((resolve) => (arrive = resolve)) });
  const before = FakePlayer.made;
  adapter.destroy();
  arrive({ Player: FakePlayer });
  await expect(loading).rejects.toThrow();
  expect([FakePlayer.made, container.children.length]).toEqual([before, 0]);
});

test('the script of the API is loaded once, and again after a failure', async () => {
  const scripts = () => [...document.head.querySelectorAll('script')];
  const failing = loadYouTubeApi();
  expect(scripts().map(({ src }) => src)).toEqual(['https://www.youtube.com/iframe_api']);
  scripts()[0]!.dispatchEvent(new Event('error'));
  await expect(failing).rejects.toThrow('iframe_api');
  expect(scripts()).toEqual([]);

  const both = [loadYouTubeApi(), loadYouTubeApi()];
  expect(scripts()).toHaveLength(1);
  const page = window as unknown as { YT?: object; onYouTubeIframeAPIReady?: () => void };
  page.YT = { Player: FakePlayer };
  page.onYouTubeIframeAPIReady!();
  expect(await Promise.all(both)).toEqual([page.YT, page.YT]);
  delete page.YT;
  delete page.onYouTubeIframeAPIReady;
});

/** Loads; resolves with the player once the adapter has loaded. */
async function loaded(options: YouTubeOptions = {}): Promise<FakePlayer> {
  await load(options);
  const player = FakePlayer.last!;
  expect(container.contains(player.parent)).toBe(true);
  return player;
}

async function load(options: YouTubeOptions = {}, media = MEDIA): Promise<void> {
  adapter = youtubeAdapter(container, { YT: { Player: FakePlayer }, ...options });
  adapter.onEvent((event) => events.push(event));
  const loading = adapter.load(media, { rendition: 'auto', textTrack: null, audioTrack: null }, () => 0);
  loading.catch(() => undefined);
  await vi.advanceTimersByTimeAsync(2_000);
  await loading;
}

async function started(): Promise<void> {
  const playing = adapter.play();
  playing.catch(() => undefined);
  await vi.advanceTimersByTimeAsync(100);
  await playing;
}
