/** Waits until pages play, or are paused, in sync. */
import { setTimeout as pause } from 'node:timers/promises';
import { firstRun, sampleAt } from './sampling.mjs';
import { clockMs } from './poll.mjs';

const EVERY_MS = 150;
const DEADLINE_MS = 20_000;
/** The number of samples shown per page in a failure. */
const SHOWN = 12;
/** The duration of one frame of the film, rounded up. */
export const FRAME_MS = 34;
/** On a busy machine it takes several attempts to come this close. */
const FRAME_DEADLINE_MS = 40_000;

/** Holds for a sample of a playing page. */
export const plays = (sample) => !sample.paused && sample.ready && sample.status === 'playing';
/** Holds for a sample of a paused page. */
export const stands = (sample) => sample.paused && sample.status === 'paused';

/**
 * Waits until all pages are together: five consecutive instants, ten a second, within `withinMs` of each other and with
 * `wanted` on each page, at most `deadlineMs` after `sinceMs`.
 */
export async function together(people, { what, sinceMs, withinMs = 100, wanted = plays, deadlineMs = DEADLINE_MS }) {
  const untilMs = sinceMs + deadlineMs;
  for (;;) {
    await Promise.all(people.map((person) => person.watch()));
    const tracks = people.map(({ samples }) => samples);
    const run = firstRun(tracks, { sinceMs, untilMs, withinMs, wanted });
    if (run) {
      const tookMs = Math.round(run.atMs - sinceMs);
      console.log(`${what}: together after ${tookMs} ms, at most ${run.spreadMs.toFixed(1)} ms apart`);
      return { ...run, tookMs };
    }
    if (clockMs() > untilMs + EVERY_MS) throw new Error(`${what}: not together within ${deadlineMs} ms\n${shown(people)}`);
    await pause(EVERY_MS);
  }
}

/** Waits until all pages are together within one frame; see `together`. */
export const onOneFrame = (people, options) =>
  together(people, { withinMs: FRAME_MS, deadlineMs: FRAME_DEADLINE_MS, ...options });

/** Waits until the burnt-in frame number of each page has advanced for a second, at no less than half its speed. */
export async function framesAdvance(people, { sinceMs = clockMs(), deadlineMs = DEADLINE_MS, framesPerSecond = 30 } = {}) {
  for (;;) {
    await Promise.all(people.map((person) => person.watch()));
    const advanced = people.map(({ samples }) => advances(samples.filter(({ at }) => at >= sinceMs), framesPerSecond));
    if (advanced.every(Boolean)) return;
    if (clockMs() > sinceMs + deadlineMs) throw new Error(`a video stands still: ${advanced}\n${shown(people)}`);
    await pause(EVERY_MS);
  }
}

function advances(samples, framesPerSecond) {
  const last = samples.at(-1);
  const first = samples.findLast(({ at }) => at <= last.at - 1_000);
  if (first === undefined) return false;
  const between = samples.filter(({ at }) => at >= first.at);
  const forward = between.every(({ frame }, n) => n === 0 || frame >= between[n - 1].frame);
  const least = (0.5 * framesPerSecond * (last.at - first.at)) / 1000;
  return forward && last.frame - first.frame >= least;
}

/** Formats the last samples of each page, one per instant. */
function shown(people) {
  const now = clockMs();
  const pages = people.map(({ name, samples }) => {
    const rows = Array.from({ length: SHOWN }, (_, n) => sampleAt(samples, now - 200 * (SHOWN - n)));
    const texts = rows.map((row) => (row === null ? '  –' : `  ${textOf(row)}`));
    return [`${name}, ${samples.length} samples, last ${textOf(samples.at(-1))}`, ...texts].join('\n');
  });
  return pages.join('\n');
}

function textOf(sample) {
  if (sample === undefined) return 'none';
  const { positionMs, expectedMs, paused, ready, rate, height, cue, frame, state, status, version } = sample;
  const numbers = `at ${Math.round(positionMs)} of ${Math.round(expectedMs)} frame ${frame} ×${rate.toFixed(3)} ${height}p`;
  return `${numbers} cue ${cue} ${paused ? 'paused' : 'playing'} ready ${ready} ${state} ${status} v${version}`;
}
