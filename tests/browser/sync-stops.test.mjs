/** Tests of how interruptions are told apart from the hitches of a busy machine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { disturbancesOf } from './harness/stops.mjs';

/** A stop at ten seconds. */
const STOP = { type: 'pause', at: 10_000 };

test('a stop without a reason is a disturbance', () => {
  assert.deepEqual(disturbancesOf({ events: [STOP], samples: track() }, 0), [STOP]);
  assert.deepEqual(disturbancesOf({ events: [STOP], samples: track() }, 10_001), [], 'before the given time');
});

test('a stop soon after a hitch corrects it, and one long after is a disturbance', () => {
  const stalled = (at) => ({ events: [{ type: 'waiting', at }, STOP], samples: track() });
  assert.deepEqual(disturbancesOf(stalled(9_000), 0), []);
  assert.deepEqual(disturbancesOf(stalled(4_000), 0), [STOP]);
  assert.deepEqual(disturbancesOf(stalled(10_020), 0), [STOP], 'a stall after the stop is no reason');
  const hitches = {
    'no data': track({ ready: (at) => at !== 8_000 }),
    'a page without samples': track().filter(({ at }) => at <= 8_000 || at > 8_300),
    'a video that stood still': track({ positionMs: (at) => (at < 8_000 ? at : at - 40) }),
  };
  for (const [what, samples] of Object.entries(hitches)) {
    assert.deepEqual(disturbancesOf({ events: [STOP], samples }, 0), [], what);
  }
});

test('a hitch during a stop or a start does not explain the next stop', () => {
  const again = { type: 'seeking', at: 13_000 };
  const waits = { type: 'waiting', at: 10_050 };
  assert.deepEqual(disturbancesOf({ events: [STOP, waits, again], samples: track() }, 0), [STOP, again]);
  const starts = track({ paused: (at) => at < 8_000, ready: (at) => at !== 8_120 });
  assert.deepEqual(disturbancesOf({ events: [STOP], samples: starts }, 0), [STOP]);
});

test('a video that plays at a low rate has no hitch', () => {
  const samples = track({ positionMs: (at) => at / 4, rate: () => 0.25 });
  assert.deepEqual(disturbancesOf({ events: [STOP], samples }, 0), [STOP]);
});

/** A page's samples, 25 a second; `change` replaces values by time. */
function track(change = {}) {
  return Array.from({ length: 400 }, (_, n) => {
    const at = 40 * n;
    const usual = { at, positionMs: at, rate: 1, paused: false, seeking: false, ready: true };
    const changed = Object.entries(change).map(([name, of]) => [name, of(at)]);
    return { ...usual, ...Object.fromEntries(changed) };
  });
}
