// Tests of the adapter for the media element.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { html5Adapter } from '../src/adapters/html5.js';
import { PlayheadError, type Media } from '../src/index.js';
import { FakeVideo } from './fake-video.js';

const URL = 'https://films.example/film.mp4';
const NONE = { rendition: 'auto', textTrack: null, audioTrack: null };
const ROOM = { now: () => 0, mediaFailed: async () => undefined, getSnapshot: () => ({ media: null }) };
const FILM = {
  delivery: [{ type: 'file', url: URL, cors: 'not_needed' }],
  text_tracks: [],
  audio_tracks: [],
} as unknown as Media;

/** The same, of a length that the server has read. */
const MEASURED: Media = { ...FILM, duration_ms: 20_000, duration_origin: 'media' };

let video: FakeVideo;

beforeEach(() => {
  video = new FakeVideo();
});

const adapter = () => html5Adapter(video as unknown as HTMLVideoElement);

test('a film that the page has started to load is not loaded again', async () => {
  video.src = URL;
  const loaded = adapter().load(FILM, NONE, () => 0);
  video.become(1, 'loadedmetadata');
  await loaded;
  expect(video.sources).toEqual([URL]);
});

test('a film whose metadata the page has already loaded counts as loaded', async () => {
  video.src = URL;
  video.readyState = 4;
  await adapter().load(FILM, NONE, () => 0);
  expect(video.sources).toEqual([URL]);
});

test.each([
  ['failed', URL, { code: 2 }],
  ['is another', 'https://films.example/other.mp4', null],
])('what the page has started to load and %s is loaded again', async (_, url, error) => {
  video.src = url;
  video.readyState = 1;
  video.error = error;
  const loaded = vi.fn();
  const loading = adapter().load(FILM, NONE, () => 0).then(loaded);
  expect(video.sources).toEqual([url, URL]);
  await Promise.resolve();
  expect(loaded).not.toHaveBeenCalled();
  video.become(1, 'loadedmetadata');
  await loading;
});

test('data is arriving while the element says so', () => {
  vi.useFakeTimers();
  const player = adapter();
  void player.load(FILM, NONE, () => 0);
  expect(player.arriving?.()).toBe(false);
  video.dispatchEvent(new Event('progress'));
  vi.advanceTimersByTime(700);
  expect(player.arriving?.()).toBe(true);
  vi.advanceTimersByTime(200);
  expect(player.arriving?.()).toBe(false);
  vi.useRealTimers();
});

test('a length counts only where the file has ended and nothing is sought: browsers raise it while they read on', () => {
  const player = adapter();
  void player.load(FILM, NONE, () => 0);
  const lengths = (state: Partial<FakeVideo>) => {
    Object.assign(video, state);
    return [player.ended(), player.duration(), player.measured?.().durationMs];
  };
  const unknown = [false, NaN, undefined];
  expect(lengths({ duration: 17.3, currentTime: 14 })).toEqual(unknown);
  expect(lengths({ currentTime: 17.3, ended: true, seeking: true })).toEqual(unknown);
  expect(lengths({ duration: 20, ended: false, seeking: false })).toEqual(unknown);
  expect(lengths({ currentTime: 20, ended: true })).toEqual([true, 20_000, 20_000]);
});

