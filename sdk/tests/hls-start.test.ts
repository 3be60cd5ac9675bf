// Tests of where and how hls.js begins to load, and of the names that the adapter takes from it.
import Hls from 'hls.js';
import { afterEach, expect, test, vi } from 'vitest';
import { FORMAT_DETAILS, MEDIA_ERROR, NETWORK_ERROR, PLAYLIST_DETAILS } from '../src/adapters/hls-recovery.js';
import { HLS_EVENTS, hlsAdapter, type HlsClass } from '../src/adapters/hls.js';
import { FakeHls, film, NONE } from './fake-hls.js';
import { FakeVideo } from './fake-video.js';

let hls: FakeHls;
class Class extends FakeHls {
  constructor(config: { startPosition: number }) {
    super(config);
    hls = this;
  }
}

afterEach(() => {
  vi.restoreAllMocks();
});

const adapter = () => hlsAdapter(new FakeVideo() as unknown as HTMLVideoElement, Class as unknown as HlsClass);

test('the class of hls.js has what the adapter needs', () => {
  const asked: HlsClass = Hls;
  expect(typeof asked.isSupported).toBe('function');
});

test('the event and error names are those of hls.js', () => {
  for (const [name, value] of Object.entries(HLS_EVENTS)) {
    expect(Hls.Events[name as keyof typeof HLS_EVENTS]).toBe(value);
  }
  expect([Hls.ErrorTypes.NETWORK_ERROR, Hls.ErrorTypes.MEDIA_ERROR]).toEqual([NETWORK_ERROR, MEDIA_ERROR]);
  expect(Object.values(Hls.ErrorDetails)).toEqual(expect.arrayContaining([...FORMAT_DETAILS, ...PLAYLIST_DETAILS]));
});

test.each([
  ['none is known', [], 300],
  ['a round trip takes 80 ms', [{ requestStart: 100, responseStart: 180 }], 780],
  ['a round trip takes a second', [{ requestStart: 0, responseStart: 1_000 }], 1_200],
])('begins where the room will be when the first data arrives: %s', (_, navigation, leadMs) => {
  vi.spyOn(performance, 'getEntriesByType').mockReturnValue(navigation as unknown as PerformanceEntryList);
  void adapter().load(film(), NONE, (inMs) => 60_000 + inMs);
  expect(hls.config.startPosition).toBe((60_000 + leadMs) / 1000);
});

test('begins where the room is, and not beyond the end', () => {
  void adapter().load(film(), NONE, () => 60_000);
  expect(hls.config.startPosition).toBe(60);
  void adapter().load({ ...film(), duration_ms: 60_000 }, NONE, () => 60_000);
  expect(hls.config.startPosition).toBe(59);
  void adapter().load({ ...film(), duration_ms: 500 }, NONE, () => 0);
  expect(hls.config.startPosition).toBe(0);
});

test('is strict with playlists only where a later one may contradict an earlier one', () => {
  void adapter().load(film(), NONE, () => 0);
  expect(hls.config).toMatchObject({ ignorePlaylistParsingErrors: true });
  void adapter().load(film(true), NONE, () => 0);
  expect(hls.config).toMatchObject({ ignorePlaylistParsingErrors: false });
});

test('plays no interstitials, which each viewer would see at a time of its own', () => {
  void adapter().load(film(), NONE, () => 0);
  expect(hls.config).toMatchObject({ enableInterstitialPlayback: false });
  expect(Hls.DefaultConfig).toHaveProperty('enableInterstitialPlayback');
});

test('begins at the live edge', () => {
  void adapter().load(film(true), NONE, (inMs) => 60_000 + inMs);
  expect(hls.config.startPosition).toBe(-1);
});
