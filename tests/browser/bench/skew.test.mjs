/** Tests of the skew between players. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quantiles } from './quantile.mjs';
import { skewIn } from './skew.mjs';
import { positionsOn } from './track.mjs';

const WINDOW = { fromMs: 1_000, untilMs: 2_000 };

test('the skew is the distance between the players’ positions, whenever each of them was sampled', () => {
  const { pairs, spreads } = skewIn(WINDOW, [track(0), track(7, { shiftMs: 3 }), track(-2, { everyMs: 33 })]);
  assert.deepEqual(distinct(pairs), [2, 7, 9]);
  assert.deepEqual(distinct(spreads), [9]);
  assert.equal(spreads.length, 50);
});

test('an instant at which one player is not playing counts as the worst, and its time is reported', () => {
  const stalls = (atMs) => atMs >= 1_500 && atMs < 1_600;
  const stalled = track(0).map(([atMs, positionMs, rate]) => [atMs, positionMs, rate, stalls(atMs) ? 4 : 0]);
  const { pairs, idleS, unseenS } = skewIn(WINDOW, [track(0), stalled]);
  const worst = pairs.filter((value) => value === Infinity).length;
  assert.equal(worst, 6);
  assert.equal(idleS.toFixed(2), '0.12');
  assert.equal(unseenS, 0);
  assert.deepEqual(quantiles(pairs), { p50: 0, p95: null, p99: null, max: 0 });
});

test('a player without samples for a while has no position there', () => {
  const watched = track(0).filter(([atMs]) => atMs < 1_200 || atMs > 1_600);
  const { idle, unseen, positions } = positionsOn(Float64Array.of(1_100, 1_400, 1_700), watched);
  assert.deepEqual([idle, unseen], [0, 1]);
  assert.deepEqual([...positions], [1_100, Number.NaN, 1_700]);
});

test('a jump between two samples is smoothed over no more than the time between them', () => {
  const jumped = track(0).map(([atMs, positionMs, ...rest]) => [atMs, positionMs + (atMs >= 1_500 ? 40 : 0), ...rest]);
  const { pairs } = skewIn(WINDOW, [track(0), jumped]);
  assert.deepEqual(distinct(pairs), [0, 40]);
});

/** Samples of a player that is `aheadMs` ahead of the clock. */
function track(aheadMs, { everyMs = 20, shiftMs = 0 } = {}) {
  const instants = Array.from({ length: 150 }, (_, index) => 500 + shiftMs + index * everyMs);
  return instants.map((atMs) => [atMs, atMs + aheadMs, 1, 0]);
}

function distinct(values) {
  return [...new Set([...values].map((value) => Math.round(value * 1e6) / 1e6))].sort((a, b) => a - b);
}
