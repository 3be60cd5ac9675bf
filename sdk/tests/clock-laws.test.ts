// What holds for the estimate of the room clock on every simulated path.
import { describe, expect, test } from 'vitest';
import { LOOK_MS, percentile, SimulatedPath, type Look, type PathTraits } from './simulated-path.js';

const SEEDS = [1, 2, 3];
const TEN_MINUTES = 600_000;
/** The published offset follows a better estimate by at most this fraction of the elapsed time. */
const SLEW = 0.01;

/** The error that half the difference between the directions causes by itself. */
const asymmetryOf = ({ forwardMs = 40, backwardMs = 40 }: Partial<PathTraits>) => Math.abs(forwardMs - backwardMs) / 2;

/** Bounds for 99 % of the samples: in the first minute, while the skew is unknown, and later. */
const paths: [string, Partial<PathTraits>, { firstMs: number; laterMs: number }][] = [
  ['a cable', { forwardMs: 0.2, backwardMs: 0.2, jitterMs: 0.3 }, { firstMs: 1.5, laterMs: 0.2 }],
  ['a wireless network', { forwardMs: 2, backwardMs: 2, jitterMs: 5 }, { firstMs: 2, laterMs: 1 }],
  ['a path of 80 ms', { jitterMs: 5 }, { firstMs: 2, laterMs: 1 }],
  ['a worse one', { jitterMs: 10 }, { firstMs: 2, laterMs: 1.5 }],
  ['a path of 150 ms', { forwardMs: 75, backwardMs: 75, jitterMs: 15 }, { firstMs: 3, laterMs: 2.5 }],
  ['a path with a heavy tail', { jitterMs: 10, jitter: 'heavyTailed' }, { firstMs: 1.5, laterMs: 0.5 }],
  ['an asymmetric path', { forwardMs: 60, backwardMs: 20, jitterMs: 5 }, { firstMs: 2, laterMs: 1 }],
];

describe.each([-100, -50, 0, 50, 100])('over ten minutes with an oscillator off by %i ppm', (ppm) => {
  test.each(paths)('%s: the error is never above the published uncertainty, and small', (_name, traits, bounds) => {
    const looks = SEEDS.flatMap((seed) => new SimulatedPath({ ...traits, ppm, seed }).run(TEN_MINUTES));
    expect(lie(looks)).toBe(0);
    const first = looks.filter(({ atMs }) => atMs < 60_000);
    const later = looks.filter(({ atMs }) => atMs >= 60_000);
    expect(percentile(first, 0.99)).toBeLessThan(asymmetryOf(traits) + bounds.firstMs);
    expect(percentile(later, 0.99)).toBeLessThan(asymmetryOf(traits) + bounds.laterMs);
  });
});

test('the skew is known to a tenth after two minutes', () => {
  for (const ppm of [-100, 100]) {
    const path = new SimulatedPath({ jitterMs: 5, ppm });
    path.run(120_000);
    const found = path.clock.estimate(path.nowMs)!.skewPpm;
    expect(Math.abs(found - ppm)).toBeLessThan(10);
  }
});

