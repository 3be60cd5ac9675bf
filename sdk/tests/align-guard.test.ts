// Tests of how often a player may make a new start.
import { describe, expect, test } from 'vitest';
import { AlignGuard } from '../src/player/align-guard.js';

const TICK_MS = 50;

test('the controller’s own starts come at most every 3 s, doubling up to 30 s', () => {
  const guard = new AlignGuard();
  const allowed = ownStarts(guard, 0, 200_000);
  const gaps = allowed.slice(1).map((atMs, index) => atMs - allowed[index]!);
  expect(gaps).toEqual([3_000, 6_000, 12_000, 24_000, 30_000, 30_000, 30_000, 30_000, 30_000]);
});

test('new starts count as futile after the third that was about the player’s position', () => {
  const guard = new AlignGuard();
  expect(guard.own(0, 'drift')).toBe(true);
  expect(guard.own(3_000, 'stuck')).toBe(true);
  expect(guard.isFutile(3_000)).toBe(false);
  expect(guard.own(9_000, 'drift')).toBe(true);
  expect(guard.isFutile(9_000)).toBe(true);
});

test('starts for a lack of data don’t count as futile, but are as rare', () => {
  const guard = new AlignGuard();
  for (let atMs = 0; atMs < 200_000; atMs += TICK_MS) guard.own(atMs, 'starved');
  expect(guard.isFutile(200_000)).toBe(false);
  expect(guard.own(200_000, 'drift')).toBe(false);
});

describe('a player that has stayed in place', () => {
  test('for 30 s longer than the gap is trusted again', () => {
    const guard = new AlignGuard();
    const last = ownStarts(guard, 0, 50_000).at(-1)!;
    expect(guard.isFutile(last + 59_999)).toBe(true);
    expect(guard.isFutile(last + 60_000)).toBe(false);
    expect(guard.own(last + 60_000, 'drift')).toBe(true);
    expect(guard.own(last + 63_000, 'drift')).toBe(true);
  });

  test('for less keeps its gap', () => {
    const guard = new AlignGuard();
    const last = ownStarts(guard, 0, 50_000).at(-1)!;
    expect(guard.own(last + 29_999, 'drift')).toBe(false);
    expect(guard.own(last + 30_000, 'drift')).toBe(true);
  });
});

test('a change of the room clears everything', () => {
  const guard = new AlignGuard();
  ownStarts(guard, 0, 60_000);
  while (guard.foreign(60_000));
  guard.clear();
  expect(guard.isFutile(60_000)).toBe(false);
  expect(guard.own(60_000, 'drift')).toBe(true);
  expect(guard.foreign(60_000)).toBe(true);
});

test('what something else does to the player is undone at most twelve times a minute', () => {
  const guard = new AlignGuard();
  const undone: number[] = [];
  for (let atMs = 0; atMs < 600_000; atMs += TICK_MS) {
    if (guard.foreign(atMs)) undone.push(atMs);
  }
  expect(undone).toHaveLength(12 * 10);
  for (const [index, atMs] of undone.entries()) {
    expect((undone[index + 12] ?? Infinity) - atMs).toBeGreaterThanOrEqual(60_000);
  }
});

/** Asks at every tick; returns the instants at which a start was allowed. */
function ownStarts(guard: AlignGuard, fromMs: number, untilMs: number): number[] {
  const allowed: number[] = [];
  for (let atMs = fromMs; atMs < untilMs; atMs += TICK_MS) {
    if (guard.own(atMs, 'drift')) allowed.push(atMs);
  }
  return allowed;
}
