// Tests of what hls.js is loading, by its events.
import { beforeEach, expect, test, vi } from 'vitest';
import { HlsLoading } from '../src/adapters/hls-loading.js';
import { FakeHls } from './fake-hls.js';

const [MAIN, AUDIO] = ['main', 'audio'].map((type) => ({ frag: { type, stats: { loaded: 0 } } }));
/** What hls.js does after a failure: it takes another quality, or tries again. */
const [OTHER, AGAIN] = [{ errorAction: { action: 2 } }, { errorAction: { action: 5 } }];

let hls: FakeHls;
let loading: HlsLoading;
let nowMs: number;

beforeEach(() => {
  nowMs = 0;
  vi.stubGlobal('performance', { now: () => nowMs });
  hls = new FakeHls({ startPosition: 0 });
  loading = new HlsLoading();
  loading.watch(hls);
  return () => vi.unstubAllGlobals();
});

test.each([
  ['a piece that arrives too slowly', 'hlsFragLoading', MAIN, 'hlsFragLoadEmergencyAborted', MAIN],
  ['a piece of an audio track that is left', 'hlsFragLoading', AUDIO, 'hlsAudioTrackSwitching', {}],
  ['the list of an audio track that is left', 'hlsAudioTrackLoading', {}, 'hlsAudioTrackSwitching', {}],
  ['a piece that failed', 'hlsFragLoading', MAIN, 'hlsError', { fatal: false, details: 'fragLoadError', ...MAIN, ...OTHER }],
  ['a list that failed', 'hlsLevelLoading', {}, 'hlsError', { fatal: false, details: 'levelLoadTimeOut', ...OTHER }],
  ['the list of a track that failed', 'hlsAudioTrackLoading', {}, 'hlsError', { fatal: false, details: 'audioTrackLoadError', ...OTHER }],
  ['a key that failed', 'hlsKeyLoading', {}, 'hlsError', { fatal: false, details: 'keyLoadError', ...OTHER }],
])('%s isn’t loaded any more, from when it is given up', (_what, begins, data, ends, why) => {
  hls.tell(begins, data);
  expect(loading.idleSinceMs).toBe(Infinity);
  nowMs = 1_000;
  hls.tell(ends, why);
  expect(loading.idleSinceMs).toBe(1_000);
  // Said of what isn't loaded, it changes nothing.
  nowMs = 2_000;
  hls.tell(ends, why);
  expect(loading.idleSinceMs).toBe(1_000);
});

test.each([
  ['a piece', 'hlsFragLoading', MAIN, { details: 'fragLoadError', ...MAIN, ...AGAIN }],
  ['a list', 'hlsAudioTrackLoading', {}, { details: 'audioTrackLoadError', ...OTHER, levelRetry: true }],
  ['something else', 'hlsKeyLoading', {}, { details: 'bufferStalledError' }],
])('%s is still loaded if hls.js tries again', (_what, begins, data, failure) => {
  hls.tell(begins, data);
  hls.tell('hlsError', { fatal: false, ...failure });
  expect(loading.idleSinceMs).toBe(Infinity);
});
