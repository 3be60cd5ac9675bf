import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { commitOf, commitsOf, notesCommits } from './harness/commits.mjs';
import { gateBefore, segmentsFrom } from './harness/gate.mjs';
import { guestOf, hostParty } from './harness/party.mjs';
import { clockMs, until } from './harness/poll.mjs';
import { disturbancesOf, seeksOf } from './harness/stops.mjs';
import { FRAME_MS, framesAdvance, plays, together } from './harness/together.mjs';
import { startWorld } from './harness/world.mjs';

/** Up to here there is data. */
const DRY_MS = 8_000;
/** A stall is mended by a seek; a busy machine may need another. */
const SEEKS_MAX = 3;
const FAR_MS = 60_000;
const AD_MS = 100_000;
const LACKS_DATA = /data/i;

let world;
before(async () => (world = await startWorld()));
afterEach(() => world.everybodyLeaves());
after(() => world?.end());

for (const [what, does] of [['never come', 'holds'], ['are refused', 'refuses']]) {
  test(`a player whose data ${what} says so, stops nobody, and is in its place again with them`, { timeout: 180_000 }, async () => {
    const { host, bystander, invite } = await party();
    const starved = await world.arrive('Grace');
    const gate = await gateBefore(starved, world.origin);
    await gate[does](segmentsFrom(DRY_MS));
    await starved.join(invite);
    await starved.hasLoaded();
    const { version, atMs } = await startsTogether(host, [bystander, starved]);

    await until('the film to run out', async () => (await stateOf(starved)).state === 'buffering');
    await starved.reads('sync', LACKS_DATA);
    await starved.picture(`starved-${does}`);
    await until('the video to stand', () => starved.the('video').evaluate((video) => video.readyState < 3));
    const dryMs = clockMs();
    await together([host, bystander], { what: 'while one is starved', sinceMs: dryMs, withinMs: FRAME_MS });
    await framesAdvance([host, bystander], { sinceMs: dryMs });
    await starved.watch();
    assert.ok(starved.samples.at(-1).positionMs < DRY_MS + 500, 'nothing more has come');

    const openedMs = clockMs();
    await gate.opens();
    await together([host, bystander, starved], { what: `data that ${what} are back`, sinceMs: openedMs, withinMs: FRAME_MS });
    await framesAdvance([host, bystander, starved], { sinceMs: openedMs });
    await starved.reads('sync', /^In sync/);
    assert.ok(seeksOf(starved, dryMs) <= SEEKS_MAX, `${seeksOf(starved, dryMs)} seeks`);
    await leftAlone([host, bystander], atMs, version);
  });
}

test('a player that is sent to where there are no data says so, too', { timeout: 180_000 }, async () => {
  const { host, bystander, invite } = await party();
  const starved = await world.arrive('Grace');
  const gate = await gateBefore(starved, world.origin);
  await starved.join(invite);
  await starved.hasLoaded();
  await startsTogether(host, [bystander, starved]);
  await gate.holds(segmentsFrom(FAR_MS));
  const { version } = await host.snapshot();
  await host.the('seek').fill(String(FAR_MS + 1_000));
  await commitOf(host, 'the start after the seek', ({ cause }) => cause === 'deadline', { afterVersion: version });

  await starved.reads('sync', LACKS_DATA);
  assert.equal((await stateOf(starved)).state, 'buffering');
  const openedMs = clockMs();
  await gate.opens();
  await together([host, bystander, starved], { what: 'data are back', sinceMs: openedMs, withinMs: FRAME_MS });
});

test('a hidden tab that the browser pauses is in its place again when it is shown', { timeout: 180_000 }, async () => {
  const { host, bystander, invite } = await party();
  const hider = await world.arriveBare('Hedy', { switches: ['--autoplay-policy=no-user-gesture-required'] });
  await hider.returns(invite);
  await hider.waitsFor("window.playhead.player.getSnapshot().state === 'paused'");
  const { version, atMs } = await startsTogether(host, [bystander, hider]);

  await hider.looksAway();
  // As browsers of phones do.
  await hider.evaluate(`document.querySelector('[data-testid="video"]').pause()`);
  const hiddenMs = clockMs();
  await together([host, bystander], { what: 'while one is hidden and paused', sinceMs: hiddenMs, withinMs: FRAME_MS });
  await framesAdvance([host, bystander], { sinceMs: hiddenMs });
  assert.equal(await hider.evaluate(`document.querySelector('[data-testid="video"]').paused`), true, 'it is left paused');

  const backMs = clockMs();
  await hider.looksBack();
  await together([host, bystander, hider], { what: 'shown again', sinceMs: backMs, withinMs: FRAME_MS });
  await framesAdvance([host, bystander, hider], { sinceMs: backMs });
  await leftAlone([host, bystander], atMs, version);
});

