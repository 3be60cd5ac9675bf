/** What people see of films that carry their frame numbers: the picture decides, never what a player says of itself. */
import assert from 'node:assert/strict';
import { until } from './poll.mjs';

/** On a busy machine a seek with several loads takes this long at most. */
export const PATIENCE_MS = 40_000;

/** The host, paused, seeks; everybody ends up on the same picture. */
export async function seekTo(people, positionMs, film) {
  const [host] = people;
  await host.page.evaluate((to) => window.playhead.session.seek(to), positionMs);
  await seeOnePicture(people, positionMs, film);
}

/** Waits until each page has the picture of a position, and asserts that all have the same, the right one. */
export async function seeOnePicture(people, positionMs, { fps = 30, exact = false }) {
  const what = `at ${positionMs} ms`;
  const seen = await Promise.all(people.map((person) => pictureOf(person, positionMs, what)));
  const described = people.map(({ name }, n) => `${name} ${seen[n]}`).join(', ');
  console.log(`${what}: ${described}`);
  assert.ok(seen.every((frame) => frame !== null && frame === seen[0]), `${what} pages show different pictures: ${described}`);
  if (exact) assert.equal(seen[0], Math.floor((positionMs / 1000) * fps + 1e-6), `${what}: the picture`);
}

/** Returns the number of the picture that a page shows, once it is paused there and shows one picture for a while. */
async function pictureOf(person, positionMs, what) {
  await until(`${person.name} to stand ${what}`, () => person.page.evaluate(standsAt, positionMs), PATIENCE_MS);
  let last = null;
  return until(`${person.name} to show a picture ${what}`, async () => {
    await person.watch();
    const frames = person.samples.slice(-4).map(({ frame }) => frame);
    const isSteady = frames.length === 4 && last !== null && frames.every((frame) => frame === frames[0] && frame === last);
    [last] = frames;
    return isSteady ? { frame: last } : null;
  }, PATIENCE_MS).then(({ frame }) => frame);
}

/** Runs in the page: whether its player says that it is paused there, with data. */
function standsAt(positionMs) {
  const video = document.querySelector('[data-testid="video"]');
  const { session, player } = window.playhead;
  const { playback } = session.getSnapshot();
  const isThere = playback.status === 'paused' && playback.position_ms === positionMs && video.paused && !video.seeking;
  return isThere && video.readyState >= 2 && player.getSnapshot().state === 'paused' && Math.abs(player.position() - positionMs) < 1;
}
