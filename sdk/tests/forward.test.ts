// Tests of players that can't seek.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { html5Adapter } from '../src/adapters/html5.js';
import type { Media, PlayerAdapter } from '../src/index.js';
import { FakeVideo } from './fake-video.js';

const URL = 'https://films.example/film.mp4';
const NONE = { rendition: 'auto', textTrack: null, audioTrack: null };
const FILM = { delivery: [{ type: 'file', url: URL, cors: 'not_needed' }], text_tracks: [], audio_tracks: [] } as unknown as Media;

let video: PlainVideo;
let player: PlayerAdapter;
/** Where the room is, by `performance.now()`. */
let roomMs: (atMs: number) => number;

beforeEach(async () => {
  roomMs = () => 0;
  video = new PlainVideo();
  player = html5Adapter(video as unknown as HTMLVideoElement);
  const loaded = player.load(FILM, NONE, (inMs) => roomMs(performance.now() + inMs));
  video.become(4, 'loadedmetadata');
  await loaded;
});

afterEach(() => player.destroy());

test('what can not seek plays on to where it is wanted, silently, and stops there', async () => {
  roomMs = () => 30_000;
  player.seek(30_000);
  expect([player.paused(), player.ready(), player.position(), player.rate()]).toEqual([true, false, 30_000, 1]);
  await vi.waitUntil(() => video.muted);
  await arrives();
  expect(video.currentTime).toBeGreaterThanOrEqual(29.998);
  expect([video.muted, video.playbackRate, video.seeks]).toEqual([false, 1, []]);
});

test('a pause a moment ahead is reached by playing on, with its sound', async () => {
  void player.play();
  roomMs = () => 300;
  player.pause();
  player.seek(300);
  const heard: boolean[] = [];
  while (!player.ready()) {
    heard.push(!video.muted && !video.paused);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(heard).not.toContain(false);
  expect(video.currentTime).toBeGreaterThanOrEqual(0.298);
  expect([video.paused, video.seeks]).toEqual([true, []]);
});

test('a room that plays is met a little ahead, and the player waits for it', async () => {
  const beganMs = performance.now();
  roomMs = (atMs) => 4_000 + (atMs - beganMs);
  player.seek(4_500);
  await arrives();
  expect(player.position()).toBeGreaterThan(roomMs(performance.now()));
  expect(video.seeks).toEqual([]);
});

test('a position that has passed is left as it is, but a room that begins anew is followed', async () => {
  roomMs = () => 2_000;
  player.seek(2_000);
  await arrives();
  player.seek(1_900);
  player.seek(1_000);
  expect([video.paused, video.seeks]).toEqual([true, []]);
  player.seek(0);
  expect(video.seeks).toEqual([0]);
});

test('sound that somebody turns on during a run stays on', async () => {
  video.muted = true;
  roomMs = () => 20_000;
  player.seek(20_000);
  video.muted = false;
  await arrives();
  expect(video.muted).toBe(false);
});

test('a file whose clock begins late is at its beginning there, and gets to where it is wanted', async () => {
  player.destroy();
  video = new PlainVideo(100);
  player = html5Adapter(video as unknown as HTMLVideoElement);
  const timeline = { kind: 'media', origins: [{ discontinuity: 0, start_ms: 0, timestamp: 9_000_000, timescale: 90_000 }] };
  const loaded = player.load({ ...FILM, timeline } as Media, NONE, (inMs) => roomMs(performance.now() + inMs));
  video.become(4, 'loadedmetadata');
  await loaded;
  expect(player.position()).toBe(0);
  roomMs = () => 300;
  player.seek(300);
  await arrives();
  expect(video.currentTime).toBeGreaterThanOrEqual(100.298);
  expect(video.currentTime).toBeLessThan(101);
  expect(video.seeks).toEqual([]);
  player.seek(0);
  expect(video.seeks).toEqual([100]);
  // What it can jump to counts from there as well.
  Object.assign(video, { duration: 220, seekable: { length: 1, start: () => 100, end: () => 110 } });
  player.seek(5_000);
  expect(video.seeks).toEqual([100, 105]);
});

test.each([true, false])('without a length, the server says whether it plays on to where it is wanted: it jumps, %s', async (seek) => {
  player.destroy();
  video = new PlainVideo();
  video.duration = Infinity;
  player = html5Adapter(video as unknown as HTMLVideoElement);
  const loaded = player.load({ ...FILM, control: { ...FILM.control, seek } }, NONE, () => 300);
  video.become(4, 'loadedmetadata');
  await loaded;
  player.seek(300);
  await arrives();
  expect(video.seeks).toEqual(seek ? [0.3] : []);
});

const arrives = () => vi.waitUntil(() => player.ready(), { timeout: 15_000, interval: 5 });

/** An element on a server without byte ranges, in real time. */
class PlainVideo extends FakeVideo {
  override duration = 220;
  muted = false;
  preservesPitch = false;
  readonly seekable = { length: 1, start: () => 0, end: () => 0 };
  override readonly buffered = { length: 0, start: () => 0, end: () => 0 };
  /** Each position that was sought, in seconds. */
  readonly seeks: number[] = [];
  #rate = 1;
  #fromS: number;
  #sinceMs = performance.now();

  /** Its clock begins at `fromS`. */
  constructor(fromS = 0) {
    super();
    this.#fromS = fromS;
    Object.defineProperty(this, 'currentTime', { get: () => this.#atS(), set: (toS: number) => this.#seek(toS) });
  }

  get playbackRate(): number {
    return this.#rate;
  }

  set playbackRate(rate: number) {
    this.#settle();
    this.#rate = rate;
  }

  async play(): Promise<void> {
    this.#settle();
    this.paused = false;
  }

  override pause(): void {
    this.#settle();
    this.paused = true;
  }

  #atS(): number {
    return this.#fromS + (this.paused ? 0 : ((performance.now() - this.#sinceMs) / 1000) * this.#rate);
  }

  #settle(): void {
    this.#fromS = this.#atS();
    this.#sinceMs = performance.now();
  }

  #seek(toS: number): void {
    this.seeks.push(toS);
    this.#fromS = toS;
    this.#sinceMs = performance.now();
  }
}
