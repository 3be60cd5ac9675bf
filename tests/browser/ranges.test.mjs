/** Tests of a film whose server sends no byte ranges, so that players can't jump within it. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { startOddOrigin } from './harness/odd-origin.mjs';
import { guestOf, hostParty } from './harness/party.mjs';
import { standingFrames } from './harness/pictures.mjs';
import { clockMs } from './harness/poll.mjs';
import { seeksOf } from './harness/stops.mjs';
import { onOneFrame, plays, stands, together } from './harness/together.mjs';
import { startWorld } from './harness/world.mjs';

const READS = { readsFiles: true };

/** Nobody can go back: a page that is short of processor time when it is to stop stays a frame ahead. */
const LATE_FRAMES = 1;
/** What the page says about such a film. */
const WORDS = 'This site doesn’t let players jump within the film.';

let world;
let odd;
before(async () => {
  world = await startWorld();
  odd = await startOddOrigin();
});
afterEach(() => world.everybodyLeaves());
after(() => Promise.all([world?.end(), odd?.stop()]));

test('a film without byte ranges is paused, resumed and joined late on one frame, and nobody is sent back', { timeout: 240_000 }, async () => {
  const { host, invite } = await hostParty(world, { link: odd.plain('film.mp4'), ...READS });
  const guest = await guestOf(world, invite, 'Grace', READS);
  await guest.hasLoaded();
  await host.reads('media-note', WORDS);
  await guest.reads('media-note', WORDS);
  let sinceMs = clockMs();
  const beganMs = sinceMs;
  await host.the('play-toggle').click();
  await onOneFrame([host, guest], { what: 'play', sinceMs, wanted: (one) => plays(one) && one.positionMs > 4_000 });

  await standsOnOneFrame(host, [host, guest], 'pause');
  sinceMs = clockMs();
  await host.the('play-toggle').click();
  await onOneFrame([host, guest], { what: 'resume', sinceMs });

  const late = await guestOf(world, invite, 'Linus', READS);
  const joinedMs = clockMs();
  await onOneFrame([host, guest, late], { what: 'a late join', sinceMs: joinedMs });
  await standsOnOneFrame(host, [host, guest, late], 'pause with the late one');

  // A join while paused, far from the beginning.
  const later = await guestOf(world, invite, 'Edsger', READS);
  await standStill([host, guest, late, later], 'a join while paused');
  sinceMs = clockMs();
  await host.the('play-toggle').click();
  await onOneFrame([host, guest, late, later], { what: 'resume with all', sinceMs });
  for (const person of [host, guest, late, later]) {
    await person.watch();
    assert.equal(seeksOf(person, beganMs), 0, `${person.name} never seeks`);
  }
});

test('a jump within a film without byte ranges is refused in words, and starting anew is not', { timeout: 120_000 }, async () => {
  const { host, invite } = await hostParty(world, { link: odd.plain('film.mp4'), ...READS });
  const guest = await guestOf(world, invite, 'Grace', READS);
  await guest.hasLoaded();
  let sinceMs = clockMs();
  await host.the('play-toggle').click();
  await onOneFrame([host, guest], { what: 'play', sinceMs, wanted: (one) => plays(one) && one.positionMs > 2_000 });
  await host.the('forward').click({ force: true });
  await host.reads('notice', WORDS);
  const refused = await host.page.evaluate(() => window.playhead.session.seek(60_000).catch(({ code }) => code));
  assert.equal(refused, 'seek_unavailable');

  sinceMs = clockMs();
  await host.page.evaluate(() => window.playhead.session.seek(0));
  await onOneFrame([host, guest], { what: 'from the beginning', sinceMs, wanted: (one) => plays(one) && one.positionMs < 10_000 });
  const { playback } = await host.snapshot();
  assert.equal(playback.status, 'playing');
});

/** The host pauses; all stand on the same frame, but for a page that was late. */
async function standsOnOneFrame(host, people, what) {
  await host.the('play-toggle').click();
  await host.status('paused');
  await standStill(people, what);
}

/**
 * Waits until all stand still near the room's position, and compares the frames that they show. The time that an element
 * tells once it is paused may be more than a frame from that of its picture, and no seek may put it right.
 */
async function standStill(people, what) {
  const sinceMs = clockMs();
  const isThere = (one) => stands(one) && one.ready && Math.abs(one.positionMs - one.expectedMs) < 100;
  await together(people, { what, sinceMs, withinMs: 100, wanted: isThere, deadlineMs: 40_000 });
  const frames = await standingFrames(people, what, isThere);
  console.log(`${what}: frames ${frames} at ${people.map(({ samples }) => samples.at(-1).positionMs)}`);
  assert.ok(Math.max(...frames) - Math.min(...frames) <= LATE_FRAMES, `${what}: frames ${frames}`);
}
