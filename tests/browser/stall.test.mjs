import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { commitOf, commitsOf, notesCommits } from './harness/commits.mjs';
import { gateBefore, segmentsFrom } from './harness/gate.mjs';
import { guestOf, hostParty } from './harness/party.mjs';
import { clockMs, until } from './harness/poll.mjs';
import { disturbancesOf, seeksOf } from './harness/stops.mjs';
import { FRAME_MS, framesAdvance, onOneFrame, plays } from './harness/together.mjs';
import { startWorld } from './harness/world.mjs';

/** Up to here there is data. */
const DRY_MS = 8_000;
/** A stall is mended by a seek; a busy machine may need another. */
const SEEKS_MAX = 3;
/** Data that don't come are asked for further on, after a second and then twice as long each time. */
const asksIn = (dryMs) => Math.ceil(Math.log2(1 + dryMs / 1_000));
const FAR_MS = 60_000;
const AD_MS = 100_000;
const BUFFERING = 'Buffering…';
/** Sound and pictures are cut at slightly different places. */
const SLACK_MS = 100;
const REFUSALS = 2;

let world;
before(async () => (world = await startWorld()));
afterEach(() => world.everybodyLeaves());
after(() => world?.end());

for (const [what, refuses] of [['are late', false], ['are late and then refused', true]]) {
  test(`a player whose data ${what} says so, stops nobody, and comes back with them`, { timeout: 240_000 }, async () => {
    const { host, bystander, invite } = await party();
    const starved = await world.arrive('Grace');
    const gate = await gateBefore(starved, world.origin);
    await gate.holds(segmentsFrom(DRY_MS));
    await starved.join(invite);
    await starved.hasLoaded();
    const { version, atMs } = await startsTogether([host, bystander]);

    await until('the film to run out', async () => (await playerOf(starved)).state === 'buffering');
    await starved.reads('sync', BUFFERING);
    await starved.picture(`starved-${refuses ? 'refused' : 'late'}`);
    const dryMs = clockMs();
    if (refuses) await isRefused(gate);
    await onOneFrame([host, bystander], { what: 'while one is starved', sinceMs: dryMs });
    await framesAdvance([host, bystander], { sinceMs: dryMs });
    const { ready, untilMs } = await loadedBy(starved);
    assert.ok(ready < 3 && untilMs < DRY_MS + SLACK_MS, `ready ${ready} with data up to ${untilMs} ms`);

    const openedMs = clockMs();
    await gate.opens();
    await onOneFrame([host, bystander, starved], { what: `data that ${what} are back`, sinceMs: openedMs });
    await framesAdvance([host, bystander, starved], { sinceMs: openedMs });
    await starved.reads('sync', /^In sync/);
    const mostSeeks = SEEKS_MAX + asksIn(openedMs - dryMs);
    assert.ok(seeksOf(starved, dryMs) <= mostSeeks, `${seeksOf(starved, dryMs)} seeks, not ${mostSeeks}`);
    await leftAlone([host, bystander], atMs, version);
  });
}

test('a player that is sent to where it has no data says so, too', { timeout: 240_000 }, async () => {
  const { host, bystander, invite } = await party();
  const starved = await world.arrive('Grace');
  const gate = await gateBefore(starved, world.origin);
  await gate.holds(segmentsFrom(FAR_MS));
  await starved.join(invite);
  await starved.hasLoaded();
  const { version } = await startsTogether([host, bystander, starved]);
  await host.the('seek').fill(String(FAR_MS + 1_000));
  await commitOf(host, 'the start after the seek', ({ cause }) => cause === 'deadline', { afterVersion: version });
  const sinceMs = clockMs();
  await onOneFrame([host, bystander], { what: 'a seek without one', sinceMs });

  await starved.reads('sync', BUFFERING);
  assert.equal((await playerOf(starved)).state, 'buffering');
  const openedMs = clockMs();
  await gate.opens();
  await onOneFrame([host, bystander, starved], { what: 'data are back', sinceMs: openedMs });
});

test('a hidden tab that the browser pauses is in its place again when it is shown', { timeout: 240_000 }, async () => {
  const { host, bystander, invite } = await party();
  const hider = await world.arriveBare('Hedy', { switches: ['--autoplay-policy=no-user-gesture-required'] });
  await hider.returns(invite);
  await hider.waitsFor("window.playhead.player.getSnapshot().state === 'paused'");
  const { version, atMs } = await startsTogether([host, bystander, hider]);

  await hider.looksAway();
  // As browsers of phones do.
  await hider.evaluate(`document.querySelector('[data-testid="video"]').pause()`);
  const hiddenMs = clockMs();
  await onOneFrame([host, bystander], { what: 'while one is hidden and paused', sinceMs: hiddenMs });
  await framesAdvance([host, bystander], { sinceMs: hiddenMs });
  assert.equal(await hider.evaluate(`document.querySelector('[data-testid="video"]').paused`), true, 'it is left paused');

  const backMs = clockMs();
  await hider.looksBack();
  await onOneFrame([host, bystander, hider], { what: 'shown again', sinceMs: backMs });
  await framesAdvance([host, bystander, hider], { sinceMs: backMs });
  await leftAlone([host, bystander], atMs, version);
});

test('a player on hold is its page’s own, holds up nobody, and comes back released', { timeout: 240_000 }, async () => {
  const { host, bystander, invite } = await party();
  const holder = await guestOf(world, invite, 'Grace');
  await holder.hasLoaded();
  const { version, atMs } = await startsTogether([host, bystander, holder]);

  await holder.page.evaluate(() => window.playhead.player.hold());
  const heldMs = clockMs();
  await showsAd(holder);
  await onOneFrame([host, bystander], { what: 'while one is on hold', sinceMs: heldMs });
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
  await onOneFrame([host, bystander], { what: 'a start with one on hold', sinceMs: clockMs() });
  await isInAd(holder);

  const releasedMs = clockMs();
  await holder.page.evaluate(() => window.playhead.player.release());
  await onOneFrame([host, bystander, holder], { what: 'released', sinceMs: releasedMs });
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

/** The first, who is host, presses play; gives the version that plays, and when all were together. */
async function startsTogether(people) {
  const [host] = people;
  const sinceMs = clockMs();
  await host.the('play-toggle').click();
  const { version } = await commitOf(host, 'the start', ({ status }) => status === 'playing');
  const { atMs } = await onOneFrame(people, { what: 'play', sinceMs });
  return { version, atMs };
}

/** Refuses what has been held, and what is asked for again. */
async function isRefused(gate) {
  const before = gate.turnedAway();
  await gate.refuses(segmentsFrom(DRY_MS));
  await until('data to be refused', () => gate.turnedAway() >= before + REFUSALS);
}

/** Nobody stopped or moved these people, and the server committed nothing. */
async function leftAlone(people, sinceMs, version) {
  for (const person of people) {
    await person.watch();
    assert.deepEqual(disturbancesOf(person, sinceMs), [], `${person.name} plays on`);
  }
  assert.equal((await commitsOf(people[0])).at(-1).version, version, 'the room is as it was');
}

/** How much the video has. */
const loadedBy = (person) =>
  person.the('video').evaluate(({ readyState, buffered }) => ({
    ready: readyState,
    untilMs: buffered.end(buffered.length - 1) * 1_000,
  }));

const playerOf = ({ page }) => page.evaluate(() => window.playhead.player.getSnapshot());

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
  assert.equal((await playerOf(person)).state, 'held');
}
