// How a player finds its position in media with timestamps.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { HLS_EVENTS, hlsAdapter, type HlsClass } from '../src/adapters/hls.js';
import type { Media } from '../src/index.js';
import { FakeHls, film, NONE } from './fake-hls.js';
import { FakeVideo } from './fake-video.js';

let video: FakeVideo;
let hls: FakeHls;
class Class extends FakeHls {
  constructor(config: { startPosition: number }) {
    super(config);
    hls = this;
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  video = new FakeVideo();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** What the playlist and hls.js say of a piece that is missing. */
const GAP = { gap: true, tagList: [['INF', '2'], ['GAP']] };

const adapter = () => hlsAdapter(video as unknown as HTMLVideoElement, Class as unknown as HlsClass);

describe('loading media with timestamps', () => {
  const timeline = { kind: 'media', origins: [{ discontinuity: 0, start_ms: 0, timestamp: 126_000, timescale: 90_000 }] };
  const media = { ...film(), duration_ms: 90_000, duration_origin: 'playlist', timeline } as Media;

  /** Fills the element from `fromS` on with what really begins at `reallyS`. */
  const fill = (fromS: number, reallyS: number, sn: number, initSegment: object | null = null) => {
    const times = { startPTS: fromS, endPTS: fromS + 3.4 };
    const frag = { type: 'main', cc: 0, sn, initSegment, elementaryStreams: { video: times }, stats: { loaded: 1 } };
    const initPTS = 126_000 + (reallyS - fromS) * 90_000;
    hls.tell(HLS_EVENTS.INIT_PTS_FOUND, { frag, initPTS, timescale: 90_000 });
    hls.tell(HLS_EVENTS.BUFFER_APPENDING, { type: 'video', parent: 'main', frag });
    video.readyState = 1;
    hls.tell(HLS_EVENTS.FRAG_BUFFERED, { frag });
  };

  beforeEach(() => {
    vi.spyOn(performance, 'getEntriesByType').mockReturnValue([]);
  });

  test('a late joiner whose first fragment is another one seeks again, and then reports true positions', () => {
    const player = adapter();
    void player.load(media, NONE, () => 15_000);
    expect(hls.config.startPosition).toBe(15);
    fill(15, 17, 5);
    expect(video.currentTime).toBeCloseTo(13, 4);
    expect([player.ready(), player.position()]).toEqual([false, 15_000]);
    fill(11.6, 13.6, 4);
    video.become(3, 'seeked');
    expect([player.ready(), Math.round(player.position())]).toEqual([true, 15_000]);
    player.seek(17_500);
    expect(video.currentTime).toBeCloseTo(15.5, 4);
  });

  test('what lies before the element’s time 0, or too far from the playlist, is loaded anew from the start', () => {
    const player = adapter();
    void player.load(media, NONE, () => 15_000);
    fill(15, 17, 5);
    video.become(3, 'seeked');
    player.seek(1_000);
    expect(hls.asked).toEqual(['source 15', 'source 0']);
    fill(0, 0, 0);
    expect(video.currentTime).toBeCloseTo(1, 4);
    player.seek(500);
    expect([hls.asked.length, video.currentTime.toFixed(3)]).toEqual([2, '0.500']);

    video.readyState = 0;
    const far = adapter();
    void far.load(media, NONE, () => 33_000);
    fill(33, 37.4, 11);
    expect(hls.asked).toEqual(['source 33', 'source 0']);
    fill(0, 0, 0);
    expect(video.currentTime).toBeCloseTo(33, 4);
  });

  test('a late joiner whose first fragment is less than 100 ms off seeks again, too', () => {
    const player = adapter();
    void player.load(media, NONE, () => 15_000);
    fill(15, 15.09, 5);
    expect([player.ready(), player.position()]).toEqual([false, 15_000]);
    expect(video.currentTime).toBeCloseTo(14.91, 4);
  });

  test('a seek waits for sound, keys and playlists that are slow to load', () => {
    const player = adapter();
    void player.load(media, NONE, () => 0);
    fill(0, 0, 0);
    video.become(4, 'seeked');
    player.seek(40_000);
    video.readyState = 1;
    const sound = { frag: { type: 'audio', stats: { loaded: 0 } } };
    for (const [begins, ends, data] of [
      ['hlsFragLoading', 'hlsFragBuffered', sound],
      ['hlsKeyLoading', 'hlsKeyLoaded', {}],
      ['hlsLevelLoading', 'hlsLevelLoaded', {}],
    ] as const) {
      hls.tell(begins, data);
      vi.advanceTimersByTime(60_000);
      expect([player.ready(), hls.asked.length]).toEqual([false, 1]);
      hls.tell(ends, data);
      vi.advanceTimersByTime(2_900);
      expect([player.ready(), hls.asked.length]).toEqual([false, 1]);
    }
    vi.advanceTimersByTime(200);
    expect([player.ready(), hls.asked.length]).toEqual([false, 2]);
  });

  test('a seek for which nothing more is loaded fills the element anew, and is said to fail if that never helps', () => {
    const player = adapter();
    const errors: unknown[] = [];
    player.onEvent((event) => errors.push(event));
    void player.load(media, NONE, () => 0);
    fill(0, 0, 0);
    video.become(4, 'seeked');
    player.seek(40_000);
    video.readyState = 1;
    for (let times = 1; times <= 4; times += 1) {
      vi.advanceTimersByTime(2_900);
      expect([player.ready(), hls.asked.length]).toEqual([false, times]);
      vi.advanceTimersByTime(200);
      expect([player.ready(), hls.asked.at(-1), hls.asked.length]).toEqual([false, 'source 0', times + 1]);
      fill(0, 0, 0);
    }
    hls.tell(HLS_EVENTS.FRAG_LOADING, { frag: { type: 'main', stats: { loaded: 0 } } });
    vi.advanceTimersByTime(60_000);
    expect([player.ready(), errors]).toEqual([false, []]);
    fill(3.4, 3.4, 1);
    vi.advanceTimersByTime(3_100);
    expect([player.ready(), errors]).toEqual([false, [expect.objectContaining({ type: 'error', code: 'part_unreachable' })]]);
  });

  describe('where the playlist lacks pieces', () => {
    const pieces = [0, 2, 4, 6, 8].map((start) => ({ type: 'main', level: 0, start, duration: 2, ...(start === 2 || start === 4 ? GAP : {}) }));
    const lacks = (frag: object) => {
      hls.tell(HLS_EVENTS.ERROR, { fatal: false, details: 'fragGap', frag });
      vi.advanceTimersByTime(1);
    };

    test('a joiner begins at the next piece that exists, and follows the next seek', () => {
      const player = adapter();
      void player.load(media, NONE, () => 3_000);
      hls.levels.push({ details: { startSN: 0, fragments: pieces } });
      lacks(pieces[1]!);
      expect(hls.asked).toEqual(['source 3', 'start 6']);
      fill(6, 6, 3);
      lacks(pieces[1]!);
      expect(hls.asked.length).toBe(2);
      player.seek(7_000);
      video.become(3, 'seeked');
      expect([player.ready(), player.position()]).toEqual([true, 7_000]);
    });

    test('a joiner begins at the first piece if none follows, and leaves it to hls.js if another quality may have it', () => {
      void adapter().load(media, NONE, () => 9_000);
      hls.levels.push({ details: { startSN: 0, fragments: [...pieces.slice(0, 4), { ...pieces[4], ...GAP }] } });
      hls.tell(HLS_EVENTS.ERROR, { fatal: false, details: 'fragGap', frag: { ...pieces[4], start: 8 }, levelRetry: true });
      lacks({ ...pieces[4], type: 'audio' });
      expect(hls.asked).toEqual(['source 9']);
      lacks(pieces[4]!);
      expect(hls.asked).toEqual(['source 9', 'start 0']);
    });

    test('a seek there is said to fail, once each, and nothing is loaded anew', () => {
      const player = adapter();
      const errors: unknown[] = [];
      player.onEvent((event) => errors.push(event));
      void player.load(media, NONE, () => 0);
      hls.levels.push({ details: { startSN: 0, fragments: pieces } });
      for (const times of [1, 2]) {
        fill(0, 0, 0);
        video.become(4, 'seeked');
        expect(player.ready()).toBe(true);
        player.seek(5_000);
        video.readyState = 1;
        hls.tell(HLS_EVENTS.FRAG_LOADING, { frag: { ...pieces[2], stats: { loaded: 0 } } });
        vi.advanceTimersByTime(900);
        expect([player.ready(), errors.length]).toEqual([false, times - 1]);
        for (let tick = 0; tick < 100; tick += 1) {
          vi.advanceTimersByTime(50);
          expect(player.ready()).toBe(false);
        }
        expect([errors.length, errors.at(-1)]).toEqual([times, expect.objectContaining({ type: 'error', code: 'part_unreachable' })]);
        player.seek(1_000);
      }
      expect(hls.asked).toEqual(['source 0']);
    });

    test('while the room plays, a seek there leads to where the pieces go on', () => {
      const player = adapter();
      void player.load(media, NONE, (inMs) => 1_000 + inMs);
      hls.levels.push({ details: { startSN: 0, fragments: pieces } });
      fill(0, 0, 0);
      video.become(4, 'seeked');
      for (const [soughtMs, reachedMs] of [[3_000, 6_100], [5_999, 6_100], [1_000, 1_000], [7_000, 7_000]] as const) {
        player.seek(soughtMs);
        expect([Math.round(player.position()), video.currentTime.toFixed(3)]).toEqual([reachedMs, (reachedMs / 1000).toFixed(3)]);
      }
    });

    test('a piece that hls.js has given up for a while is loaded anew', () => {
      const player = adapter();
      void player.load(media, NONE, () => 0);
      hls.levels.push({ details: { startSN: 0, fragments: pieces.map((piece) => ({ ...piece, gap: true, tagList: [['INF', '2']] })) } });
      fill(0, 0, 0);
      video.become(4, 'seeked');
      player.seek(5_000);
      video.readyState = 1;
      for (let tick = 0; tick < 63; tick += 1) {
        vi.advanceTimersByTime(50);
        player.ready();
      }
      expect(hls.asked).toEqual(['source 0', 'source 0']);
    });
  });

  test('the end is known once the last data is there', () => {
    const player = adapter();
    void player.load(media, NONE, () => 15_000);
    video.duration = 90;
    expect([player.duration(), player.measured?.().durationMs]).toEqual([NaN, undefined]);
    fill(86, 88, 29);
    hls.tell(HLS_EVENTS.BUFFERED_TO_END, undefined);
    expect([player.duration(), player.measured?.().durationMs]).toEqual([92_000, 92_000]);
  });

  test('a player that is over stays at the last picture when it is sought to the end', () => {
    const player = adapter();
    void player.load(media, NONE, () => 0);
    fill(0, 0, 0);
    video.become(4, 'seeked');
    [video.currentTime, video.duration, video.ended] = [3.4, 3.4, true];
    player.seek(player.duration());
    expect(video.currentTime).toBe(3.4);
    player.seek(3_000);
    expect(video.currentTime).toBeCloseTo(3, 4);
  });

  test('the first timestamp of encrypted media is measured at its first fragment only', () => {
    const player = adapter();
    void player.load({ ...media, timeline: { kind: 'playlist', origins: [] } }, NONE, () => 0);
    hls.levels.push({ details: { startSN: 4, fragments: [] } });
    const found = (sn: number, encrypted: boolean, initPTS: number) =>
      hls.tell(HLS_EVENTS.INIT_PTS_FOUND, { frag: { cc: 2, sn, encrypted }, initPTS, timescale: 90_000 });
    found(9, true, 1);
    found(4, false, 2);
    expect(player.measured?.().origin).toBeUndefined();
    found(4, true, 126_000);
    expect(player.measured?.().origin).toEqual({ discontinuity: 2, start_ms: 0, timestamp: 126_000, timescale: 90_000 });
  });

  test('where one picture stands for a jump of the timestamps, no distance is told, and the film ends as long as it was told', () => {
    const player = adapter();
    void player.load({ ...media, duration_ms: 40_000 }, NONE, () => 0);
    fill(0, 0, 0);
    video.become(3, 'seeked');
    const frag = { type: 'main', cc: 0, sn: 1, initSegment: null, elementaryStreams: { video: { startPTS: 3.4, endPTS: 5_002 } } };
    hls.tell(HLS_EVENTS.BUFFER_APPENDING, { type: 'video', parent: 'main', frag });
    hls.tell(HLS_EVENTS.BUFFERED_TO_END, undefined);
    expect([player.loose?.(), player.duration(), player.measured?.().durationMs]).toEqual([false, 40_000, undefined]);
    video.currentTime = 25;
    expect(player.loose?.()).toBe(true);
    const pause = vi.spyOn(video, 'pause');
    video.dispatchEvent(new Event('timeupdate'));
    expect(pause).not.toHaveBeenCalled();
    video.currentTime = 40.1;
    video.dispatchEvent(new Event('timeupdate'));
    expect(pause).toHaveBeenCalled();
  });

  test('a piece as long as its playlist says isn’t a jump, however long it is', () => {
    const player = adapter();
    void player.load({ ...media, duration_ms: 90_000 }, NONE, () => 0);
    const streams = { video: { startPTS: 0, endPTS: 90 } };
    const frag = { type: 'main', cc: 0, sn: 0, initSegment: null, tagList: [['INF', '89.5']], elementaryStreams: streams };
    hls.tell(HLS_EVENTS.BUFFER_APPENDING, { type: 'video', parent: 'main', frag });
    expect(player.loose?.()).toBe(false);
  });

  test('in a discontinuity without an origin, the player says that its position is only told', () => {
    const player = adapter();
    void player.load(media, NONE, () => 0);
    fill(0, 0, 0);
    const frag = { type: 'main', cc: 1, sn: 1, initSegment: null, elementaryStreams: { video: { startPTS: 3.4, endPTS: 6.8 } } };
    hls.tell(HLS_EVENTS.BUFFER_APPENDING, { type: 'video', parent: 'main', frag });
    expect([player.inexact?.(), player.loose?.()]).toEqual([false, false]);
    video.currentTime = 5;
    expect([player.inexact?.(), player.loose?.()]).toEqual([true, false]);
    const origins = [...timeline.origins, { discontinuity: 1, start_ms: 3_400, timestamp: 0, timescale: 90_000 }];
    player.learn?.({ ...media, timeline: { ...timeline, origins } });
    expect(player.inexact?.()).toBe(false);
  });

  test('a target beyond what the element knows of is sought again when it knows more', () => {
    const player = adapter();
    void player.load(media, NONE, () => 0);
    fill(0, 0, 0);
    video.become(3, 'seeked');
    let [at, duration] = [0, 90];
    Object.defineProperties(video, {
      duration: { get: () => duration },
      currentTime: { get: () => at, set: (to: number) => (at = Math.min(to, duration)) },
    });
    player.seek(101_000);
    expect(at).toBe(90);
    for (duration of [92, 95, 98, 101, 102]) video.dispatchEvent(new Event('durationchange'));
    expect(at).toBeCloseTo(101, 4);
  });

  test('a seek to just before what is loaded loads what lies before it', () => {
    const player = adapter();
    void player.load(media, NONE, () => 0);
    fill(0, 0, 0);
    video.become(3, 'seeked');
    video.buffered = { length: 1, start: () => 51.06, end: () => 54 };
    player.seek(51_017);
    video.become(3, 'seeked');
    expect([player.ready(), player.position(), video.currentTime.toFixed(3)]).toEqual([false, 51_017, '50.767']);
    video.buffered = { length: 1, start: () => 47.6, end: () => 54 };
    video.become(3, 'seeked');
    expect([player.ready(), video.currentTime.toFixed(3)]).toEqual([false, '51.017']);
    video.become(3, 'seeked');
    expect(player.ready()).toBe(true);
  });

  test('in fragmented MP4, so does one to just behind where it begins, since its first picture may be shown only later', () => {
    const player = adapter();
    void player.load(media, NONE, () => 0);
    const begin = (reallyS: number, startS: number) => {
      fill(reallyS, reallyS, 2, {});
      video.buffered = { length: 1, start: () => startS, end: () => 54 };
      video.become(3, 'seeked');
    };
    begin(4, 4);
    player.seek(4_098);
    video.become(3, 'seeked');
    expect([player.ready(), player.position(), video.currentTime.toFixed(3)]).toEqual([false, 4_098, '3.848']);
    begin(2, 2);
    expect([player.ready(), video.currentTime.toFixed(3)]).toEqual([false, '4.098']);
    video.become(3, 'seeked');
    expect(player.ready()).toBe(true);
    player.seek(2_300);
    video.become(3, 'seeked');
    expect(player.ready()).toBe(true);
    hls.levels.push({ details: { startSN: 0, fragments: [{ start: 0, duration: 2, ...GAP }] } });
    player.seek(2_100);
    video.become(3, 'seeked');
    expect(player.ready()).toBe(true);
    // The piece before may be lost, however often it is requested.
    begin(8, 8);
    player.seek(8_098);
    video.become(3, 'seeked');
    expect(video.currentTime.toFixed(3)).toBe('7.848');
    hls.tell(HLS_EVENTS.FRAG_LOADING, { frag: { type: 'main', stats: { loaded: 0 } } });
    video.readyState = 1;
    vi.advanceTimersByTime(4_100);
    expect([player.ready(), video.currentTime.toFixed(3)]).toEqual([false, '8.098']);
    video.become(3, 'seeked');
    expect(player.ready()).toBe(true);
  });

  test('a seek to where the data ends is over once more has come and the picture is the right one', () => {
    const player = adapter();
    void player.load(media, NONE, () => 0);
    fill(0, 0, 0);
    video.become(3, 'seeked');
    const seeks: number[] = [];
    let at = 0;
    Object.defineProperty(video, 'currentTime', { get: () => at, set: (to: number) => seeks.push((at = to)) });
    let end = 3.41;
    video.buffered = { length: 1, start: () => 0, end: () => end };
    player.seek(3_400);
    video.become(3, 'seeked');
    expect([player.ready(), seeks.length]).toEqual([false, 1]);
    end = 6.8;
    fill(3.4, 3.4, 1);
    video.become(3, 'canplay');
    expect(player.ready()).toBe(false);
    video.become(3, 'seeked');
    expect([player.ready(), seeks.map((to) => to.toFixed(3))]).toEqual([true, ['3.400', '3.400']]);

    end = 6.81;
    player.seek(6_800);
    video.become(3, 'seeked');
    expect(player.ready()).toBe(false);
    vi.advanceTimersByTime(1_100);
    expect(player.ready()).toBe(true);
  });
});
