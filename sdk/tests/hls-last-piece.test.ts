// Where a film ends whose last piece its server refuses.

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { HLS_EVENTS, hlsAdapter, type HlsClass } from '../src/adapters/hls.js';
import type { Media } from '../src/index.js';
import { FakeHls, film, NONE } from './fake-hls.js';
import { FakeVideo } from './fake-video.js';

beforeEach(() => void vi.spyOn(performance, 'getEntriesByType').mockReturnValue([]));
afterEach(() => vi.restoreAllMocks());

test('a film whose last piece is refused ends before it, which is no measured length, until the piece comes', () => {
  const hls = { made: null as FakeHls | null };
  class Class extends FakeHls {
    constructor(config: { startPosition: number }) {
      super(config);
      hls.made = this;
    }
  }
  const timeline = { kind: 'media', origins: [{ discontinuity: 0, start_ms: 0, timestamp: 0, timescale: 90_000 }] };
  const media = { ...film(), duration_ms: 90_000, duration_origin: 'playlist', timeline } as Media;
  const player = hlsAdapter(new FakeVideo() as unknown as HTMLVideoElement, Class as unknown as HlsClass);
  void player.load(media, NONE, () => 15_000);
  const { levels, tell } = { levels: hls.made!.levels, tell: hls.made!.tell.bind(hls.made) };
  levels.push({ details: { startSN: 0, endSN: 30, fragments: [] } });
  const refused = (sn: number, code: number) =>
    tell(HLS_EVENTS.ERROR, { fatal: false, details: 'fragLoadError', response: { code }, frag: { type: 'main', sn, start: 86 } });
  refused(29, 404);
  refused(30, 503);
  expect(player.duration()).toBeNaN();
  refused(30, 404);
  expect([player.duration(), player.measured?.().durationMs]).toEqual([85_850, undefined]);
  // Filled anew, the element's times are others.
  player.seek(-10_000);
  expect(player.duration()).toBeNaN();
  const missing = { type: 'main', sn: 30, start: 86, gap: true, tagList: [['GAP']] };
  tell(HLS_EVENTS.ERROR, { fatal: false, details: 'fragGap', frag: missing });
  expect(player.duration()).toBe(85_850);
  tell(HLS_EVENTS.FRAG_BUFFERED, { frag: { type: 'main', cc: 0, sn: 30, initSegment: null, elementaryStreams: {}, stats: { loaded: 1 } } });
  expect(player.duration()).toBeNaN();
});
