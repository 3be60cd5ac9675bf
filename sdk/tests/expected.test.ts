// Tests of the position that a room's playback means at an instant.
import { expect, test } from 'vitest';
import { expected } from '../src/expected.js';

const playing = { status: 'playing', position_ms: 1_000, anchor_at_ms: 50_000, rate: 1 } as const;

test.each([
  ['playing moves with the room clock', playing, null, 52_500, 3_500],
  ['the rate is a factor', { ...playing, rate: 1.25 }, null, 52_000, 3_500],
  ['a slow rate is one, too', { ...playing, rate: 0.25 }, null, 54_000, 2_000],
  ['a future anchor stands still', playing, null, 40_000, 1_000],
  ['paused stands still', { ...playing, status: 'paused' as const }, null, 99_000, 1_000],
  ['waiting stands still', { ...playing, status: 'waiting' as const }, null, 99_000, 1_000],
  ['ended stands still', { ...playing, status: 'ended' as const }, null, 99_000, 1_000],
  ['the duration is the end', playing, 4_000, 99_000, 4_000],
])('%s', (_name, playback, durationMs, nowRoomMs, positionMs) => {
  expect(expected(playback, durationMs, nowRoomMs)).toBe(positionMs);
});
