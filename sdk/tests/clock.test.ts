import { expect, test } from 'vitest';
import { ClockFilter, type ClockStamps } from '../src/clock.js';

test('the smallest delays of each direction are combined, even from different pings', () => {
  const clock = new ClockFilter();
  const offsetMs = 1_000_000;
  const delays = [
    [5, 40],
    [30, 5],
    [25, 60],
    [80, 30],
  ] as const;
  delays.forEach(([forward, backward], at) => clock.add(ping({ at: at * 15, offsetMs, forward, backward })));
  expect(clock.estimate()).toEqual({ offsetMs, uncertaintyMs: 5, rttMs: 10 });
});

test('an asymmetric path is wrong by half its asymmetry and says so', () => {
  const clock = new ClockFilter();
  for (let at = 0; at < 10; at += 1) clock.add(ping({ at: at * 15, offsetMs: 500, forward: 60, backward: 20 }));
  const estimate = clock.estimate()!;
  expect(estimate.offsetMs).toBe(520);
  expect(Math.abs(estimate.offsetMs - 500)).toBeLessThanOrEqual(estimate.uncertaintyMs);
});

test('nothing is claimed before four pings agree', () => {
  const clock = new ClockFilter();
  for (let at = 0; at < 3; at += 1) clock.add(ping({ at, offsetMs: 9, forward: 1, backward: 1 }));
  expect(clock.estimate()).toBeNull();
  expect(clock.roomAt(100)).toBe(109);
  clock.add(ping({ at: 3, offsetMs: 9, forward: 1, backward: 1 }));
  expect(clock.estimate()?.offsetMs).toBe(9);
});

test('a clock that stepped is followed at once, a slow ping is not', () => {
  const clock = new ClockFilter();
  for (let at = 0; at < 6; at += 1) clock.add(ping({ at, offsetMs: 100, forward: 10, backward: 10 }));
  clock.add(ping({ at: 500, offsetMs: 100, forward: 900, backward: 10 }));
  expect(clock.estimate()?.offsetMs).toBe(100);
  for (let at = 0; at < 4; at += 1) clock.add(ping({ at: 1000 + at, offsetMs: 130.5, forward: 10, backward: 10 }));
  expect(clock.estimate()?.offsetMs).toBe(130.5);
});

test('delays older than a minute are forgotten', () => {
  const clock = new ClockFilter();
  for (let at = 0; at < 4; at += 1) clock.add(ping({ at, offsetMs: 0, forward: 1, backward: 1 }));
  for (let at = 0; at < 4; at += 1) clock.add(ping({ at: 61_000 + at, offsetMs: 0, forward: 8, backward: 8 }));
  expect(clock.estimate()?.rttMs).toBe(16);
});

test('impossible stamps are ignored', () => {
  const clock = new ClockFilter();
  const good = ping({ at: 0, offsetMs: 0, forward: 1, backward: 1 });
  clock.add({ ...good, t3: good.t0 - 1 });
  clock.add({ ...good, t1: Number.NaN });
  clock.add({ ...good, t2: good.t2 + 100 });
  expect(clock.roomAt(0)).toBeNull();
});

function ping(of: { at: number; offsetMs: number; forward: number; backward: number }): ClockStamps {
  const t1 = of.at + of.forward + of.offsetMs;
  return { t0: of.at, t1, t2: t1, t3: of.at + of.forward + of.backward };
}
