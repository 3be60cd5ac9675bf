// Tests of the rate that closes a gap.
import { describe, expect, test } from 'vitest';
import { Correction, type RateInputs } from '../src/player/correction.js';
import { Pulses } from '../src/player/pulses.js';
import type { SyncProfile } from '../src/index.js';

const STEPS = [0.5, 1, 1.25, 1.5];

describe('the rate for a drift, by profile', () => {
  test.each<[SyncProfile, number, number]>([
    ['tight', 0.5, 0],
    ['tight', 0.8, 0.001],
    ['tight', 4, 0.005],
    ['tight', 11, 0.01],
    ['tight', 39, 0.02],
    ['tight', 100, 0.05],
    ['default', 0.5, 0],
    ['default', 0.8, 0.001],
    ['default', 4, 0.005],
    ['default', 11, 0.005],
    ['default', 13.6, 0.017],
    ['default', 39, 0.02],
    ['default', 100, 0.05],
    ['default', 5_000, 0.05],
    ['relaxed', 30, 0],
    ['relaxed', 50, 0.02],
    ['relaxed', 5_000, 0.02],
    ['free', 30, 0],
    ['free', 5_000, 0],
  ])('%s, %d ms: %d off', (profile, driftMs, most) => {
    for (const sign of [-1, 1]) {
      for (const roomRate of [0.5, 1, 2]) {
        const rate = new Correction().rate(seen({ driftMs: sign * driftMs, roomRate }), profile);
        expect(rate / roomRate - 1).toBeCloseTo(-sign * most, 9);
      }
    }
  });

  test('a gap is closed to well below where correction started', () => {
    const correction = new Correction();
    const rates = [0.7, 0.5, 0.3, 0.21, 0.19, 0.5, 0.59].map((driftMs) => correction.rate(seen({ driftMs }), 'default'));
    expect(rates.map((rate) => rate !== 1)).toEqual([true, true, true, true, false, false, false]);
  });

  test('drift below the accuracy of the position is not corrected', () => {
    const correction = new Correction();
    expect(correction.rate(seen({ driftMs: 79, positionErrorMs: 80 }), 'default')).toBe(1);
    expect(correction.rate(seen({ driftMs: 81, positionErrorMs: 80 }), 'default')).toBeLessThan(1);
    expect(correction.rate(seen({ driftMs: 19, positionErrorMs: 80 }), 'default')).toBe(1);
  });

  test('the longer until the next step, the gentler', () => {
    const rate = new Correction().rate(seen({ driftMs: 100, stepMs: 60_000 }), 'default');
    expect(1 - rate).toBeLessThanOrEqual(100 / 60_000);
  });
});

describe('a player with only a few rates', () => {
  test.each([
    { driftMs: 100, roomRate: 1, step: 0.5, forMs: 200 },
    { driftMs: -100, roomRate: 1, step: 1.25, forMs: 400 },
    { driftMs: -100, roomRate: 1.25, step: 1.5, forMs: 400 },
    { driftMs: 100, roomRate: 1.5, step: 1.25, forMs: 400 },
    { driftMs: -5_000, roomRate: 1, step: 1.25, forMs: 4_000 },
    // A room at a rate that the player doesn't support is followed by pulses between the two nearest.
    { driftMs: -100, roomRate: 0.75, step: 1, forMs: 400 },
    { driftMs: 100, roomRate: 0.75, step: 0.5, forMs: 400 },
  ])('$driftMs ms at $roomRate: one pulse of $step for $forMs ms', ({ driftMs, roomRate, step, forMs }) => {
    const rates = pulses({ driftMs, roomRate, rates: STEPS }, forMs + 900);
    expect(rates.filter((rate) => rate === step)).toHaveLength(forMs / 50);
    expect(rates.at(-1)).toBe(roomRate);
  });

  test('rests for a second before the next pulse', () => {
    const rates = pulses({ driftMs: -100, rates: STEPS }, 3_000);
    expect(rates.indexOf(1)).toBe(8);
    expect(rates.indexOf(1.25, 8)).toBe(8 + 20);
  });

  test.each([
    { why: 'faster than its fastest', driftMs: -100, roomRate: 1.5, rates: STEPS },
    { why: 'slower than its slowest', driftMs: 100, roomRate: 0.5, rates: STEPS },
    { why: 'without any', driftMs: 100, roomRate: 1, rates: [] },
    { why: 'with the room’s alone', driftMs: 100, roomRate: 1, rates: [1] },
  ])('gets no pulse $why', ({ driftMs, roomRate, rates }) => {
    expect(new Set(pulses({ driftMs, roomRate, rates }, 3_000))).toEqual(new Set([roomRate]));
  });

  test('gets no pulse for a drift below the accuracy of its position', () => {
    expect(new Set(pulses({ driftMs: 70, positionErrorMs: 80, rates: STEPS }, 3_000))).toEqual(new Set([1]));
  });

  test('gets no pulse that would be over before the next step', () => {
    expect(pulses({ driftMs: -100, rates: STEPS, stepMs: 1_000 }, 3_000)).toEqual([1, 1, 1]);
  });

  test('gets no pulse in the free profile', () => {
    expect(stepped().rate(seen({ driftMs: -1_000, rates: STEPS }), 'free')).toBe(1);
  });

  function pulses(part: Partial<RateInputs>, forMs: number): number[] {
    const correction = stepped();
    const rates: number[] = [];
    let playerRate = part.roomRate ?? 1;
    const { stepMs = 50 } = part;
    for (let localMs = 0; localMs < forMs; localMs += stepMs) {
      playerRate = correction.rate(seen({ ...part, localMs, playerRate }), 'default');
      rates.push(playerRate);
    }
    return rates;
  }
});

describe('a player that ignores rate', () => {
  test('is detected after 1.5 s and only given the room’s rate from then on', () => {
    const correction = stepped();
    for (let localMs = 0; localMs < 10_000; localMs += 50) {
      const rate = correction.rate(seen({ localMs, driftMs: 30, playerRate: 1 }), 'default');
      expect(correction.deaf).toBe(localMs >= 1_500);
      expect(rate === 1).toBe(localMs > 1_500);
    }
    correction.stop();
    expect(correction.deaf).toBe(true);
  });

  test.each([50, 300, 1_000])('is not one whose rate follows %i ms late', (lateMs) => {
    const correction = stepped();
    const rates: number[] = [];
    for (let localMs = 0; localMs < 10_000; localMs += 50) {
      const driftMs = 100 * Math.exp(-localMs / 2_000);
      const playerRate = rates.at(-1 - lateMs / 50) ?? 1;
      rates.push(correction.rate(seen({ localMs, driftMs, playerRate }), 'default'));
    }
    expect(correction.deaf).toBe(false);
  });

  test.each([1_000, 60_000])('is not one that is stepped every %i ms', (stepMs) => {
    const correction = stepped();
    let playerRate = 1;
    for (let look = 0; look < 50; look += 1) {
      const driftMs = look % 2 === 0 ? 30 : -70;
      playerRate = correction.rate(seen({ localMs: look * stepMs, stepMs, driftMs, playerRate }), 'default');
    }
    expect(correction.deaf).toBe(false);
  });
});

function seen(part: Partial<RateInputs>): RateInputs {
  const { roomRate = 1 } = part;
  const usual = { localMs: 0, stepMs: 50, roomRate, playerRate: roomRate, rates: 'continuous' as const };
  return { ...usual, minRate: 0.0625, maxRate: 16, positionErrorMs: 0, driftMs: 0, ...part };
}

function stepped(): Correction {
  return new Correction(new Pulses());
}