test('a player on hold is its page’s own, holds up nobody, and comes back when it is released', { timeout: 180_000 }, async () => {
  const { host, bystander, invite } = await party();
  const holder = await guestOf(world, invite, 'Grace');
  await holder.hasLoaded();
  const { version, atMs } = await startsTogether(host, [bystander, holder]);

  await holder.page.evaluate(() => window.playhead.player.hold());
  const heldMs = clockMs();
  await showsAd(holder);
  await together([host, bystander], { what: 'while one is on hold', sinceMs: heldMs, withinMs: FRAME_MS });
  await framesAdvance([host, bystander, holder], { sinceMs: heldMs });
  await isInAd(holder);
  await leftAlone([host, bystander], atMs, version);

  await host.the('play-toggle').click();
  await host.status('paused');
  await host.the('seek').fill('40000');
  await host.the('play-toggle').click();
  const wait = await commitOf(host, 'the wait', ({ status }) => status === 'waiting', { afterVersion: version });
  assert.equal(wait.waiting.waiting_for.count, 3, 'the one on hold is asked');
  const start = await commitOf(host, 'the start', ({ status }) => status === 'playing', { afterVersion: wait.version });
  console.log(`started ${wait.waiting.deadline_ms - start.atMs} ms before the deadline`);
  assert.equal(start.cause, 'ready');
  await together([host, bystander], { what: 'a start with one on hold', sinceMs: clockMs(), withinMs: FRAME_MS });
  await isInAd(holder);

  const releasedMs = clockMs();
  await holder.page.evaluate(() => window.playhead.player.release());
  await together([host, bystander, holder], { what: 'released', sinceMs: releasedMs, withinMs: FRAME_MS });
  await framesAdvance([host, bystander, holder], { sinceMs: releasedMs });
  await leftAlone([host, bystander], releasedMs, start.version);
});

/** A host and a guest who have loaded. */
async function party() {
  const { host, invite } = await hostParty(world);
  const bystander = await guestOf(world, invite, 'Linus');
  await bystander.hasLoaded();
  await notesCommits(host);
  return { host, bystander, invite };
}

/** The host presses play; gives the version that plays, and when all were together. */
async function startsTogether(host, others) {
  const sinceMs = clockMs();
  await host.the('play-toggle').click();
  const { version } = await commitOf(host, 'the start', ({ status }) => status === 'playing');
  const { atMs } = await together([host, ...others], { what: 'play', sinceMs, withinMs: FRAME_MS });
  return { version, atMs };
}

/** Nobody stopped or moved these people, and the server committed nothing. */
async function leftAlone(people, sinceMs, version) {
  for (const person of people) {
    await person.watch();
    assert.deepEqual(disturbancesOf(person, sinceMs), [], `${person.name} plays on`);
  }
  assert.equal((await commitsOf(people[0])).at(-1).version, version, 'the room is as it was');
}

const stateOf = ({ page }) => page.evaluate(() => window.playhead.player.getSnapshot());

/** The page plays something else in the same element, at its own pace. */
const showsAd = (person) =>
  person.the('video').evaluate((video, adMs) => {
    video.currentTime = adMs / 1_000;
    video.playbackRate = 1.5;
  }, AD_MS);

/** The ad plays on as the page left it. */
async function isInAd(person) {
  const wanted = (sample) => plays({ ...sample, status: 'playing' }) && sample.positionMs >= AD_MS && sample.rate === 1.5;
  await until(`${person.name} to be in the ad`, async () => {
    await person.watch();
    return wanted(person.samples.at(-1));
  });
  assert.equal((await stateOf(person)).state, 'held');
}