describe('what notices the end of a file', () => {
  const loads = (player = adapter()) => {
    vi.resetModules();
    const loaded = player.load(MEASURED, NONE, () => 0);
    Object.assign(video, { duration: 20, seekable: { length: 1, start: () => 0, end: () => 20 } });
    video.become(4, 'loadedmetadata');
    return loaded;
  };

  test('isn’t waited for, and shows the last picture if the element has ended before', async () => {
    const player = adapter();
    const loaded = vi.fn();
    void loads(player).then(loaded);
    for (let times = 0; times < 20; times += 1) await Promise.resolve();
    expect(loaded).toHaveBeenCalled();
    Object.assign(video, { currentTime: 20, ended: true });
    expect(player.position()).toBe(20_000);
    await vi.dynamicImportSettled();
    expect(player.position()).toBeCloseTo(19_999.1, 3);
  });

  test('listens to no player that is destroyed before', async () => {
    const player = adapter();
    void loads(player);
    player.destroy();
    const listens = vi.spyOn(video, 'addEventListener');
    await vi.dynamicImportSettled();
    expect(listens).not.toHaveBeenCalled();
  });

  test('may learn the length before it arrives', async () => {
    const player = adapter();
    void player.load(FILM, NONE, () => 0);
    player.learn?.(MEASURED);
    video.duration = 20;
    expect(player.duration()).toBe(20_000);
  });
});

describe('the tracks of a file', () => {
  const media = { ...FILM, text_tracks: [{ id: 'en', label: 'English', language: 'en' }], audio_tracks: [{ id: 'a2', label: 'Deutsch', language: 'de' }] } as unknown as Media;
  const text = (label: string) => ({ label, language: 'en', mode: 'disabled' });

  test('are selected, also those that the element tells of later', async () => {
    const texts = [text('English')];
    const audios = ['English', 'Deutsch'].map((label) => ({ label, language: label.slice(0, 2).toLowerCase(), enabled: label === 'English' }));
    Object.assign(video, { textTracks: Object.assign(new EventTarget(), { length: 1, 0: texts[0] }), audioTracks: audios });
    const player = adapter();
    void player.load(media, { ...NONE, textTrack: 'en', audioTrack: 'a2' }, () => 0);
    video.become(1, 'loadedmetadata');
    await vi.waitUntil(() => texts[0]!.mode === 'showing' && audios[1]!.enabled);
    expect(audios[0]!.enabled).toBe(false);
    texts.push(text('Other'), text('English'));
    Object.assign(video.textTracks, { length: 3, 1: texts[1], 2: texts[2] });
    video.textTracks.dispatchEvent(new Event('addtrack'));
    await vi.waitUntil(() => texts[2]!.mode === 'showing');
    expect(texts[1]!.mode).toBe('disabled');
    player.setTextTrack(null);
    await vi.waitUntil(() => texts.every(({ mode }) => mode === 'disabled'));
  });

  test('are left to whatever plays in the element after the player is destroyed', async () => {
    const texts = [text('English')];
    Object.assign(video, { textTracks: Object.assign(new EventTarget(), { length: 1, 0: texts[0] }) });
    const player = adapter();
    void player.load(media, NONE, () => 0);
    player.setTextTrack('en');
    player.destroy();
    await import('../src/adapters/file-tracks.js');
    await new Promise((resolve) => setImmediate(resolve));
    expect(texts[0]!.mode).toBe('disabled');
  });
});

