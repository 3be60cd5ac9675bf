/** Compares the samples of several pages at the same instants. */

/** Pages are compared ten times a second. */
const GRID_MS = 100;
/** Between two samples further apart than this, a page has no sample. */
const GAP_MAX_MS = 200;

/**
 * Returns a page's sample at `instant`, interpolated between the two around it; null if those are too far apart or the
 * page was seeking.
 */
export function sampleAt(samples, instant) {
  const after = samples.findIndex(({ at }) => at >= instant);
  if (after <= 0) return null;
  const [before, next] = [samples[after - 1], samples[after]];
  const gapMs = next.at - before.at;
  if (gapMs > GAP_MAX_MS || before.seeking || next.seeking) return null;
  const part = (instant - before.at) / gapMs;
  const between = (a, b) => a + (b - a) * part;
  const nearest = part < 0.5 ? before : next;
  return {
    ...nearest,
    at: instant,
    positionMs: between(before.positionMs, next.positionMs),
    expectedMs: between(before.expectedMs, next.expectedMs),
  };
}

/** Returns how far apart the pages are, in milliseconds. */
export function spreadMs(row) {
  const positions = row.map(({ positionMs }) => positionMs);
  return Math.max(...positions) - Math.min(...positions);
}

/**
 * Finds the first `count` consecutive instants between `sinceMs` and `untilMs` at which all pages are within `withinMs`
 * of each other and `wanted` holds for each. `tracks` has one list of samples per page.
 * Returns `{ atMs, spreadMs, rows }`, or null.
 */
export function firstRun(tracks, { sinceMs, untilMs, withinMs, count = 5, wanted = () => true }) {
  let run = [];
  for (let instant = Math.ceil(sinceMs / GRID_MS) * GRID_MS; instant <= untilMs; instant += GRID_MS) {
    const row = tracks.map((samples) => sampleAt(samples, instant));
    const good = row.every((one) => one !== null && wanted(one)) && spreadMs(row) <= withinMs;
    run = good ? [...run, row] : [];
    if (run.length === count) return { atMs: instant, spreadMs: Math.max(...run.map(spreadMs)), rows: run };
  }
  return null;
}
