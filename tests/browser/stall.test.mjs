/** Tests of players that run out of data, are hidden or are on hold. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { commitOf, commitsOf, notesCommits } from './harness/commits.mjs';
import { gateBefore, segmentsFrom } from './harness/gate.mjs';
import { guestOf, hostParty } from './harness/party.mjs';
import { clockMs, until } from './harness/poll.mjs';
import { disturbancesOf, seeksOf } from './harness/stops.mjs';
import { FRAME_MS, framesAdvance, onOneFrame, plays } from './harness/together.mjs';
import { startWorld } from './harness/world.mjs';

/** The position up to which there is data. */
const DRY_MS = 8_000;
/** A stall is corrected by one seek; a busy machine may need more. */
const SEEKS_MAX = 3;
/** Missing data is requested again further on, after one second and then after twice as long each time: so often in all. */
const asksIn = (dryMs) => Math.floor(Math.log2(1 + dryMs / 1_000));
const FAR_MS = 60_000;
const AD_MS = 100_000;
const BUFFERING = 'Buffering…';
/** Audio and video segments are cut at slightly different positions. */
const SLACK_MS = 100;
const REFUSALS = 2;

let world;
before(async () => (world = await startWorld()));
afterEach(() => world.everybodyLeaves());
after(() => world?.end());

for (const [what, refuses] of [['is late', false], ['is late and then refused', true]]) {
  test(`a player whose data ${what} says so, stops nobody, and resumes in sync`, { timeout: 240_000 }, async () => {
    const { host, bystander, invite } = await party();
    const starved = await world.arrive('Grace');
    const gate = await gateBefore(starved, world.origin);
    await gate.holds(segmentsFrom(DRY_MS));
    await starved.join(invite);
    await starved.hasLoaded();
    const { version, atMs } = await startsTogether([host, bystander]);

    await until('the film to run out', async () => (await starved.playerSnapshot()).state === 'buffering');
    await starved.reads('sync', BUFFERING);
    await starved.picture(`starved-${refuses ? 'refused' : 'late'}`);
    const dryMs = clockMs();
    if (refuses) await isRefused(gate);
    await onOneFrame([host, bystander], { what: 'while one is buffering', sinceMs: dryMs });
    await framesAdvance([host, bystander], { sinceMs: dryMs });
    const { ready, untilMs } = await loadedBy(starved);
    assert.ok(ready < 3 && untilMs < DRY_MS + SLACK_MS, `ready ${ready} with data up to ${untilMs} ms`);

    const openedMs = clockMs();
    await gate.opens();
    await onOneFrame([host, bystander, starved], { what: `data that ${what} is back`, sinceMs: openedMs });
    const backMs = clockMs();
    await framesAdvance([host, bystander, starved], { sinceMs: openedMs });
    await starved.reads('sync', /^In sync/);
    // The last one finds it, some seconds after the gate has opened.
    const mostSeeks = SEEKS_MAX + asksIn(backMs - dryMs);
    assert.ok(seeksOf(starved, dryMs) <= mostSeeks, `${seeksOf(starved, dryMs)} seeks, not ${mostSeeks}`);
    assert.deepEqual(disturbancesOf(starved, backMs), [], 'once it is back, it is left alone');
    await leftAlone([host, bystander], atMs, version);
  });
}

test('a player that seeks to a position without data says so', { timeout: 240_000 }, async () => {
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
  assert.equal((await starved.playerSnapshot()).state, 'buffering');
  const openedMs = clockMs();
  await gate.opens();
  await onOneFrame([host, bystander, starved], { what: 'the data is back', sinceMs: openedMs });
});

test('a hidden tab that the browser pauses is back in sync when it is shown', { timeout: 240_000 }, async () => {
  const { host, bystander, invite } = await party();
  const hider = await world.arriveBare('Hedy', { switches: ['--autoplay-policy=no-user-gesture-required'] });
  await hider.returns(invite);
  await hider.waitsFor("window.playhead.player.getSnapshot().state === 'paused'");
  const { version, atMs } = await startsTogether([host, bystander, hider]);

  await hider.looksAway();
  // As phone browsers do.
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

test('a player on hold is left to its page, delays nobody, and is back in sync when released', { timeout: 240_000 }, async () => {
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

/** Starts a party with a host and a guest who have loaded. */
async function party() {
  const { host, invite } = await hostParty(world);
  const bystander = await guestOf(world, invite, 'Linus');
  await bystander.hasLoaded();
  await notesCommits(host);
  return { host, bystander, invite };
}

/** The first person, the host, presses play. Returns the version that plays, and when all were together. */
async function startsTogether(people) {
  const [host] = people;
  const sinceMs = clockMs();
  await host.the('play-toggle').click();
  const { version } = await commitOf(host, 'the start', ({ status }) => status === 'playing');
  const { atMs } = await onOneFrame(people, { what: 'play', sinceMs });
  return { version, atMs };
}

/** Refuses the held requests, and those that are repeated. */
async function isRefused(gate) {
  const before = gate.turnedAway();
  await gate.refuses(segmentsFrom(DRY_MS));
  await until('requests to be refused', () => gate.turnedAway() >= before + REFUSALS);
}

/** Asserts that these players weren't disturbed, and that the server committed nothing. */
async function leftAlone(people, sinceMs, version) {
  for (const person of people) {
    await person.watch();
    assert.deepEqual(disturbancesOf(person, sinceMs), [], `${person.name} plays on`);
  }
  assert.equal((await commitsOf(people[0])).at(-1).version, version, 'the room is unchanged');
}

/** Returns what the video has loaded. */
const loadedBy = (person) =>
  person.the('video').evaluate(({ readyState, buffered }) => ({
    ready: readyState,
    untilMs: buffered.end(buffered.length - 1) * 1_000,
  }));

/** Plays an ad in the same element, at another rate. */
const showsAd = (person) =>
  person.the('video').evaluate((video, adMs) => {
    video.currentTime = adMs / 1_000;
    video.playbackRate = 1.5;
  }, AD_MS);

/** Asserts that the ad plays on undisturbed. */
async function isInAd(person) {
  const wanted = (sample) => plays({ ...sample, status: 'playing' }) && sample.positionMs >= AD_MS && sample.rate === 1.5;
  await until(`${person.name} to play the ad`, async () => {
    await person.watch();
    return wanted(person.samples.at(-1));
  });
  assert.equal((await person.playerSnapshot()).state, 'held');
}
