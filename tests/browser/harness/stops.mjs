/** Tells interruptions from outside apart from those that a busy machine causes. */

/** The events of an interrupted player. */
const STOPS = ['pause', 'seeking'];
/** A page without samples for this long, or a video this far behind its own rate, was short of processor time. */
const GAP_MS = 200;
const MISSING_MS = 20;
/** A start takes up to this long, and meanwhile says nothing about how busy the machine is. */
const STARTED_MS = 500;
/** How long after a hitch the player may still be correcting it. */
const MENDED_MS = 5_000;

/** Counts this person's seeks since `sinceMs`. Call `watch` first. */
export const seeksOf = ({ events }, sinceMs) => events.filter(({ type, at }) => at >= sinceMs && type === 'seeking').length;

/**
 * Returns the pauses and seeks since `sinceMs` that this page's own hitches don't explain. On a busy machine a player may
 * stall, and then corrects that; any other interruption came from outside.
 */
export function disturbancesOf({ events, samples }, sinceMs) {
  const stops = events.filter(({ type }) => STOPS.includes(type));
  const hitches = hitchesOf(events, samples, stops);
  const isMended = ({ at }) => hitches.some((hitchMs) => hitchMs < at && at - hitchMs <= MENDED_MS);
  return stops.filter((stop) => stop.at >= sinceMs && !isMended(stop));
}

/** Returns when a video that had been playing for a while became too slow or stalled. */
function hitchesOf(events, samples, stops) {
  const stalls = events.filter(({ type }) => type === 'waiting').map(({ at }) => at);
  const slow = samples.filter((sample, n) => n > 0 && isSlow(samples[n - 1], sample)).map(({ at }) => at);
  const stood = [...stops, ...samples.filter(({ paused, seeking }) => paused || seeking)];
  const plays = (atMs) => !stood.some(({ at }) => at < atMs && atMs - at < STARTED_MS);
  return [...stalls, ...slow].filter(plays);
}

function isSlow(before, sample) {
  if (before.paused || sample.paused || before.seeking || sample.seeking) return false;
  const tookMs = sample.at - before.at;
  const missingMs = tookMs * before.rate - (sample.positionMs - before.positionMs);
  return tookMs > GAP_MS || missingMs > MISSING_MS || !sample.ready;
}
