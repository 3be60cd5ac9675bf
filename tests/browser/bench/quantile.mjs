/** Quantiles for the tables of the bench. */

/** Returns `{ p50, p95, p99, max }`. An infinite quantile is null; `max` is the largest finite value. */
export function quantiles(values) {
  const sorted = Float64Array.from(values).sort();
  const max = sorted.findLast(Number.isFinite) ?? null;
  return { p50: pick(sorted, 0.5), p95: pick(sorted, 0.95), p99: pick(sorted, 0.99), max };
}

/** Returns the smallest value that `share` of all values don't exceed; null if there is none or it is infinite. */
export function quantile(values, share) {
  return pick(Float64Array.from(values).sort(), share);
}

function pick(sorted, share) {
  if (sorted.length === 0) return null;
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  return Number.isFinite(value) ? value : null;
}
