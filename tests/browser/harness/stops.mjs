/** What somebody sees who is interrupted. */
const STOPS = ['pause', 'seeking'];
/** A page that noted nothing for so long, or a video that went on by so much too little, was short of processor time. */
const GAP_MS = 200;
const STEP_MS = 20;
/** So long a hitch may take to be mended. */
const MENDED_MS = 5_000;

/** How often somebody's player was sent elsewhere since; what the page has noted must have been taken in. */
export const seeksOf = ({ events }, sinceMs) => events.filter(({ type, at }) => at >= sinceMs && type === 'seeking').length;

/**
 * The pauses and seeks since for which this page had no reason of its own. A busy machine lets a player stall, and
 * what follows such a hitch mends it; anything else came from outside.
 */
export function disturbancesOf({ events, samples }, sinceMs) {
  const hitches = hitchesOf(events, samples);
  const isMended = ({ at }) => hitches.some((hitchMs) => hitchMs < at && at - hitchMs <= MENDED_MS);
  return events.filter((event) => event.at >= sinceMs && STOPS.includes(event.type) && !isMended(event));
}

/** When the video stood although it should have gone on. */
function hitchesOf(events, samples) {
  const starved = events.filter(({ type }) => type === 'waiting').map(({ at }) => at);
  const slow = samples.filter((sample, n) => {
    const before = samples[n - 1];
    if (before === undefined || before.paused || sample.paused || before.seeking || sample.seeking) return false;
    const tookMs = sample.at - before.at;
    const missingMs = tookMs * before.rate - (sample.positionMs - before.positionMs);
    return tookMs > GAP_MS || Math.abs(missingMs) > STEP_MS || !sample.ready;
  });
  return [...starved, ...slow.map(({ at }) => at)];
}
