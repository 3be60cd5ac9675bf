// Tests of the slope from which the skew of two clocks is measured.
import { expect, test } from 'vitest';
import { floorSlope, type Point } from '../src/clock/hull.js';
import { Seeded } from './seeded.js';

const flat = (values: readonly number[]): Point[] => values.map((value, at) => ({ at, value }));

test.each<[string, Point[], number]>([
  ['a line', flat([0, 2, 4, 6, 8]), 2],
  ['a falling line', flat([8, 6, 4, 2, 0]), -2],
  ['a line with everything else above it', flat([0, 9, 2, 9, 4, 9, 6]), 1],
  ['a valley: the edge over the middle', flat([10, 0, 0.5, 1, 1.5, 2, 10]), 0.5],
  ['two points', flat([1, 4]), 3],
  ['a gap in time', [{ at: 0, value: 0 }, { at: 1, value: 5 }, { at: 100, value: 50 }], 0.5],
])('%s', (_name, points, slope) => {
  expect(floorSlope(points)).toBeCloseTo(slope, 9);
});

test.each<[string, Point[]]>([
  ['nothing', []],
  ['one point', flat([3])],
  ['points of one instant', [{ at: 5, value: 1 }, { at: 5, value: 2 }, { at: 5, value: 0 }]],
])('%s has no slope', (_name, points) => {
  expect(floorSlope(points)).toBe(0);
});

test('no point lies below the line through the edge, whatever the points are', () => {
  const random = new Seeded(7);
  for (let round = 0; round < 200; round += 1) {
    let at = 0;
    const points = Array.from({ length: 3 + round }, () => ({ at: (at += random.between(1, 100)), value: random.exponential(10) }));
    const slope = floorSlope(points);
    const above = points.map(({ at: atMs, value }) => value - slope * atMs).sort((a, b) => a - b);
    // The edge has two points, which are both the lowest.
    expect(above[1]! - above[0]!).toBeCloseTo(0, 6);
  }
});

test.each([-100, 0, 100])('the drift of a floor under jitter is measured, %i ppm', (ppm) => {
  const random = new Seeded(3);
  const points = Array.from({ length: 120 }, (_, second) => ({
    at: second * 500,
    value: 40 + second * 500 * ppm * 1e-6 + random.exponential(5),
  }));
  expect(Math.abs(floorSlope(points) * 1e6 - ppm)).toBeLessThan(30);
});
