/** What somebody sees who is interrupted. */
const STOPS = ['pause', 'seeking'];
/** A page that noted nothing for so long, or a video that is so much behind its own pace, was short of processor time. */
const GAP_MS = 200;
const MISSING_MS = 20;
/** Until then a start is on its way, and says nothing of how busy the machine is. */
const STARTED_MS = 500;
/** So long it may take until a hitch is mended. */
const MENDED_MS = 5_000;

/** How often somebody's player was sent elsewhere since; what the page has noted must have been taken in. */
export const seeksOf = ({ events }, sinceMs) => events.filter(({ type, at }) => at >= sinceMs && type === 'seeking').length;

/**
 * The pauses and seeks since for which this page had no reason of its own. A busy machine lets a player stall, and
 * what follows such a hitch mends it; anything else came from outside.
 */
export function disturbancesOf({ events, samples }, sinceMs) {
  const stops = events.filter(({ type }) => STOPS.includes(type));
  const hitches = hitchesOf(events, samples, stops);
  const isMended = ({ at }) => hitches.some((hitchMs) => hitchMs < at && at - hitchMs <= MENDED_MS);
  return stops.filter((stop) => stop.at >= sinceMs && !isMended(stop));
}

/** When a video that had been playing for a moment went on too slowly, or not at all. */
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
