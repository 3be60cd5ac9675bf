import Hls from 'hls.js';
import { expect, test } from 'vitest';
import { FORMAT_DETAILS, HLS_EVENTS, MEDIA_ERROR, NETWORK_ERROR, type HlsClass } from '../src/hls.js';

test('the class of hls.js is what the adapter asks for', () => {
  const asked: HlsClass = Hls;
  expect(typeof asked.isSupported).toBe('function');
});

test('the names of events and errors are those of hls.js', () => {
  for (const [name, value] of Object.entries(HLS_EVENTS)) {
    expect(Hls.Events[name as keyof typeof HLS_EVENTS]).toBe(value);
  }
  expect([Hls.ErrorTypes.NETWORK_ERROR, Hls.ErrorTypes.MEDIA_ERROR]).toEqual([NETWORK_ERROR, MEDIA_ERROR]);
  expect(Object.values(Hls.ErrorDetails)).toEqual(expect.arrayContaining(FORMAT_DETAILS));
});
