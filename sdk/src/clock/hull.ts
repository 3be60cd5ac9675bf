// Measures the skew of two clocks by the lower convex hull of the delays between them.

export interface Point {
  at: number;
  value: number;
}

/**
 * Returns the slope of the line that lies under all points and as close to them as possible. Delays have a floor that
 * drifts with the clocks, and outliers only above it, so the slope of the floor is the drift. Takes points sorted by
 * `at`.
 */
export function floorSlope(points: readonly Point[]): number {
  const hull: Point[] = [];
  for (const point of points) {
    while (hull.length >= 2 && !turnsUp(hull.at(-2)!, hull.at(-1)!, point)) hull.pop();
    hull.push(point);
  }
  const middle = points.reduce((sum, { at }) => sum + at, 0) / points.length;
  const next = hull.findIndex(({ at }) => at >= middle);
  if (next <= 0) return 0;
  const [from, to] = [hull[next - 1]!, hull[next]!];
  return to.at > from.at ? (to.value - from.value) / (to.at - from.at) : 0;
}

function turnsUp(a: Point, b: Point, c: Point): boolean {
  return (b.at - a.at) * (c.value - a.value) - (b.value - a.value) * (c.at - a.at) > 0;
}
