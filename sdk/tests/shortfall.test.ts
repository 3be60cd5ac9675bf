// Tests of what a browser is said to lack for a source.
import { expect, test } from 'vitest';
import { findShortfall } from '../src/adapters/shortfall.js';
import type { Source } from '../src/wire.js';

/** A browser that plays what Chromium does without licensed codecs of others. */
const PLAYED = ['avc1.42E01E', 'avc1.64001f', 'avc1.42001e', 'avc1.4d001f', 'mp4a.40.2', 'vp9', 'opus', 'mp3', 'flac', '1', 'av01.0.04M.08'];
const canPlay = (type: string): boolean => PLAYED.some((codec) => type.endsWith(`codecs="${codec}"`));

test.each([
  ['avc1.64001f,mp4a.40.2', null, []],
  ['avc1.64001f,ac-3', 'sound_unsupported', ['Dolby Digital']],
  ['avc1.64001f,dts', 'sound_unsupported', ['DTS']],
  ['avc1.64001f,dts,mp4a.40.2', null, []],
  ['hvc1.1.6.L93.B0,mp4a.40.2', 'picture_unsupported', ['HEVC']],
  ['hvc1.1.6.L93.B0,ec-3', 'format_unsupported', ['HEVC', 'Dolby Digital Plus']],
  ['hev1.1.6.L93.B0', 'format_unsupported', ['HEVC']],
  ['mp4v.20.9,mp3', 'picture_unsupported', ['MPEG-4 Visual']],
  ['apch,sowt', 'picture_unsupported', ['ProRes']],
  ['mp2', 'format_unsupported', ['MPEG audio layer 2']],
  ['speex', 'format_unsupported', ['SPEEX']],
  ['avc1,opus', null, []],
  ['avc1.66.30,mp4a.40.34', null, []],
  ['avc1.77.31', null, []],
  ['avc1.100.51', 'format_unsupported', ['H.264']],
  ['avc1.66.30,mp4a.40.33', 'sound_unsupported', ['MPEG audio layer 2']],
  ['1', null, []],
  ['6', null, []],
  ['11', 'format_unsupported', ['IMA ADPCM']],
  ['2', 'format_unsupported', ['MS ADPCM']],
  ['31', 'format_unsupported', ['GSM 6.10']],
  ['55', 'format_unsupported', ['MPEG audio layer 3']],
  ['270', 'format_unsupported', ['270']],
  [null, null, []],
])('a file of %s lacks %s', (codecs, code, names) => {
  const found = findShortfall(file(codecs), { canPlay, pageUrl: 'http://page.test/' });
  expect(found?.code ?? null).toBe(code);
  expect(found?.codecs ?? []).toEqual(names);
  for (const name of names) expect(found?.detail).toContain(name);
});

test.each([
  ['samr', 'AMR'],
  ['sawb', 'AMR'],
  ['wavpack4', 'WavPack'],
  ['tta1', 'TTA1'],
  ['mlp', 'MLP'],
  ['mlpa', 'Dolby TrueHD'],
  ['ima4', 'IMA4'],
  ['QDM2', 'QDesign Music'],
  ['quicktime.qdm2', 'QDesign Music'],
  ['apac', 'Apple Positional Audio'],
  ['mha1.0x0D', 'MPEG-H Audio'],
  ['mhm1.0x0D', 'MPEG-H Audio'],
  ['iamf', 'IAMF'],
  ['f1ac', 'FLAC'],
])('%s beside a picture that plays is sound that is missing: %s', (codec, name) => {
  const options = { canPlay, pageUrl: 'https://page.test/' };
  expect(findShortfall(file(`avc1.64001f,${codec}`), options)).toMatchObject({ code: 'sound_unsupported', codecs: [name] });
  expect(findShortfall(file(`${codec},mp4a.40.2`), options)).toBeNull();
});

test('plain samples have names where even they are missing', () => {
  const named = (codec: string) => findShortfall(file(codec), { canPlay: () => false, pageUrl: 'https://page.test/' })?.codecs;
  expect(['1', '3', '6', '7'].map(named)).toEqual([['PCM'], ['floating-point PCM'], ['A-law'], ['µ-law']]);
});

test('of a playlist, one quality that plays is enough, and one of unknown codecs may play', () => {
  const hls = (...codecs: (string | null)[]): Partial<Source> => ({
    ...file(null, 'https://media.test/film.m3u8', 'hls'),
    renditions: codecs.map((one, n) => ({ id: `${n}`, width: null, height: null, bitrate_bps: null, codecs: one })),
  });
  const found = (...codecs: (string | null)[]) => findShortfall(hls(...codecs) as Source, { canPlay, pageUrl: 'https://page.test/' });
  expect(found('hvc1.1.6.L93.B0,mp4a.40.2', 'avc1.64001f,mp4a.40.2')).toBeNull();
  expect(found('hvc1.1.6.L93.B0,mp4a.40.2', null)).toBeNull();
  expect(found('hvc1.1.6.L93.B0,mp4a.40.2', 'hvc1.1.6.L60.B0,mp4a.40.2')?.code).toBe('picture_unsupported');
});

test.each([
  ['https://page.test/', 'http://media.test/a.mp4', 'mixed_content'],
  ['https://page.test/', 'https://media.test/a.mp4', undefined],
  ['https://page.test/', 'http://127.0.0.1:8000/a.mp4', undefined],
  ['https://page.test/', 'http://localhost/a.mp4', undefined],
  ['https://page.test/', 'http://[::1]/a.mp4', undefined],
  ['https://page.test/', 'http://127.0.0.1.test/a.mp4', 'mixed_content'],
  ['http://page.test/', 'http://media.test/a.mp4', undefined],
])('on %s, %s is %s', (pageUrl, url, code) => {
  expect(findShortfall(file('avc1.64001f', url), { canPlay, pageUrl })?.code).toBe(code);
});

test.each([
  ['hls', 'missing', 'https://media.test/film.m3u8', true, 'cors_missing'],
  ['hls', 'any', 'https://media.test/film.m3u8', true, undefined],
  ['hls', 'origin', 'https://media.test/film.m3u8', true, undefined],
  ['hls', 'missing', 'https://page.test/film.m3u8', true, undefined],
  ['hls', 'missing', 'https://media.test/film.m3u8', false, undefined],
  ['file', 'missing', 'https://media.test/film.mp4', true, undefined],
])('%s with CORS headers that are %s, at %s, by hls.js %s, lacks %s', (type, cors, url, usesHlsJs, code) => {
  const source = file(null, url, type);
  source.delivery[0]!.cors = cors;
  const found = findShortfall(source, { canPlay, pageUrl: 'https://page.test/', usesHlsJs });
  expect(found?.code).toBe(code);
  if (code) expect(found?.detail).toMatch(/doesn’t allow other pages/);
});

test('what another player plays is left to it', () => {
  expect(findShortfall(file('dts', 'http://media.test/', 'embed'), { canPlay, pageUrl: 'https://page.test/' })).toBeNull();
});

function file(codecs: string | null, url = 'https://media.test/film.mp4', type = 'file'): Source {
  const delivery = [{ type, url, cors: 'any', codecs, has_picture: null, has_sound: null }];
  return { delivery, renditions: [] as Source['renditions'] } as Source;
}
