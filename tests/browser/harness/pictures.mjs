/** What people see of films that carry their frame numbers: the picture decides, never what a player says of itself. */
import assert from 'node:assert/strict';
import { clockMs, until } from './poll.mjs';
import { stands } from './together.mjs';

/** On a busy machine a seek with several loads takes this long at most. */
export const PATIENCE_MS = 40_000;
/** The number of samples in a row that show one picture: a third of a second. */
const STEADY = 8;

/** What an element has loaded, and where it stands: what is needed to explain another picture. */
const LOADED = `(() => {
  const { buffered, currentTime, readyState } = document.querySelector('video');
  const ranges = Array.from({ length: buffered.length }, (_, n) => buffered.start(n).toFixed(3) + '–' + buffered.end(n).toFixed(3));
  return ranges.join(' ') + ' at ' + currentTime.toFixed(6) + ' (' + readyState + ')';
})()`;

/** The host, paused, seeks; everybody ends up on the same picture. */
export async function seekTo(people, positionMs, film) {
  const [host] = people;
  await host.page.evaluate((to) => window.playhead.session.seek(to), positionMs);
  await seeOnePicture(people, positionMs, film);
}

/** Waits until each page has the picture of a position, and asserts that all have the same, the right one. */
export async function seeOnePicture(people, positionMs, { fps = 30, exact = false }) {
  const what = `at ${positionMs} ms`;
  const isThere = (one) => one.state === 'paused' && isNear(one.positionMs, positionMs) && isNear(one.expectedMs, positionMs);
  const seen = await standingFrames(people, what, isThere);
  const described = people.map(({ name }, n) => `${name} ${seen[n]}`).join(', ');
  console.log(`${what}: ${described}`);
  if (seen.some((frame) => frame !== seen[0])) {
    const loaded = await Promise.all(people.map(({ page }) => page.evaluate(LOADED)));
    assert.fail(`${what} pages show different pictures: ${described}; loaded: ${loaded.join('; ')}`);
  }
  if (exact) assert.equal(seen[0], Math.floor((positionMs / 1000) * fps + 1e-6), `${what}: the picture`);
}

/** Returns the number of the frame on each page, once it shows one for a while, paused or ended and with `wanted`. */
export function standingFrames(people, what, wanted = () => true) {
  const sinceMs = clockMs();
  return Promise.all(people.map((person) => standingFrame(person, what, sinceMs, wanted)));
}

/** A page that is short of processor time samples late: only samples from after `sinceMs` tell what it shows now. */
async function standingFrame(person, what, sinceMs, wanted) {
  const isStill = (one) => stands(one) || (one.paused && one.status === 'ended');
  const shows = (frame) => (one) => isStill(one) && !one.seeking && one.frame === frame && wanted(one);
  const shown = await until(`${person.name}’s picture to stand ${what}`, async () => {
    await person.watch();
    const last = person.samples.filter(({ at }) => at > sinceMs).slice(-STEADY);
    const frame = last[0]?.frame ?? null;
    return frame !== null && last.length === STEADY && last.every(shows(frame)) && { frame };
  }, PATIENCE_MS).catch(async (error) => {
    const loaded = await person.page.evaluate(LOADED);
    throw new Error(`${error.message}; last seen: ${JSON.stringify(person.samples.at(-1))}; loaded: ${loaded}`);
  });
  return shown.frame;
}

function isNear(positionMs, wantedMs) {
  return Math.abs(positionMs - wantedMs) < 1;
}