describe('a film that cannot be reached', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.spyOn(Math, 'random').mockReturnValue(1);
  });

  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  });

  const failAs = async (code: number) => {
    video.error = { code };
    video.dispatchEvent(new Event('error'));
    await vi.dynamicImportSettled();
    await vi.advanceTimersByTimeAsync(0);
  };

  test('is requested again with back-off until it can be played', async () => {
    const player = adapter();
    void player.load(FILM, NONE, () => 0);
    await failAs(2);
    await vi.advanceTimersByTimeAsync(1_199);
    expect(video.loads).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(video.loads).toBe(1);
    await failAs(2);
    await vi.advanceTimersByTimeAsync(2_399);
    expect(video.loads).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(video.loads).toBe(2);
    video.become(3, 'canplay');
    await failAs(2);
    await vi.advanceTimersByTimeAsync(1_200);
    expect(video.loads).toBe(3);
  });

  test('is requested where the room is, so that its beginning is never shown', async () => {
    let roomMs = 60_000;
    void adapter().load(FILM, NONE, (inMs) => roomMs + inMs);
    await failAs(2);
    roomMs = 61_200;
    await vi.advanceTimersByTimeAsync(1_200);
    expect(video.loads).toBe(1);
    expect(video.currentTime).toBe(61.2);
  });

  test('is requested at the address that the room has by then', async () => {
    const newer = { ...FILM, delivery: [{ type: 'file', url: `${URL}?signed=2`, cors: 'not_needed' }] } as unknown as Media;
    void adapter().load(FILM, NONE, () => 0, { ...ROOM, getSnapshot: () => ({ media: newer }) });
    await failAs(2);
    await vi.advanceTimersByTimeAsync(1_200);
    expect(video.sources).toEqual([URL, `${URL}?signed=2`]);
  });

  test('is loaded no more after five failures to decode it at one place, until the room is elsewhere', async () => {
    let roomMs = 60_000;
    void adapter().load(FILM, NONE, (inMs) => roomMs + inMs);
    for (let time = 0; time < 5; time += 1) {
      await failAs(3);
      await vi.advanceTimersByTimeAsync(10_000);
    }
    await vi.advanceTimersByTimeAsync(60_000);
    expect(video.loads).toBe(4);
    roomMs = 65_000;
    await vi.advanceTimersByTimeAsync(10_000);
    expect([video.loads, video.currentTime]).toEqual([5, 65]);
  });

  test('is loaded wherever the room goes, but rarely once nothing could be decoded for long', async () => {
    let roomMs = 60_000;
    void adapter().load(FILM, NONE, (inMs) => roomMs + inMs);
    for (let time = 0; time < 20; time += 1) {
      roomMs += 11_000;
      await failAs(3);
      await vi.advanceTimersByTimeAsync(10_000);
    }
    roomMs += 50_000;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(video.loads).toBe(19);
    roomMs += 10_000;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(video.loads).toBe(20);
  });

  test('is loaded again as often as it plays on after a failure to decode it', async () => {
    void adapter().load(FILM, NONE, () => 60_000);
    video.played = { length: 1, start: () => 60, end: () => 64 };
    for (let time = 0; time < 8; time += 1) {
      await failAs(3);
      await vi.advanceTimersByTimeAsync(10_000);
    }
    expect(video.loads).toBe(8);
  });

  test.each([
    ['which the element names', 2],
    ['which the element takes for a broken file', 4],
  ])('nor by the server has lapsed, %s: one sentence, however often it is tried', async (_, element) => {
    vi.stubGlobal('fetch', async () => new Response('no'));
    const player = adapter();
    const codes: string[] = [];
    player.onEvent((event) => event.type === 'error' && codes.push(event.code));
    void player.load(FILM, NONE, () => 0, { ...ROOM, mediaFailed: () => Promise.reject(new PlayheadError({ code: 'media_forbidden', detail: 'no' })) });
    await failAs(element);
    await vi.waitUntil(() => codes.includes('source_lapsed'));
    codes.length = 0;
    for (let time = 1; time <= 3; time += 1) {
      await vi.advanceTimersByTimeAsync(10_000);
      expect(video.loads).toBe(time);
      await failAs(element);
    }
    expect(new Set(codes)).toEqual(new Set(['source_lapsed']));
  });

  test('is no longer requested after the player is destroyed', async () => {
    const player = adapter();
    void player.load(FILM, NONE, () => 0);
    await failAs(2);
    player.destroy();
    const { loads } = video;
    await failAs(2);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(video.loads).toBe(loads);
  });

  test('is not one that the browser can’t play, which is reported once', async () => {
    vi.stubGlobal('fetch', async () => new Response('no film'));
    const player = adapter();
    const events: unknown[] = [];
    player.onEvent((event) => events.push(event));
    void player.load(FILM, NONE, () => 0);
    await failAs(4);
    await vi.waitUntil(() => events.length > 0);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(events).toMatchObject([{ type: 'error', code: 'format_unsupported' }]);
    expect(video.loads).toBe(0);
  });
});