describe('a step of the room’s clock', () => {
  const steps = [-3_600_000, -200, -60, -20, 20, 60, 84, 200, 3_600_000];
  const traits: [string, Partial<PathTraits>][] = [
    ['a cable', { forwardMs: 0.2, backwardMs: 0.2, jitterMs: 0.3 }],
    ['a wireless network', { forwardMs: 2, backwardMs: 2, jitterMs: 3 }],
    ['a path of 80 ms', { jitterMs: 5 }],
  ];
  describe.each(traits)('over %s', (_name, path) => {
    test.each(steps)('of %i ms is detected within 3 s, and only until then does the uncertainty not cover the error', (byMs) => {
      for (const seed of SEEDS) {
        const { looks, stepAtMs } = stepped({ ...path, seed }, byMs);
        const later = looks.filter(({ atMs }) => atMs - stepAtMs >= 3_000);
        expect(worst(later)).toBeLessThan(3);
        expect(lie(later)).toBe(0);
      }
    });
  });

  test.each([2, -4, 6, -8])('of %i ms is mistaken for jitter, but corrected within 80 s', (byMs) => {
    for (const seed of SEEDS) {
      const { looks, stepAtMs } = stepped({ jitterMs: 5, seed }, byMs);
      expect(lie(looks)).toBe(0);
      expect(worst(looks)).toBeLessThan(Math.abs(byMs) + 1);
      expect(worst(looks.filter(({ atMs }) => atMs - stepAtMs > 80_000))).toBeLessThan(1.5);
    }
  });

  function stepped(path: Partial<PathTraits>, byMs: number): { looks: Look[]; stepAtMs: number } {
    const simulated = new SimulatedPath(path);
    simulated.run(90_000);
    simulated.steppedMs += byMs;
    return { stepAtMs: simulated.nowMs, looks: simulated.run(120_000) };
  }
});

describe('the published offset', () => {
  const jittery: Partial<PathTraits> = { forwardMs: 60, backwardMs: 30, jitterMs: 30, ppm: 100 };

  test('never moves faster than the slew rate once it has settled, and never backwards', () => {
    for (const seed of SEEDS) {
      const settled = new SimulatedPath({ ...jittery, seed }).run(TEN_MINUTES).filter(({ atMs }) => atMs > 10_000);
      const moved = settled.slice(1).map(({ offsetMs }, index) => Math.abs(offsetMs - settled[index]!.offsetMs));
      // The room's own skew is added; the filter believes at most 200 ppm.
      expect(Math.max(...moved)).toBeLessThanOrEqual((SLEW + 2e-4) * LOOK_MS + 1e-6);
    }
  });

  test('still reaches the estimate', () => {
    const path = new SimulatedPath({ jitterMs: 5 });
    path.run(120_000);
    path.steppedMs += 4;
    path.run(120_000);
    const { offsetMs } = path.clock.estimate(path.nowMs)!;
    expect(Math.abs(offsetMs - path.offsetAt(path.nowMs))).toBeLessThan(1);
  });
});

test('an hour of heavy-tailed jitter on twelve paths is never mistaken for a step', () => {
  for (let seed = 1; seed <= 12; seed += 1) {
    const path = new SimulatedPath({ jitterMs: 10, jitter: 'heavyTailed', seed });
    path.run(300_000);
    expect(path.suspects).toBeLessThan(4);
  }
});

test('a path whose queues fill and drain never makes the error exceed the uncertainty', () => {
  for (const seed of SEEDS) {
    const path = new SimulatedPath({ forwardMs: 140, jitterMs: 10, seed });
    path.run(90_000);
    path.queue({ forwardMs: 40 });
    expect(lie(path.run(90_000))).toBe(0);
    path.queue({ backwardMs: 200 });
    expect(lie(path.run(90_000))).toBe(0);
  }
});

test('with a silent server only the uncertainty grows', () => {
  const path = new SimulatedPath({ jitterMs: 5, ppm: 50 });
  path.run(120_000);
  path.silent = true;
  path.run(500);
  const looks = path.run(TEN_MINUTES);
  const uncertainties = looks.map(({ uncertaintyMs }) => uncertaintyMs);
  expect(uncertainties).toEqual([...uncertainties].sort((a, b) => a - b));
  expect(uncertainties.at(-1)! - uncertainties[0]!).toBeGreaterThan(10);
  expect(lie(looks)).toBe(0);
});

/** Returns by how much the worst error exceeds the uncertainty published with it. */
function lie(looks: readonly Look[]): number {
  return looks.reduce((most, { errorMs, uncertaintyMs }) => Math.max(most, errorMs - uncertaintyMs), 0);
}

function worst(looks: readonly Look[]): number {
  return looks.reduce((most, { errorMs }) => Math.max(most, errorMs), 0);
}
