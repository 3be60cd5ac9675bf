// Tests of positions in live streams.
import { beforeEach, describe, expect, test } from 'vitest';
import { LiveTimeline, type LiveDetails, type LiveFragment, type LiveHls } from '../src/adapters/hls-live.js';
import { TIMESTAMP_EVENTS } from '../src/adapters/hls-timestamps.js';
import type { Media } from '../src/index.js';

const DATE_MS = 1_795_989_600_000;

/** A fragment of 2 s that is listed at `start` and dated `dateS` after `DATE_MS`. */
function fragment(start: number, dateS: number | null, pictureS?: number): LiveFragment {
  const video = pictureS === undefined ? null : { startPTS: pictureS };
  const programDateTime = dateS === null ? null : DATE_MS + dateS * 1000;
  return { start, duration: 2, programDateTime, elementaryStreams: { video } };
}

function playlist(fragments: LiveFragment[], live = true): LiveDetails {
  const last = fragments.at(-1)!;
  return { live, edge: last.start + last.duration, fragments };
}

function media(kind: string): Media {
  return { timeline: { kind, origins: [] }, edge_ms: DATE_MS + 60_000, edge_at_ms: 5_000 } as unknown as Media;
}

let roomMs: number;
let hls: { -readonly [K in keyof LiveHls]: LiveHls[K] };
let listeners: [event: string, listener: (event: string, data: unknown) => void][];

beforeEach(() => {
  roomMs = 5_000;
  listeners = [];
  const on = (event: string, listener: (event: string, data: unknown) => void) => void listeners.push([event, listener]);
  hls = { levels: [], currentLevel: -1, latestLevelDetails: null, targetLatency: null, on };
});

describe('with dates', () => {
  const dated = () => new LiveTimeline(hls, media('program_date_time'), () => roomMs);

  test('positions are dates, and the same for viewers whose elements count from elsewhere', () => {
    hls.latestLevelDetails = playlist([fragment(0, 40), fragment(2, 42), fragment(4, 44)]);
    expect(dated().positionAt(2.5)).toBe(DATE_MS + 42_500);
    expect(dated().elementAt(DATE_MS + 42_500)).toBe(2.5);
    hls.latestLevelDetails = playlist([fragment(100, 42), fragment(102, 44)]);
    expect(dated().positionAt(100.5)).toBe(DATE_MS + 42_500);
    expect(dated().elementAt(DATE_MS + 42_500)).toBe(100.5);
  });

  test('a fragment begins with its first picture, even if its sound begins earlier', () => {
    hls.latestLevelDetails = playlist([fragment(0, 40, 0.125), fragment(2, 42, 2.125)]);
    expect(dated().positionAt(2.625)).toBe(DATE_MS + 42_500);
    expect(dated().elementAt(DATE_MS + 42_500)).toBe(2.625);
  });

  test('wrong segment durations don’t add up', () => {
    const told = playlist([fragment(0, 40), fragment(2, 42.5), fragment(4, 45)]);
    hls.latestLevelDetails = told;
    expect(dated().positionAt(4)).toBe(DATE_MS + 45_000);
    expect(dated().elementAt(DATE_MS + 45_500)).toBe(4.5);
  });

  test('the playlist of what is playing counts, not the one that was read last', () => {
    hls.levels = [{ details: playlist([fragment(0, 40)]) }, { details: playlist([fragment(7, 40)]) }];
    hls.latestLevelDetails = hls.levels[1]!.details!;
    hls.currentLevel = 0;
    expect(dated().positionAt(1)).toBe(DATE_MS + 41_000);
    hls.currentLevel = 1;
    expect(dated().positionAt(8)).toBe(DATE_MS + 41_000);
  });

  test('what a paused viewer sees keeps its position after the playlist has dropped it', () => {
    const timeline = dated();
    hls.latestLevelDetails = playlist([fragment(0, 40), fragment(2, 42)]);
    expect(timeline.positionAt(1)).toBe(DATE_MS + 41_000);
    // The date that follows jumps by ten seconds.
    hls.latestLevelDetails = playlist([fragment(2, 52), fragment(4, 54)]);
    expect(timeline.positionAt(1)).toBe(DATE_MS + 41_000);
    expect(timeline.elementAt(DATE_MS + 41_000)).toBe(1);
  });

  test('a position between dates that jump leads to where the pictures go on', () => {
    hls.latestLevelDetails = playlist([fragment(0, 40), fragment(2, 72)]);
    expect(dated().elementAt(DATE_MS + 60_000)).toBe(2);
    expect(dated().positionAt(2)).toBe(DATE_MS + 72_000);
  });

  test('a position that the playlist no longer has leads to its beginning', () => {
    hls.latestLevelDetails = playlist([fragment(10, 40), fragment(12, 42)]);
    expect(dated().elementAt(DATE_MS)).toBe(10);
  });

  test('hls.js learns how far from the edge the room is', () => {
    const details = playlist([fragment(0, 40), fragment(2, 42), fragment(4, 44)]);
    hls.latestLevelDetails = details;
    dated().updated(details, DATE_MS + 41_000);
    expect(hls.targetLatency).toBe(5);
    dated().updated(details, DATE_MS + 99_000);
    expect(hls.targetLatency).toBeGreaterThan(0);
  });

  test('the end is known once the stream is over', () => {
    hls.latestLevelDetails = playlist([fragment(0, 40)]);
    expect(dated().endMs()).toBeNaN();
    hls.latestLevelDetails = playlist([fragment(0, 40)], false);
    expect(dated().endMs()).toBe(DATE_MS + 42_000);
  });
});

