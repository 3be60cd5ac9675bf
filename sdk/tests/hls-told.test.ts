// Tests of films whose playlist states wrong durations.
import { beforeEach, describe, expect, test } from 'vitest';
import type { HlsFragment } from '../src/adapters/hls-timestamps.js';
import { ToldDurations } from '../src/adapters/hls-told.js';
import type { Media } from '../src/wire.js';

const URL = 'https://films.example/half.m3u8';
const PIECES = 30;
/** Pieces of 3.4 s that are told as 1.7 s. */
const HALF = playlist(Array.from({ length: PIECES }, () => 1.7));
const timeline = { kind: 'media', origins: [{ discontinuity: 0, start_ms: 0, timestamp: 0, timescale: 90_000 }] };
const MEDIA = { live: false, duration_ms: 51_000, timeline } as unknown as Media;

function playlist(seconds: number[], firstSn = 7): string {
  const pieces = seconds.map((one, n) => `#EXTINF:${one},piece\n${n}.m4s\n`);
  return `#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:${firstSn}\n${pieces.join('')}#EXT-X-ENDLIST\n`;
}

/** When the pieces of a playlist begin, and when the last ends, in milliseconds. */
function starts(text: string): number[] {
  let ms = 0;
  return [0, ...[...text.matchAll(/#EXTINF:([\d.]+)/g)].map(([, seconds]) => (ms += Number(seconds) * 1_000))];
}

const piece = (sn: number | 'initSegment', baseurl = URL) => ({ sn, baseurl }) as HlsFragment;

describe('a playlist that tells half of each duration', () => {
  let told: ToldDurations;

  beforeEach(() => {
    told = new ToldDurations();
    told.learn(MEDIA);
    expect(told.stretched(HALF, URL, 'manifest')).toBe(HALF);
  });

  test('is as long as its media once a piece was found, wherever that lies', () => {
    expect(told.isWrongAt(34_000)).toBe(false);
    told.found(piece(7 + 19), 64_600, 68_000);
    expect([told.isWrongAt(34_000), told.isWrongAt(1_000)]).toEqual([true, false]);
    const real = starts(told.stretched(HALF, URL, 'manifest'));
    for (const n of [0, 10, 19, PIECES]) expect(real[n]).toBeCloseTo(n * 3_400, 0);
    expect(told.isWrongAt(34_000)).toBe(false);
    expect(told.stretched(HALF, URL, 'manifest')).toContain(',piece\n0.m4s');
  });

  test('is stretched at once if the length of its media is known', () => {
    told.learn({ ...MEDIA, duration_ms: 102_000 });
    expect(starts(told.stretched(HALF, URL, 'level'))[10]).toBeCloseTo(34_000, 0);
    expect(told.isWrongAt(90_000)).toBe(false);
  });

  test('stretches the playlists of sound and subtitles with it only if they tell the same', () => {
    told.found(piece(7), 0, 3_400);
    told.found(piece(8), 3_400, 6_800);
    told.stretched(HALF, URL, 'level');
    expect(starts(told.stretched(playlist([51]), 'subtitles', 'subtitleTrack')).at(-1)).toBeCloseTo(102_000, 0);
    const real = playlist([102]);
    expect(told.stretched(real, 'sound', 'audioTrack')).toBe(real);
  });

  test('is left alone where the timestamps jump, and a short last piece says nothing', () => {
    told.found(piece(7 + 19), 32_300 + 60_000, 34_000 + 60_000);
    told.found(piece(7 + 29), 98_600, 98_900);
    told.found(piece('initSegment'), 0, 1);
    told.found(piece(3), 0, 1);
    told.found(piece(7, 'another'), 0, 90_000);
    expect(told.stretched(HALF, URL, 'manifest')).toBe(HALF);
  });
});

test('a playlist of several timelines, a live one, and one without origin are left alone', () => {
  const told = new ToldDurations();
  const several = HALF.replace('#EXTINF', '#EXT-X-DISCONTINUITY\n#EXTINF');
  const live = HALF.replace('#EXT-X-ENDLIST', '');
  for (const [media, text] of [
    [MEDIA, several],
    [MEDIA, live],
    [{ ...MEDIA, live: true }, HALF],
    [{ ...MEDIA, timeline: { kind: 'playlist', origins: [] } }, HALF],
  ] as [Media, string][]) {
    told.learn({ ...media, duration_ms: 102_000 });
    told.stretched(text, URL, 'manifest');
    told.found(piece(9), 64_600, 68_000);
    expect(told.stretched(text, URL, 'manifest')).toBe(text);
  }
});
