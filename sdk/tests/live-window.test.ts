// Tests of what a live source offers at an instant.
import { expect, test } from 'vitest';
import { liveWindow } from '../src/live-window.js';

const EDGE = { edge_ms: 100_000, edge_at_ms: 5_000, window_ms: 20_000, window_grows: false, hold_back_ms: 6_000 };

test('the window moves on with the room clock', () => {
  expect(liveWindow(EDGE, 5_000)).toEqual({ earliestMs: 80_000, latestMs: 94_000 });
  expect(liveWindow(EDGE, 65_000)).toEqual({ earliestMs: 140_000, latestMs: 154_000 });
  expect(liveWindow(EDGE, 0)).toEqual({ earliestMs: 80_000, latestMs: 94_000 });
});

test('the window of an event keeps its beginning', () => {
  expect(liveWindow({ ...EDGE, window_grows: true }, 65_000)).toEqual({ earliestMs: 80_000, latestMs: 154_000 });
});

test('a window shorter than the distance from the edge has one position', () => {
  expect(liveWindow({ ...EDGE, window_ms: 4_000 }, 5_000)).toEqual({ earliestMs: 96_000, latestMs: 96_000 });
});

test('other media has no window', () => {
  expect(liveWindow(null, 5_000)).toBeNull();
  expect(liveWindow({}, 5_000)).toBeNull();
});
