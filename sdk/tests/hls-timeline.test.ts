// Tests of the translation between the element's times and the room's positions.
import { describe, expect, test } from 'vitest';
import { HlsTimeline, NO_ROOM_MS } from '../src/adapters/hls-timeline.js';
import type { Media } from '../src/index.js';

const unknown = () => undefined;

function timeline(origins: [discontinuity: number, startMs: number, timestamp: number, timescale?: number][]): HlsTimeline {
  const listed = origins.map(([discontinuity, start_ms, timestamp, timescale = 90_000]) => ({ discontinuity, start_ms, timestamp, timescale }));
  return learned({ kind: 'media', origins: listed });
}

function learned(stated: Media['timeline'] | undefined): HlsTimeline {
  const timeline = new HlsTimeline();
  timeline.learn(stated);
  return timeline;
}

test('without origins, positions are the element’s times', () => {
  for (const stated of [undefined, { kind: 'playlist', origins: [] }, { kind: 'media', origins: [] }]) {
    const plain = learned(stated);
    plain.found(0, 900_000, 90_000);
    plain.appended(0, 0, 10_000);
    expect([plain.counts, plain.positionAt(5), plain.elementAt(5, unknown)]).toEqual([false, 5, 5]);
  }
});

test('a viewer from the start and a late joiner have the same picture at the same position', () => {
  // Real 3.4 s told as 3: the late joiner's first piece is the 12th, told to begin at 33 s and really at 37.4 s.
  const [start, late] = [timeline([[0, 0, 126_000]]), timeline([[0, 0, 126_000]])];
  start.found(0, 126_000, 90_000);
  start.appended(0, 0, 40_000);
  late.found(0, 126_000 + (37.4 - 33) * 90_000, 90_000);
  late.appended(0, 33_000, 36_400);
  expect(start.positionAt(38_000)).toBeCloseTo(38_000);
  expect(late.positionAt(33_600)).toBeCloseTo(38_000);
  expect(late.elementAt(38_000, unknown)).toBeCloseTo(33_600);
  expect(late.elementAt(0, unknown)).toBeCloseTo(-4_400);
});

test('what is filled keeps its distance when hls.js places later pieces anew', () => {
  const film = timeline([[0, 0, 0, 15_360]]);
  film.found(0, 0, 15_360);
  film.appended(0, 0, 40_000);
  film.found(0, 80 * 48_000, 48_000);
  film.appended(0, 519_000, 522_400);
  film.appended(0, 522_400, 525_800);
  expect([30_000, 520_000, 525_000].map((ms) => film.positionAt(ms))).toEqual([30_000, 600_000, 605_000]);
  expect([30_000, 600_000, 605_000].map((ms) => film.elementAt(ms, unknown))).toEqual([30_000, 520_000, 525_000]);
  // Beyond what is filled, the nearest range counts.
  expect([41_000, 610_000].map((ms) => film.elementAt(ms, unknown))).toEqual([41_000, 530_000]);
});

test('a newer range replaces what it covers of an older one', () => {
  const film = timeline([[0, 0, 0]]);
  film.found(0, 0, 90_000);
  film.appended(0, 0, 10_000);
  film.found(0, 90_000, 90_000);
  film.appended(0, 4_000, 6_000);
  expect([3_000, 5_000, 7_000].map((ms) => film.positionAt(ms))).toEqual([3_000, 6_000, 7_000]);
});

test('each discontinuity has timestamps of its own', () => {
  const film = timeline([[3, 0, 126_000], [4, 34_000, 900]]);
  film.found(3, 126_000, 90_000);
  film.appended(3, 0, 34_000);
  film.found(4, 900 - 34 * 90_000, 90_000);
  film.appended(4, 34_000, 38_000);
  expect(film.positionAt(35_000)).toBe(35_000);
  // A discontinuity that isn't loaded yet begins where the playlist, as corrected so far, places it.
  const late = timeline([[3, 0, 126_000], [4, 34_000, 900]]);
  late.found(3, 126_000 + 4_500, 90_000);
  late.appended(3, 10_000, 13_000);
  expect(late.elementAt(35_000, (cc) => (cc === 4 ? 33_950 : undefined))).toBe(34_950);
});

