// Tests of the clock's filter, ping by ping.
import { describe, expect, test } from 'vitest';
import { ClockFilter, type ClockStamps } from '../src/clock/filter.js';

const STEADY = { forward: 40, backward: 40 };

test('the smallest delays of each direction are combined, even from different pings', () => {
  const clock = new ClockFilter();
  const delays = [
    [5, 40],
    [30, 5],
    [25, 60],
    [80, 30],
  ] as const;
  delays.forEach(([forward, backward], at) => clock.add(ping({ at: at * 15, offsetMs: 1_000_000, forward, backward })));
  const estimate = clock.estimate(128)!;
  expect(estimate.offsetMs).toBeCloseTo(1_000_000, 9);
  expect(estimate.rttMs).toBeCloseTo(10, 9);
  expect(estimate.uncertaintyMs).toBeCloseTo(5, 1);
});

test('an asymmetric path makes an error of half its asymmetry, within the uncertainty', () => {
  const clock = fed(10, { offsetMs: 500, forward: 60, backward: 20 });
  const estimate = clock.estimate(300)!;
  expect(estimate.offsetMs).toBeCloseTo(520, 9);
  expect(Math.abs(estimate.offsetMs - 500)).toBeLessThanOrEqual(estimate.uncertaintyMs);
});

test('there is no estimate before four pings agree', () => {
  const clock = fed(3, { offsetMs: 9, forward: 1, backward: 1 });
  expect(clock.estimate(100)).toBeNull();
  expect(clock.add(ping({ at: 60, offsetMs: 9, forward: 1, backward: 1 }))).toBe('taken');
  expect(clock.estimate(100)?.offsetMs).toBeCloseTo(9, 9);
});

test('delays older than a minute are forgotten', () => {
  const clock = fed(4, { offsetMs: 0, forward: 1, backward: 1 });
  for (let at = 0; at < 4; at += 1) clock.add(ping({ at: 61_000 + at, offsetMs: 0, forward: 8, backward: 8 }));
  expect(clock.estimate(61_100)?.rttMs).toBe(16);
});

test('after a long silence the old estimate stays until there are enough new pings', () => {
  const clock = fed(60, { offsetMs: 700, ...STEADY });
  clock.add(ping({ at: 300_000, offsetMs: 700, forward: 90, backward: 50 }));
  const estimate = clock.estimate(300_200)!;
  expect(Math.abs(estimate.offsetMs - 700)).toBeLessThan(2);
  expect(estimate.uncertaintyMs).toBeGreaterThan(40);
});

test('asking for another instant changes nothing', () => {
  const clock = fed(30, { offsetMs: 700, ...STEADY });
  const before = clock.estimate(600);
  clock.estimate(1e9);
  clock.estimate(-1e9);
  expect(clock.estimate(600)).toEqual(before);
});

describe('impossible timestamps are ignored', () => {
  const good = ping({ at: 1_000, offsetMs: 700, ...STEADY });
  const bad: [string, Partial<ClockStamps>][] = [
    ['t0 is no number', { t0: Number.NaN }],
    ['t1 is no number', { t1: Number.NaN }],
    ['t2 is no number', { t2: Number.NaN }],
    ['t3 is no number', { t3: Number.NaN }],
    ['t1 is infinite', { t1: Infinity }],
    ['t1 is infinitely long ago', { t1: -Infinity }],
    ['t2 is infinite', { t2: Infinity }],
    ['both server stamps are infinite', { t1: Infinity, t2: Infinity }],
    ['t0 is infinitely long ago', { t0: -Infinity }],
    ['both server stamps are beyond counting', { t1: 1e300, t2: 1e300 }],
    ['both server stamps are beyond counting below zero', { t1: -1e300, t2: -1e300 }],
    ['the answer left before the question came', { t2: good.t1 - 1 }],
    ['the answer came before the question', { t3: good.t0 - 1 }],
    ['the server took longer than the round trip', { t2: good.t1 + 100 }],
    ['the round trip took a minute', { t3: good.t3 + 60_000 }],
  ];
  test.each(bad)('%s', (_name, part) => {
    const clock = fed(30, { offsetMs: 700, ...STEADY });
    const before = clock.estimate(2_000);
    for (let again = 0; again < 6; again += 1) expect(clock.add({ ...good, ...part })).toBe('ignored');
    expect(clock.estimate(2_000)).toEqual(before);
    expect(clock.add(good)).toBe('taken');
  });
  test.each(bad)('%s, at the very first', (_name, part) => {
    const clock = new ClockFilter();
    for (let again = 0; again < 6; again += 1) clock.add({ ...good, ...part });
    expect(clock.estimate(2_000)).toBeNull();
  });
});

