// Tests of what is changed in a playlist before hls.js reads it.
import { M3U8Parser } from 'hls.js';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { hlsAdapter, type HlsClass } from '../src/adapters/hls.js';
import { announced, ended, readPlaylists } from '../src/adapters/hls-playlist.js';
import { FakeHls, film, NONE } from './fake-hls.js';
import { FakeVideo } from './fake-video.js';

const URL = 'https://films.example/film.m3u8';
const FILM = '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXTINF:2.0,\ns0.ts\n#EXTINF:2.0,\ns1.ts';
const QUALITIES = '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlow.m3u8\n';

/** A loader that has loaded this text, from an address that it doesn't know. */
function loaderOf(data: unknown) {
  return class {
    load(_context: unknown, _config: unknown, callbacks: { onSuccess(response: object, stats: string): void }) {
      callbacks.onSuccess({ data, url: '' }, 'stats');
    }
  };
}

/** What hls.js hears of this text. */
function heard(Loader: new (config: any) => { load(...args: any[]): void }): unknown[] {
  const all: unknown[] = [];
  const onSuccess = ({ data }: { data?: unknown }, stats: unknown) => all.push(data, stats);
  new Loader({}).load({ type: 'manifest', url: URL }, {}, { onSuccess });
  return all;
}

test('a loader gives hls.js what is made of a playlist', () => {
  const read = (text: string, url: string, type: string) => [text, url, type].join(' ');
  const setting = (data: unknown) => readPlaylists({ DefaultConfig: { loader: loaderOf(data) } }, read).pLoader!;
  expect(heard(setting('text'))).toEqual([`text ${URL} manifest`, 'stats']);
  const bytes = new ArrayBuffer(1);
  expect(heard(setting(bytes))).toEqual([bytes, 'stats']);
  expect(readPlaylists({}, read)).toEqual({});
});

test('a list of segments that doesn’t end is ended, and nothing else is changed', () => {
  expect(ended(FILM)).toBe(`${FILM}\n#EXT-X-ENDLIST\n`);
  for (const text of [ended(FILM), FILM.replaceAll('\n', '\r') + '\r#EXT-X-ENDLIST', QUALITIES]) expect(ended(text)).toBe(text);
});

/** The pieces of a list as hls.js reads them, by address and duration. */
function piecesOf(text: string): [string | undefined, number][] {
  // The type of what it loads, which it doesn't export.
  const { fragments } = M3U8Parser.parseLevelPlaylist(text, URL, 0, 'main' as any, 0, null);
  return fragments.map(({ relurl, duration }) => [relurl, duration]);
}

test.each([
  ['#EXTINF:.25,a,b\n/h/a.ts\n#EXTINF: 1.75 ,\n/h/b.ts', [['/h/a.ts', 0.25], ['/h/b.ts', 1.75]]],
  ['#EXTINF:10 ,title\na.ts\r\n#EXTINF:3;\r\nb.ts\r#EXTINF:1.2.3,\rc.ts', [['a.ts', 10], ['b.ts', 3], ['c.ts', 1.2]]],
  ['#EXTINF:10.,\na.ts\n#EXTINF:-1 x,Channel\nb.ts', [['a.ts', 10], ['b.ts', 0]]],
  ['#EXTINF:2 s,\n \t\na.ts\n#EXTINF:2,\n\n  \r\nb.ts', [['a.ts', 2], ['b.ts', 2]]],
  ['stray.ts\n#EXTINF:2,\n  # a remark\n#EXT-X-BYTERANGE:5@0\na.ts\nstray.ts\n#EXTINF:2,\nb.ts\n', [['a.ts', 2], ['b.ts', 2]]],
])('hls.js finds the pieces that the server finds in %j', (lines, pieces) => {
  const text = `#EXTM3U\n#EXT-X-TARGETDURATION:10\n${lines}\n#EXT-X-ENDLIST\n`;
  expect(piecesOf(text)).not.toEqual(pieces);
  expect(piecesOf(announced(text))).toEqual(pieces);
});

test('what hls.js reads rightly is left as it is', () => {
  for (const text of [FILM, QUALITIES, FILM.replaceAll('2.0,', '10.25,A title, and more')]) expect(announced(text)).toBe(text);
});

describe('the adapter', () => {
  let Loader: any;
  const load = (text: string, live: boolean) => {
    class Class extends FakeHls {
      static readonly DefaultConfig = { loader: loaderOf(text) };
      constructor(config: { startPosition: number; pLoader?: unknown }) {
        super(config);
        Loader = config.pLoader;
      }
    }
    void hlsAdapter(new FakeVideo() as unknown as HTMLVideoElement, Class as unknown as HlsClass).load(film(live), NONE, () => 0);
    return heard(Loader)[0];
  };

  beforeEach(() => {
    vi.stubGlobal('performance', { now: () => 0, getEntriesByType: () => [] });
    return () => vi.unstubAllGlobals();
  });

  test('ends films that are told without an end, and no live stream', () => {
    expect(load(FILM, false)).toBe(ended(FILM));
    expect(load(FILM, true)).toBe(FILM);
  });

  test.each([true, false])('leaves out what no `EXTINF` announces, live or not: %s', (live) => {
    expect(load(ended(FILM).replaceAll('s0.ts', 's0.ts\nstray.ts').replaceAll('2.0,', '2.0 s,'), live)).toBe(ended(FILM).replaceAll('s0.ts', 's0.ts\n'));
  });

  test.each([true, false])('leaves out white space around the first line, live or not: %s', (live) => {
    for (const text of [ended(FILM), QUALITIES]) {
      expect(load(` \r\n\t\n${text}`, live)).toBe(text);
      expect(load(text.replace('#EXTM3U', '#EXTM3U \t'), live)).toBe(text);
    }
  });
});