describe('without dates', () => {
  const undated = () => new LiveTimeline(hls, media('playlist'), () => roomMs);
  const list = (from: number) => playlist([fragment(from, null), fragment(from + 2, null)]);

  test('the newest media is where the room has the edge', () => {
    const timeline = undated();
    expect(timeline.positionAt(1)).toBeNaN();
    hls.latestLevelDetails = list(0);
    timeline.updated(hls.latestLevelDetails, DATE_MS + 58_000);
    expect(timeline.positionAt(4)).toBe(DATE_MS + 60_000);
    expect(timeline.elementAt(DATE_MS + 59_000)).toBe(3);
    expect(hls.targetLatency).toBe(2);
  });

  test('what was heard of sooner counts more, and small differences don’t', () => {
    const timeline = undated();
    const hear = (from: number, atMs: number) => {
      roomMs = atMs;
      hls.latestLevelDetails = list(from);
      timeline.updated(hls.latestLevelDetails, DATE_MS);
      return timeline.positionAt(from + 4) - DATE_MS - 60_000 - (atMs - 5_000);
    };
    expect(hear(0, 6_500)).toBe(0);
    expect(hear(2, 7_500)).toBe(0);
    expect(hear(4, 9_450)).toBe(50);
    expect(hear(6, 13_000)).toBe(-1_500);
    expect(hear(8, 60_000)).toBe(0);
  });

  test('dates that only the viewer’s playlist has aren’t the room’s positions', () => {
    const timeline = undated();
    const details = playlist([fragment(0, 40)]);
    hls.latestLevelDetails = details;
    timeline.updated(details, DATE_MS);
    expect(timeline.positionAt(2)).toBe(DATE_MS + 60_000);
  });
});

describe('without dates, with timestamps', () => {
  const origins = [{ discontinuity: 3, start_ms: 0, timestamp: 900_000, timescale: 90_000 }];
  const live = { ...media('media'), timeline: { kind: 'media', origins }, edge_ms: 12_000 };
  const stamped = () => {
    listeners = [];
    return new LiveTimeline(hls, live, () => roomMs);
  };
  const hears = (timeline: LiveTimeline) => {
    hls.latestLevelDetails = playlist([fragment(8, null), fragment(10, null)]);
    timeline.updated(hls.latestLevelDetails, 6_000);
  };

  /** Appends a range of a discontinuity, in whose timestamps the element's time 0 is `baseS`. */
  function fill(cc: number, fromS: number, untilS: number, baseS: number): void {
    const frag = { cc, elementaryStreams: { video: { startPTS: fromS, endPTS: untilS } } };
    tell(TIMESTAMP_EVENTS.INIT_PTS_FOUND, { frag, initPTS: baseS * 90_000, timescale: 90_000 });
    tell(TIMESTAMP_EVENTS.BUFFER_APPENDING, { type: 'video', parent: 'main', frag });
  }

  function tell(type: string, data: unknown): void {
    for (const [event, listener] of listeners) if (event === type) listener(event, data);
  }

  test('viewers whose elements count from elsewhere have one picture at a position', () => {
    const early = stamped();
    hears(early);
    expect(early.isLoose).toBe(true);
    expect(early.positionAt(6)).toBe(6_000);
    fill(3, 4, 12, 10);
    expect(early.isLoose).toBe(false);
    expect(early.positionAt(6)).toBeCloseTo(6_000, 1);
    // Heard of the playlist late, and began 50.25 s after the room's origin.
    roomMs = 55_500;
    const late = stamped();
    hears(late);
    fill(3, 8, 12, 10 + 42.25);
    expect(late.positionAt(8)).toBeCloseTo(50_250, 1);
    expect(late.elementAt(50_250)).toBeCloseTo(8, 4);
    for (const one of [early, late]) expect(one.positionAt(one.elementAt(51_000))).toBeCloseTo(51_000, 6);
  });

  test('a discontinuity that the source doesn’t know goes on where the one before ends, and says little to others', () => {
    const timeline = stamped();
    hears(timeline);
    fill(3, 4, 12, 10);
    fill(4, 12, 14, 777);
    expect(timeline.positionAt(13)).toBeCloseTo(13_000, 1);
    expect(timeline.isLoose).toBe(true);
    const late = stamped();
    hears(late);
    fill(4, 8, 12, 777);
    expect(late.positionAt(10)).toBeCloseTo(10_000, 1);
  });

  test('timestamps that are far from the clock count no longer', () => {
    const timeline = stamped();
    hears(timeline);
    fill(3, 4, 12, 10);
    roomMs += 60_000;
    hears(timeline);
    expect(timeline.positionAt(12)).toBeCloseTo(72_000, 1);
    expect(timeline.isLoose).toBe(true);
    timeline.forget();
    expect(timeline.positionAt(12)).toBeNaN();
  });
});
