// Tests of the encoding of subtitles.
import { expect, test } from 'vitest';
import { decodedText, inUtf8 } from '../src/adapters/hls-text.js';

const latin1 = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0)).buffer;
const utf8 = (text: string) => new TextEncoder().encode(text).buffer as ArrayBuffer;
const read = (bytes: ArrayBuffer) => new TextDecoder().decode(bytes);

test('subtitles that aren’t UTF-8 are Windows-1252, and all else is left alone', () => {
  expect(read(inUtf8(latin1('WEBVTT\n\n1\nFran\u00e7ais')))).toBe('WEBVTT\n\n1\nFrançais');
  for (const bytes of [utf8('WEBVTT\n\nFrançais'), utf8('\ufeffWEBVTT\n\nFrançais'), latin1('moof\u00e7'), new ArrayBuffer(0)]) {
    expect(inUtf8(bytes)).toBe(bytes);
  }
});

test('only subtitles are decoded while they are loaded', () => {
  class Base {
    load(_context: unknown, _config: unknown, callbacks: { onSuccess(response: { data: unknown }, stats: string): void }) {
      callbacks.onSuccess({ data: latin1('WEBVTT\n\u00e9') }, 'stats');
    }
  }
  const Loader = decodedText({ DefaultConfig: { loader: Base } }).fLoader!;
  const load = (type: string) => {
    const heard: [string, unknown][] = [];
    const onSuccess = (response: { data?: unknown }, stats: unknown) => void heard.push([read(response.data as ArrayBuffer), stats]);
    new Loader({}).load({ frag: { type } }, {}, { onSuccess });
    return heard;
  };
  expect(load('subtitle')).toEqual([['WEBVTT\né', 'stats']]);
  expect(load('main')).toEqual([['WEBVTT\n\ufffd', 'stats']]);
  expect(decodedText({})).toEqual({});
});
