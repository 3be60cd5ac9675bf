// Tests of the alarm that wakes a player at an exact instant.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Alarm } from '../src/alarm.js';

/** Longer than the last stretch, which the alarm waits by messages. */
const FAR_MS = 60;
const NEAR_MS = 8;
/** The longest that a test waits for an alarm. */
const HANG_MS = 20_000;
/** An exact alarm rings up to 0.2 ms early; a timer of Node, which counts whole milliseconds, up to two early. */
const EXACT_MS = 0.21;
const TIMER_MS = 2;

let rings: number[];
let alarm: Alarm;

beforeEach(() => {
  rings = [];
  alarm = new Alarm(() => rings.push(performance.now()));
});

afterEach(() => alarm.clear());

test.each([
  ['exactly, from far', FAR_MS, true],
  ['exactly, from near', NEAR_MS, true],
  ['by a timer, from far', FAR_MS, false],
  ['by a timer, from near', NEAR_MS, false],
  ['for an instant that has passed', -5, true],
  ['for an instant that has passed, by a timer', -5, false],
])('an alarm set %s rings once and not before its time', async (_name, inMs, exact) => {
  const atMs = performance.now() + inMs;
  alarm.set(atMs, exact);
  expect(rings).toEqual([]);
  await vi.waitUntil(() => rings.length > 0, HANG_MS);
  expect(rings[0]).toBeGreaterThan(atMs - (exact ? EXACT_MS : TIMER_MS));
  await otherAlarm(2 * FAR_MS);
  expect(rings).toHaveLength(1);
});

// A stall may end before, between or after the instants; most awkward is one that leaves the second less than a timer's
// millisecond.
test.each([0, 29.5, 45, 59, 59.2, 59.4, 59.5, 59.6, 59.7, 89.5, 120])('alarms ring in the order of their instants, whatever order they were set in, after a stall of %s ms', async (stallMs) => {
  const order: string[] = [];
  const start = performance.now();
  const first = new Alarm(() => order.push('first'));
  const second = new Alarm(() => order.push('second'));
  const third = new Alarm(() => order.push('third'));
  third.set(start + 90, true);
  first.set(start + 30, true);
  second.set(start + 60, true);
  while (performance.now() < start + stallMs);
  await vi.waitUntil(() => order.length === 3, HANG_MS);
  expect(order).toEqual(['first', 'second', 'third']);
});

describe.each([
  ['far', FAR_MS],
  ['near', NEAR_MS],
])('an alarm that is %s', (_name, inMs) => {
  test.each([true, false])('and was cleared never rings, exact: %s', async (exact) => {
    alarm.set(performance.now() + inMs, exact);
    alarm.clear();
    await otherAlarm(2 * FAR_MS);
    expect(rings).toEqual([]);
  });

  test('and is set again rings only at its new instant', async () => {
    alarm.set(performance.now() + inMs, true);
    const atMs = performance.now() + 2 * inMs;
    alarm.set(atMs, true);
    await otherAlarm(4 * FAR_MS);
    expect(rings).toHaveLength(1);
    expect(rings[0]).toBeGreaterThan(atMs - EXACT_MS);
  });
});

test('an alarm that is cleared while it waits by messages never rings', async () => {
  // It is cleared before its instant can come, however busy the machine is.
  const clock = vi.spyOn(performance, 'now').mockReturnValue(performance.now());
  alarm.set(performance.now() + NEAR_MS, true);
  await new Promise((resolve) => setImmediate(resolve));
  alarm.clear();
  clock.mockRestore();
  await otherAlarm(FAR_MS);
  expect(rings).toEqual([]);
});

test('an alarm may be set again when it rings', async () => {
  let left = 3;
  const again = new Alarm(() => {
    left -= 1;
    if (left > 0) again.set(performance.now() + NEAR_MS, true);
  });
  again.set(performance.now() + NEAR_MS, true);
  await vi.waitUntil(() => left === 0, HANG_MS);
});

test('clearing an alarm twice, or one that was never set, does nothing', () => {
  alarm.clear();
  alarm.set(performance.now() + FAR_MS, true);
  alarm.clear();
  expect(() => alarm.clear()).not.toThrow();
});

/** Resolves when a later alarm has rung, by which time an earlier one has: exact ones keep their order after a stall. */
function otherAlarm(inMs: number): Promise<void> {
  return new Promise((resolve) => new Alarm(resolve).set(performance.now() + inMs, true));
}
