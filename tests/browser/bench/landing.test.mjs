/** Tests of when a player counts as landed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dataAgain, landedAfter } from './landing.mjs';
import { FLAGS } from './track.mjs';

const TIMELINE = { positionMs: 10_000, anchorMs: 5_000, rate: 1, playing: true };
const SPAN = { fromMs: 5_000, untilMs: 20_000, withinMs: 33 };

test('a player has landed once it comes within the bound and stays there for a second', () => {
  const samples = player((atMs) => [atMs < 5_800 ? 200 : atMs < 6_200 ? 20 : atMs < 6_400 ? -50 : -30]);
  assert.equal(landedAfter(samples, TIMELINE, SPAN), 1_400);
  assert.equal(landedAfter(samples, TIMELINE, { ...SPAN, withinMs: 10 }), null);
  assert.equal(landedAfter(samples, TIMELINE, { ...SPAN, untilMs: 7_000 }), null);
});

test('a player that is paused at the starting position has landed at once if it starts on time', () => {
  const inTime = player((atMs) => [atMs < 5_000 ? 0 : 10, 1], 4_000);
  assert.equal(landedAfter(inTime, TIMELINE, SPAN), 0);
  const paused = inTime.map(([atMs, , rate]) => [atMs, 10_000, rate, FLAGS.paused]);
  assert.equal(landedAfter(paused, TIMELINE, SPAN), null);
});

test('the target of a seek does not count as a position', () => {
  const samples = player((atMs) => [0, atMs < 5_500 ? FLAGS.seeking : 0]);
  assert.equal(landedAfter(samples, TIMELINE, SPAN), 500);
});

test('data is back at the first sample that has some while no seek is under way', () => {
  const samples = player((atMs) => [0, atMs < 5_200 ? FLAGS.starved : atMs < 5_300 ? FLAGS.seeking : 0]);
  assert.equal(dataAgain(samples, 5_100), 5_300);
  assert.equal(dataAgain(samples, 50_000), null);
});

/** Samples of a player every 20 ms: `at` says how far it is from the timeline, and its flags. */
function player(at, fromMs = 5_000) {
  return Array.from({ length: 200 }, (_, index) => {
    const atMs = fromMs + index * 20;
    const [errorMs, flags = 0] = at(atMs);
    return [atMs, 10_000 + Math.max(0, atMs - TIMELINE.anchorMs) + errorMs, 1, flags];
  });
}