test('positions are only told where a discontinuity has no origin and another has', () => {
  const fill = (film: HlsTimeline) => {
    film.found(0, 0, 90_000);
    film.appended(0, 0, 17_000);
    film.found(1, 5_000, 90_000);
    film.appended(1, 17_000, 40_000);
    return [5_000, 30_000].map((ms) => film.isToldAt(ms));
  };
  expect(timeline([[0, 0, 0]]).isToldAt(0)).toBe(false);
  expect(fill(timeline([[0, 0, 0]]))).toEqual([false, true]);
  expect(fill(timeline([[0, 0, 0], [1, 17_000, 5_000]]))).toEqual([false, false]);
  // Where none has an origin, the media itself says that its playlist counts.
  expect(fill(learned({ kind: 'playlist', origins: [] }))).toEqual([false, false]);
});

describe('timestamps that start over', () => {
  const near = 2 ** 33 - 90_000;

  test.each([
    ['before the first piece', near, 0 - 2 * 90_000 + 90_000],
    ['and are counted on', near, near + 2 ** 33],
    ['and are the same', near, near],
  ])('%s', (_, origin, initPts) => {
    const film = timeline([[0, 0, origin]]);
    film.found(0, initPts, 90_000);
    film.appended(0, 0, 10_000);
    expect(film.positionAt(5_000)).toBeCloseTo(5_000, 3);
  });
});

test('of a live stream that has run for longer than timestamps count, those near its place count', () => {
  const stream = timeline([[0, 0, 0]]);
  const fourteenHoursS = 50_400;
  stream.aboutMs = fourteenHoursS * 1_000;
  stream.found(0, fourteenHoursS * 90_000, 90_000);
  stream.appended(0, 0, 10_000);
  expect(stream.positionAt(5_000)).toBeCloseTo(fourteenHoursS * 1_000 + 5_000, 3);
});

test('an origin that becomes known later counts for what is there already', () => {
  const film = learned({ kind: 'playlist', origins: [] });
  film.found(0, 4 * 90_000, 90_000);
  film.appended(0, 33_000, 36_400);
  expect(film.positionAt(34_000)).toBe(34_000);
  film.learn({ kind: 'media', origins: [{ discontinuity: 0, start_ms: 0, timestamp: 0, timescale: 90_000 }] });
  expect(film.positionAt(34_000)).toBe(38_000);
});

test('nothing is left of an element that is filled anew', () => {
  const film = timeline([[0, 0, 0]]);
  film.found(0, 90_000, 90_000);
  film.appended(0, 0, 10_000);
  expect([film.isFilled, film.shiftMs, film.positionAt(0)]).toEqual([true, 1_000, 1_000]);
  film.forget();
  expect([film.isFilled, film.shiftMs, film.positionAt(0)]).toEqual([false, 0, 0]);
});

test('the piece of a position is found between pieces that were placed by a playlist of half the truth', () => {
  // Real 2 s told as 1, in fragmented MP4: each piece that is jumped to begins where the playlist says.
  const film = timeline([[0, 0, 0]]);
  const load = (piece: number, atS: number) => {
    film.found(0, (2 * piece - atS) * 90_000, 90_000);
    film.appended(0, atS * 1000, (atS + 2) * 1000);
    return Math.round(film.elementAt(12_000, unknown));
  };
  expect([load(9, 9), load(3, 3), load(5, 6)]).toEqual([3_000, 6_600, 8_000]);
  film.appended(0, 8_000, 10_000);
  expect([film.elementAt(12_500, unknown), film.positionAt(8_500)]).toEqual([8_500, 12_500]);
});

test('an element whose loaded pieces leave no room for those in between has to be filled anew', () => {
  const film = timeline([[0, 0, 0]]);
  film.found(0, 6.8 * 90_000, 90_000);
  film.appended(0, 10_200, 18_700);
  film.found(0, 18.7 * 90_000, 90_000);
  film.appended(0, 18_700, 25_500);
  expect([film.elementAt(34_000, unknown), film.elementAt(38_000, unknown)]).toEqual([NO_ROOM_MS, 19_300]);
});
