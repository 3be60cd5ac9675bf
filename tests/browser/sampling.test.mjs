/** Tests of how the samples of pages are compared. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstRun, sampleAt } from './harness/sampling.mjs';

const LONG = { sinceMs: 0, untilMs: 3_000, withinMs: 100 };

/** Samples of a page that is `aheadMs` ahead of the others, one every `everyMs`. */
function track({ aheadMs = 0, everyMs = 40, rate = 1, seeking = () => false, phaseMs = 0 } = {}) {
  return Array.from({ length: Math.ceil(4_000 / everyMs) }, (_, n) => {
    const at = n * everyMs + phaseMs - 500;
    return { at, positionMs: at * rate + aheadMs, expectedMs: at * rate, seeking: seeking(at) };
  });
}

test('pages sampled at different instants are compared at the same instant', () => {
  const run = firstRun([track(), track({ phaseMs: 17 }), track({ everyMs: 70 })], LONG);
  assert.ok(run.spreadMs < 0.001, `${run.spreadMs}`);
  assert.equal(run.atMs, 400);
});

test('pages further apart than allowed are never together', () => {
  assert.ok(firstRun([track(), track({ aheadMs: 99 })], LONG));
  assert.equal(firstRun([track(), track({ aheadMs: 101 })], LONG), null);
});

test('a page that drifts is together with others only while it is near', () => {
  const run = firstRun([track(), track({ rate: 1.05, aheadMs: -150 })], LONG);
  assert.ok(run.atMs >= 1_000 + 400, `${run.atMs}`);
});

test('a seek or a gap in the samples restarts the run', () => {
  const seeks = track({ seeking: (at) => at > 250 && at < 350 });
  assert.equal(firstRun([track(), seeks], LONG).atMs, 800);
  const holed = track().filter(({ at }) => at < 150 || at > 450);
  assert.ok(firstRun([track(), holed], LONG).atMs >= 900);
});

test('a run counts only if `wanted` holds for each page', () => {
  assert.equal(firstRun([track(), track()], { ...LONG, wanted: ({ at }) => at >= 1_000 }).atMs, 1_400);
  assert.equal(sampleAt(track(), -10_000), null);
});