describe('a file whose clock begins at 100 s', () => {
  test('plays from position 0 on where the source states its origin', async () => {
    const timeline = { kind: 'media', origins: [{ discontinuity: 0, start_ms: 0, timestamp: 4_800_000, timescale: 48_000 }] };
    const player = adapter();
    const loading = player.load({ ...MEASURED, timeline } as Media, NONE, () => 0);
    Object.assign(video, { duration: 120, currentTime: 100, seekable: { length: 1, start: () => 100, end: () => 120 } });
    video.become(1, 'loadedmetadata');
    await loading;
    expect([player.position(), player.duration()]).toEqual([0, 20_000]);
    player.seek(12_000);
    expect([video.currentTime, player.position()]).toEqual([112, 12_000]);
    video.buffered = { length: 1, start: () => 100, end: () => 115 };
    expect([player.loaded?.(1_000), player.loaded?.(16_000)]).toEqual([true, false]);
  });

  test('plays from position 0 on where only the element tells, also for a late joiner', async () => {
    let at = 0;
    Object.defineProperty(video, 'currentTime', { get: () => at, set: (to: number) => (at = Math.max(to, 100)) });
    Object.assign(video, { duration: 120, seekable: { length: 1, start: () => 0, end: () => 120 } });
    const player = adapter();
    const loading = player.load(MEASURED, NONE, () => 0);
    video.become(1, 'loadedmetadata');
    await loading;
    player.seek(12_000);
    expect(player.position()).toBe(100_000);
    video.become(2, 'loadeddata');
    expect([at, player.position(), player.duration()]).toEqual([112, 12_000, 20_000]);
  });

  test('plays from position 0 on for a late joiner whose seek was under way at the first data', async () => {
    Object.assign(video, { duration: 120, seekable: { length: 1, start: () => 0, end: () => 120 } });
    const player = adapter();
    const loading = player.load(FILM, NONE, () => 0);
    video.become(1, 'loadedmetadata');
    await loading;
    player.seek(12_000);
    video.seeking = true;
    video.become(2, 'loadeddata');
    expect(player.position()).toBe(12_000);
    // As Chromium does, which also says that it has played until there.
    Object.assign(video, { seeking: false, currentTime: 99.997, played: { length: 1 } });
    video.become(4, 'seeked');
    expect([video.currentTime, player.position()]).toEqual([expect.closeTo(111.997, 3), expect.closeTo(12_000, 0)]);
  });

  test('is not mistaken for a file that the page moves, or that is loaded again where the room is', async () => {
    Object.assign(video, { duration: 120, seekable: { length: 1, start: () => 0, end: () => 120 } });
    const player = adapter();
    const loading = player.load(FILM, NONE, () => 0);
    video.become(1, 'loadedmetadata');
    await loading;
    video.become(2, 'loadeddata');
    video.currentTime = 50;
    video.become(4, 'seeked');
    expect(player.position()).toBe(50_000);

    const failed = adapter();
    void failed.load(FILM, NONE, () => 0);
    video.dispatchEvent(new Event('error'));
    video.become(2, 'loadeddata');
    expect(failed.position()).toBe(50_000);
    failed.destroy();
  });

  test('is not mistaken for a file that was sought, or whose address says where to begin', async () => {
    Object.assign(video, { duration: 120, seekable: { length: 1, start: () => 0, end: () => 120 } });
    const player = adapter();
    const loading = player.load(FILM, NONE, () => 0);
    video.become(1, 'loadedmetadata');
    await loading;
    player.seek(60_000);
    video.become(2, 'loadeddata');
    expect(player.position()).toBe(60_000);

    const other = adapter();
    void other.load({ ...FILM, delivery: [{ ...FILM.delivery[0], url: `${URL}#t=10` }] } as Media, NONE, () => 0);
    video.currentTime = 10;
    video.become(2, 'loadeddata');
    expect(other.position()).toBe(10_000);
  });
});