describe('server timestamps that jump', () => {
  const jumps = [-3_600_000, -200, -60, -20, 20, 60, 84, 200, 3_600_000];

  test.each(jumps)('once by %i ms: a single contradicting sample changes nothing', (byMs) => {
    const clock = fed(30, { offsetMs: 700, ...STEADY });
    const before = clock.estimate(1_000);
    expect(clock.add(ping({ at: 1_000, offsetMs: 700 + byMs, ...STEADY }))).toBe('suspect');
    expect(clock.estimate(1_000)).toEqual(before);
  });

  test.each(jumps)('by %i ms now and then: they never add up to a step', (byMs) => {
    const clock = fed(30, { offsetMs: 700, ...STEADY });
    for (let at = 1_000; at < 120_000; at += 1_000) {
      const strange = at % 5_000 === 0;
      clock.add(ping({ at, offsetMs: strange ? 700 + byMs : 700, ...STEADY }));
    }
    expect(clock.estimate(120_000)?.offsetMs).toBeCloseTo(700, 3);
  });

  test.each(jumps)('permanently by %i ms: four samples that agree are believed', (byMs) => {
    const clock = fed(30, { offsetMs: 700, ...STEADY });
    for (let more = 0; more < 4; more += 1) {
      expect(clock.estimate(1_000)?.offsetMs).toBeCloseTo(700, 9);
      clock.add(ping({ at: 1_000 + more * 15, offsetMs: 700 + byMs, ...STEADY }));
    }
    expect(clock.estimate(1_200)?.offsetMs).toBeCloseTo(700 + byMs, 9);
  });

  test('to somewhere else each time: none is believed', () => {
    const clock = fed(30, { offsetMs: 700, ...STEADY });
    const before = clock.estimate(2_000);
    for (let more = 0; more < 20; more += 1) {
      clock.add(ping({ at: 1_000 + more * 15, offsetMs: 700 + 5_000 * (more + 1), ...STEADY }));
    }
    expect(clock.estimate(2_000)).toEqual(before);
  });

  test('there and back: both are believed', () => {
    const clock = fed(30, { offsetMs: 700, ...STEADY });
    for (let more = 0; more < 4; more += 1) clock.add(ping({ at: 1_000 + more, offsetMs: 9_000, ...STEADY }));
    for (let more = 0; more < 4; more += 1) clock.add(ping({ at: 3_000 + more, offsetMs: 700, ...STEADY }));
    expect(clock.estimate(3_100)?.offsetMs).toBeCloseTo(700, 9);
  });
});

test('a local clock that was suspended is a step like any other', () => {
  const clock = fed(60, { offsetMs: 700, ...STEADY });
  const sleptMs = 8 * 3_600_000;
  for (let more = 0; more < 4; more += 1) {
    clock.add(ping({ at: 5_000 + more * 15, offsetMs: 700 + sleptMs, ...STEADY }));
  }
  expect(clock.estimate(5_200)?.offsetMs).toBeCloseTo(700 + sleptMs, 6);
});

test('a local clock that ticks in whole milliseconds is off by no more than a tick', () => {
  const clock = new ClockFilter();
  for (let sent = 0; sent < 60; sent += 1) {
    const exact = ping({ at: sent * 500.37, offsetMs: 700, forward: 0.2, backward: 0.2 });
    const coarse = { ...exact, t0: Math.floor(exact.t0), t3: Math.floor(exact.t3) };
    expect(clock.add({ ...coarse, t2: exact.t1 + 0.02 })).toBe('taken');
    const estimate = clock.estimate(coarse.t3);
    if (estimate === null) continue;
    expect(Math.abs(estimate.offsetMs - 700)).toBeLessThan(1);
    expect(estimate.rttMs).toBeGreaterThanOrEqual(0);
    expect(estimate.uncertaintyMs).toBeGreaterThanOrEqual(0);
  }
});

test('without pongs the uncertainty of the estimate grows', () => {
  const clock = fed(30, { offsetMs: 700, ...STEADY });
  const ages = [600, 5_000, 60_000, 3_600_000].map((at) => clock.estimate(at)!);
  for (const { offsetMs } of ages) expect(offsetMs).toBeCloseTo(700, 9);
  const uncertainties = ages.map(({ uncertaintyMs }) => uncertaintyMs);
  expect(uncertainties).toEqual([...uncertainties].sort((a, b) => a - b));
  expect(uncertainties.at(-1)! - uncertainties[0]!).toBeGreaterThan(3_600_000 * 2e-5);
});

/** Returns a filter after this many pings, 15 ms apart. */
function fed(pings: number, of: { offsetMs: number; forward: number; backward: number }): ClockFilter {
  const clock = new ClockFilter();
  for (let sent = 0; sent < pings; sent += 1) clock.add(ping({ at: sent * 15, ...of }));
  return clock;
}

function ping(of: { at: number; offsetMs: number; forward: number; backward: number }): ClockStamps {
  const t1 = of.at + of.forward + of.offsetMs;
  return { t0: of.at, t1, t2: t1, t3: of.at + of.forward + of.backward };
}
