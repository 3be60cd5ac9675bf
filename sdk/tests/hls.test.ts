// Tests of the adapter for hls.js.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { NETWORK_ERROR } from '../src/adapters/hls-recovery.js';
import { HLS_EVENTS, hlsAdapter, type HlsClass } from '../src/adapters/hls.js';
import { PlayheadError, type Media } from '../src/index.js';
import { FakeHls, film, NONE } from './fake-hls.js';
import { FakeVideo } from './fake-video.js';

const ROOM = { now: () => 0, mediaFailed: async () => undefined, getSnapshot: () => ({ media: null }) };

describe('loading', () => {
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

  const adapter = () => hlsAdapter(video as unknown as HTMLVideoElement, Class as unknown as HlsClass);

  test('positions of a live stream with dates are its dates, wherever the element counts from', () => {
    const dated = { timeline: { kind: 'program_date_time', origins: [] }, edge_ms: 50_000, edge_at_ms: 0 };
    const player = adapter();
    void player.load({ ...film(true), ...dated }, NONE, () => 47_000, { ...ROOM, now: () => 1_000 });
    const fragments = [0, 2].map((start) => {
      return { start, duration: 2, programDateTime: 46_000 + start * 1000, elementaryStreams: {} };
    });
    const details = { live: true, edge: 4, fragments };
    hls.latestLevelDetails = details;
    hls.tell(HLS_EVENTS.LEVEL_UPDATED, { details });
    expect(hls.targetLatency).toBe(3);
    player.seek(48_500);
    expect([video.currentTime, player.position()]).toEqual([2.5, 48_500]);
    expect(player.duration()).toBeNaN();
    expect(player.capabilities.live).toBe(true);
  });

  test('a live stream that counts timestamps plays before they are known, and says so', () => {
    const player = adapter();
    const origins = [{ discontinuity: 0, start_ms: 0, timestamp: 0, timescale: 90_000 }];
    const stamped = { timeline: { kind: 'media', origins }, edge_ms: 12_000, edge_at_ms: 0 };
    void player.load({ ...film(true), ...stamped }, NONE, () => 9_000, ROOM);
    video.readyState = 4;
    expect([player.ready(), player.loose?.()]).toEqual([true, true]);
    expect(adapter().loose?.()).toBe(false);
  });

  test('a live stream whose edge the room doesn’t know is only played and paused', () => {
    const player = adapter();
    void player.load(film(true), NONE, () => 0, { ...ROOM, now: () => 1_000 });
    expect(player.capabilities.live).toBeFalsy();
  });

  test('is done when the first data can be played', async () => {
    const loaded = vi.fn();
    void adapter().load(film(), NONE, () => 0).then(loaded);
    video.become(1, 'loadedmetadata');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(loaded).not.toHaveBeenCalled();
    video.become(3, 'canplay');
    await vi.advanceTimersByTimeAsync(0);
    expect(loaded).toHaveBeenCalled();
  });

  test('is done soon after the metadata if the first fragment doesn’t arrive', async () => {
    const loaded = vi.fn();
    void adapter().load(film(), NONE, () => 0).then(loaded);
    video.become(1, 'loadedmetadata');
    await vi.advanceTimersByTimeAsync(1_600);
    expect(loaded).toHaveBeenCalled();
  });

  test('a seek in live media is put right once the first picture tells where it is, before the player is ready', () => {
    const timeline = { kind: 'program_date_time', origins: [] };
    const media = { ...film(true), timeline, edge_ms: 60_000, edge_at_ms: 0 } as unknown as Media;
    const player = adapter();
    void player.load(media, NONE, () => 41_000, ROOM);
    const fragment = { start: 0, duration: 2, programDateTime: 40_000, elementaryStreams: {} };
    hls.latestLevelDetails = { live: true, edge: 2, fragments: [fragment] };
    player.seek(41_000);
    expect(video.currentTime).toBe(1);
    Object.assign(fragment, { elementaryStreams: { video: { startPTS: 0.059 } } });
    video.readyState = 4;
    expect([player.ready(), video.currentTime]).toEqual([false, 1.059]);
    expect([player.ready(), player.position()]).toEqual([true, 41_000]);
    // Later it isn't moved any more.
    Object.assign(fragment, { elementaryStreams: { video: { startPTS: 0.5 } } });
    expect([player.ready(), video.currentTime]).toEqual([true, 1.059]);
  });

  describe('after a failure', () => {
    let roomMs: number;

    beforeEach(() => {
      roomMs = 60_000;
      vi.spyOn(performance, 'getEntriesByType').mockReturnValue([]);
      vi.stubGlobal('fetch', async () => new Response());
    });

    const failWith = async (details: string) => {
      hls.tell(HLS_EVENTS.ERROR, { fatal: true, type: NETWORK_ERROR, details });
      roomMs = 70_000;
      await vi.advanceTimersByTimeAsync(5_000);
    };

    test.each([
      ['a fragment', 'fragLoadError', ['start 70.3']],
      ['the playlist', 'manifestLoadError', ['source 60.3', 'source 70.3']],
    ])('of %s before there is data, loading begins where the room is by then', async (_, details, asked) => {
      void adapter().load(film(), NONE, (inMs) => roomMs + inMs);
      await failWith(details);
      expect(hls.asked.slice(-asked.length)).toEqual(asked);
    });

    test('continues where the player was sought to', async () => {
      void adapter().load(film(), NONE, (inMs) => roomMs + inMs);
      video.become(1, 'loadedmetadata');
      video.currentTime = 65;
      await failWith('fragLoadError');
      expect(hls.asked.at(-1)).toBe('start 65');
    });

    test('continues at the live edge', async () => {
      void adapter().load(film(true), NONE, (inMs) => roomMs + inMs);
      video.become(1, 'loadedmetadata');
      video.currentTime = 65;
      await failWith('fragLoadError');
      expect(hls.asked.at(-1)).toBe('start -1');
    });

    test.each([
      ['are refused, the playlist is read again', 403, 'source 70.3'],
      ['fail otherwise, they are requested again', 503, 'start 70.3'],
    ])('fragments that %s', async (_, code, asked) => {
      void adapter().load(film(), NONE, (inMs) => roomMs + inMs);
      hls.tell(HLS_EVENTS.ERROR, { fatal: true, type: NETWORK_ERROR, details: 'fragLoadError', response: { code } });
      roomMs = 70_000;
      await vi.advanceTimersByTimeAsync(5_000);
      expect(hls.asked.at(-1)).toBe(asked);
    });

    test('fragments that are refused without CORS headers, of a playlist that is there, have it read again', async () => {
      vi.stubGlobal('fetch', async () => new Response());
      void adapter().load(film(), NONE, (inMs) => roomMs + inMs);
      const refused = { fatal: true, type: NETWORK_ERROR, details: 'fragLoadError', response: { code: 0 } };
      hls.tell(HLS_EVENTS.ERROR, refused);
      roomMs = 70_000;
      await vi.advanceTimersByTimeAsync(5_000);
      expect(hls.asked.at(-1)).toBe('source 70.3');
    });

    test('a playlist that was read before doesn’t lack CORS headers because its refusal does', async () => {
      vi.stubGlobal('fetch', async (_url: string, { mode }: RequestInit) => {
        if (mode === 'cors') throw new TypeError('Failed to fetch');
        return new Response();
      });
      const player = adapter();
      const codes: string[] = [];
      player.onEvent((event) => event.type === 'error' && codes.push(event.code));
      void player.load(film(), NONE, () => 0);
      await failWith('levelLoadError');
      expect(codes.at(-1)).toBe('cors_missing');
      video.become(4, 'canplay');
      await failWith('levelLoadError');
      expect(codes.at(-1)).toBe('source_unreachable');
    });

    test.each([
      ['a piece over http', 'https://page.test/', { frag: { url: 'http://films.example/1.ts' } }, 'mixed_content'],
      ['a piece that was answered', 'https://page.test/', { response: { code: 0, url: 'http://films.example/1.ts' } }, 'mixed_content'],
      ['a playlist over http', 'https://page.test/', { url: 'http://films.example/low.m3u8' }, 'mixed_content'],
      ['a piece over https', 'https://page.test/', { frag: { url: 'https://films.example/1.ts' } }, 'part_unreachable'],
      ['a piece over http on an insecure page', 'http://page.test/', { frag: { url: 'http://films.example/1.ts' } }, 'part_unreachable'],
    ])('of %s on %s the reason is reported', async (_, href, failed, code) => {
      vi.stubGlobal('location', { href });
      const player = adapter();
      const codes: string[] = [];
      player.onEvent((event) => event.type === 'error' && codes.push(event.code));
      void player.load(film(), NONE, () => 0);
      hls.tell(HLS_EVENTS.ERROR, { fatal: true, type: NETWORK_ERROR, details: 'fragLoadError', ...failed });
      await vi.advanceTimersByTimeAsync(0);
      expect(codes).toEqual([code]);
      await vi.advanceTimersByTimeAsync(5_000);
      expect(hls.asked.length).toBe(2);
    });

    test.each([
      ['a piece', 'of which the playlist is there', 'fragLoadError', new Response(), 'part_unreachable'],
      ['a piece', 'whose site is down', 'fragLoadError', Response.error(), 'source_unreachable'],
      ['the playlist', 'that is there by now', 'manifestLoadError', new Response(), 'source_unreachable'],
    ])('of %s %s the report says which part cannot be loaded', async (_, _how, details, answer, code) => {
      vi.stubGlobal('fetch', async () => answer);
      const player = adapter();
      const codes: string[] = [];
      player.onEvent((event) => event.type === 'error' && codes.push(event.code));
      void player.load(film(), NONE, () => 0);
      hls.tell(HLS_EVENTS.ERROR, { fatal: true, type: NETWORK_ERROR, details, response: { code: 404 } });
      await vi.advanceTimersByTimeAsync(0);
      expect(codes).toEqual([code]);
    });

    test('media that the server can’t load either has lapsed, and no try withdraws that', async () => {
      const player = adapter();
      const codes: string[] = [];
      player.onEvent((event) => event.type === 'error' && codes.push(event.code));
      void player.load(film(), NONE, () => 0, { ...ROOM, mediaFailed: () => Promise.reject(new PlayheadError({ code: 'media_gone', detail: 'no' })) });
      await failWith('fragLoadError');
      expect(codes.at(-1)).toBe('source_lapsed');
      codes.length = 0;
      await failWith('fragLoadError');
      expect(new Set(codes)).toEqual(new Set(['source_lapsed']));
    });

    test('nothing is requested once the player is destroyed', async () => {
      const player = adapter();
      void player.load(film(), NONE, () => 0);
      player.destroy();
      await failWith('fragLoadError');
      expect(hls.asked).toHaveLength(1);
    });
  });

  test('data is arriving while bytes of any fragment arrive', () => {
    const player = adapter();
    void player.load(film(), NONE, () => 0);
    expect(player.arriving?.()).toBe(false);
    const picture = { type: 'main', stats: { loaded: 0 } };
    const sound = { type: 'audio', stats: { loaded: 0 } };
    for (const frag of [picture, sound]) hls.tell(HLS_EVENTS.FRAG_LOADING, { frag });
    picture.stats.loaded = 1_000;
    expect(player.arriving?.()).toBe(true);
    vi.advanceTimersByTime(700);
    sound.stats.loaded = 10;
    expect(player.arriving?.()).toBe(true);
    vi.advanceTimersByTime(700);
    expect(player.arriving?.()).toBe(true);
    vi.advanceTimersByTime(200);
    expect(player.arriving?.()).toBe(false);
    const other = { type: 'main', stats: { loaded: 0 } };
    hls.tell(HLS_EVENTS.FRAG_LOADING, { frag: other });
    expect(player.arriving?.()).toBe(false);
    other.stats.loaded = 1;
    expect(player.arriving?.()).toBe(true);
  });
});
