// Tests of what is changed in a playlist before hls.js reads it.
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { hlsAdapter, type HlsClass } from '../src/adapters/hls.js';
import { ended, readPlaylists } from '../src/adapters/hls-playlist.js';
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

  test.each([true, false])('leaves out white space before the first line, live or not: %s', (live) => {
    for (const text of [ended(FILM), QUALITIES]) expect(load(` \r\n\t\n${text}`, live)).toBe(text);
  });
});
