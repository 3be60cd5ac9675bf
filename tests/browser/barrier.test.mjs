/** Tests of starts that wait until every player has loaded. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { commitOf, commitsOf, notesCommits } from './harness/commits.mjs';
import { everySegment, gateBefore, segmentsFrom } from './harness/gate.mjs';
import { guestOf, hostParty } from './harness/party.mjs';
import { clockMs, until } from './harness/poll.mjs';
import { disturbancesOf } from './harness/stops.mjs';
import { onOneFrame } from './harness/together.mjs';
import { startWorld } from './harness/world.mjs';

/** How long a room waits for its players, after play and after a seek. */
const PLAY_WAIT_MS = 3_000;
const SEEK_WAIT_MS = 1_500;
const REBUFFER_EVERY_MS = 30_000;
/** How late a busy server may notice a deadline. */
const NOTICED_MS = 1_000;
/** A position far into the film, and the segments from a little before it. */
const FAR_MS = 61_000;
const aroundFar = segmentsFrom(56_000);
/** The number of samples during a wait: enough for players that are ready to have started long before. */
const NOTED = 20;

let world;
before(async () => (world = await startWorld()));
afterEach(() => world.everybodyLeaves());
after(() => world?.end());

test('a slow player delays the start, and all start together when it has loaded', { timeout: 180_000 }, async () => {
  const { host, quick, slow, gate } = await party({ held: aroundFar });
  const everybody = [host, quick, slow];
  await slow.hasLoaded();
  await seeksWhilePaused(host, [host, quick], FAR_MS);
  await quick.reads('sync', /^Paused in sync/);
  await slow.reads('sync', /^Loading…$/);

  await host.the('play-toggle').click();
  const wait = await commitOf(host, 'the wait', isWait);
  await haveNoted(everybody, wait.version);
  assert.equal((await commitsOf(host)).at(-1).version, wait.version, 'it waits on');
  const openedMs = clockMs();
  await gate.opens();
  const start = await commitOf(host, 'the start', isStart, { afterVersion: wait.version });
  assert.equal(start.cause, 'ready');
  assert.ok(start.atMs < wait.waiting.deadline_ms, 'before the deadline');
  assert.ok(start.anchor_at_ms > start.atMs, 'everyone hears of the start before it happens');
  await onOneFrame(everybody, { what: 'a start that waited', sinceMs: openedMs });
  for (const person of everybody) assertPaused(person, wait.version);
});

test('a participant who never loads is named, and delays the start only until the deadline', { timeout: 180_000 }, async () => {
  const { host, quick, slow, gate } = await party({ held: everySegment });
  await host.the('play-toggle').click();
  for (const person of [host, quick]) {
    await person.reads('overlay', /Waiting for everyone to load….*Starting together:.*Linus/s);
  }
  await slow.reads('overlay', /Waiting for everyone to load….*Starting together:.*you/s);
  const wait = await commitOf(host, 'the wait', isWait);
  assert.equal(wait.waiting.deadline_ms - wait.atMs, PLAY_WAIT_MS);
  const start = await startsAtTheDeadline(host, wait);

  const sinceMs = clockMs();
  await onOneFrame([host, quick], { what: 'without the slow player', sinceMs });
  assert.equal(await slow.the('video').evaluate((video) => video.readyState < 3), true, 'nothing has been loaded');
  const startedMs = clockMs();
  await gate.opens();
  await onOneFrame([host, quick, slow], { what: 'the slow player catches up', sinceMs: startedMs });
  for (const person of [host, quick]) assert.deepEqual(disturbancesOf(person, startedMs), [], `${person.name} plays on`);
  assert.equal((await host.snapshot()).version, start.version);
});

test('a seek while playing waits for a slow player, half as long', { timeout: 180_000 }, async () => {
  const { host, quick, slow, gate } = await party({ held: aroundFar });
  const everybody = [host, quick, slow];
  await slow.hasLoaded();
  const sinceMs = clockMs();
  await host.the('play-toggle').click();
  await onOneFrame(everybody, { what: 'play', sinceMs });

  const { version } = await host.snapshot();
  await host.the('seek').fill(String(FAR_MS));
  const wait = await commitOf(host, 'the wait', isWait, { afterVersion: version });
  assert.deepEqual([wait.cause, wait.position_ms], ['seek', FAR_MS]);
  assert.equal(wait.waiting.deadline_ms - wait.atMs, SEEK_WAIT_MS);
  const start = await startsAtTheDeadline(host, wait);
  const there = (sample) => sample.version === start.version && !sample.paused && sample.ready;
  await onOneFrame([host, quick], { what: 'the others after the seek', sinceMs: clockMs(), wanted: there });
  const openedMs = clockMs();
  await gate.opens();
  await onOneFrame(everybody, { what: 'all after the seek', sinceMs: openedMs, wanted: there });
});

test('a slow participant who leaves delays nobody', { timeout: 180_000 }, async () => {
  const { host, quick, slow } = await party({ held: everySegment });
  await host.the('play-toggle').click();
  const wait = await commitOf(host, 'the wait', isWait);
  assert.equal(wait.waiting.waiting_for.count, 3, 'the room waits for the slow one');
  const goneMs = clockMs();
  await slow.go();
  const start = await commitOf(host, 'the start', isStart, { afterVersion: wait.version });
  console.log(`started ${wait.waiting.deadline_ms - start.atMs} ms before the deadline`);
  assert.equal(start.cause, 'ready');
  assert.ok(start.atMs < wait.waiting.deadline_ms, 'before the deadline');
  await onOneFrame([host, quick], { what: 'the remaining two', sinceMs: goneMs });
});

test('a room with the re-buffer barrier waits once for a player that keeps running out of data', { timeout: 300_000 }, async () => {
  const { host, quick, slow, gate, stalls } = await party({ held: segmentsFrom(8_000) });
  const everybody = [host, quick, slow];
  await slow.hasLoaded();
  const { status, body } = await host.asks('PATCH', '', { rebuffer_barrier: true });
  assert.deepEqual([status, body.settings.rebuffer_barrier], [200, true]);
  await host.the('play-toggle').click();

  const dry = await commitOf(host, 'the first stall', isStall);
  assert.equal(dry.status, 'waiting');
  await haveNoted(everybody, dry.version);
  let sinceMs = clockMs();
  await gate.holds(segmentsFrom(20_000));
  const start = await commitOf(host, 'the start after it', isStart, { afterVersion: dry.version });
  assert.equal(start.cause, 'ready');
  assert.equal(start.position_ms, dry.position_ms, 'from where it stopped');
  await onOneFrame(everybody, { what: 'after the first stall', sinceMs });

  assert.equal(stalls.acknowledged, 1);
  sinceMs = clockMs();
  await until('the second stall to be acknowledged', () => stalls.acknowledged === 2);
  assert.equal((await host.snapshot()).version, start.version, 'the room plays on');
  await onOneFrame([host, quick], { what: 'the others during the second stall', sinceMs });
  for (const person of [host, quick]) assert.deepEqual(disturbancesOf(person, sinceMs), [], `${person.name} plays on`);

  const mayAgainMs = dry.atMs + REBUFFER_EVERY_MS;
  await until('30 s to have passed', async () => (await roomMs(host)) >= mayAgainMs, 2 * REBUFFER_EVERY_MS);
  await host.the('play-toggle').click();
  await host.status('paused');
  await gate.holds(segmentsFrom(FAR_MS + 8_000));
  await seeksWhilePaused(host, everybody, FAR_MS);
  await host.the('play-toggle').click();
  const restart = await commitOf(host, 'the start after the seek', isStart, { afterVersion: start.version });
  const before = stalls.acknowledged;
  await until('the third stall to be acknowledged', () => stalls.acknowledged > before);
  assert.equal((await host.snapshot()).version, restart.version, 'a player that was not calm is not waited for again');
  sinceMs = clockMs();
  await gate.opens();
  await onOneFrame(everybody, { what: 'after the third stall', sinceMs });
});

const isWait = ({ status }) => status === 'waiting';
const isStart = ({ status }) => status === 'playing';
const isStall = ({ cause }) => cause === 'rebuffer';

/** Starts a party of a host, a guest who has loaded, and one whose segments are held where `held` selects them. */
async function party({ held }) {
  const { host, invite } = await hostParty(world);
  const quick = await guestOf(world, invite, 'Grace');
  await quick.hasLoaded();
  const slow = await world.arrive('Linus');
  const gate = await gateBefore(slow, world.origin);
  // Before anything loads: a film this small is soon loaded completely.
  await gate.holds(held);
  const stalls = countStalls(slow);
  await slow.join(invite);
  await notesCommits(host);
  return { host, quick, slow, gate, stalls };
}

/** Counts the acknowledged reports of this page that its player is buffering. */
function countStalls({ page }) {
  const reported = new Set();
  const stalls = { acknowledged: 0 };
  page.on('websocket', (socket) => {
    socket.on('framesent', ({ payload }) => {
      const { type, id, data } = JSON.parse(payload);
      if (type === 'buffering' && data.on) reported.add(id);
    });
    socket.on('framereceived', ({ payload }) => {
      const { type, id } = JSON.parse(payload);
      if (type === 'ack' && reported.has(id)) stalls.acknowledged += 1;
    });
  });
  return stalls;
}

/** Seeks in the paused party, and waits until the pages of `loading` have loaded that position. */
async function seeksWhilePaused(host, loading, positionMs) {
  await host.the('seek').fill(String(positionMs));
  for (const person of loading) {
    await until(`${person.name} to have loaded ${positionMs}`, () =>
      person.the('video').evaluate(
        (video, wantedMs) => Math.abs(video.currentTime * 1_000 - wantedMs) < 40 && !video.seeking && video.readyState >= 3,
        positionMs,
      ),
    );
  }
}

/** Waits until each page has recorded enough samples of this version. */
async function haveNoted(people, version) {
  await until('everyone to have recorded the wait', async () => {
    await Promise.all(people.map((person) => person.watch()));
    return people.every(({ samples }) => samples.filter((sample) => sample.version === version).length >= NOTED);
  });
}

/** Asserts that during this version the page waited and the video didn't move. */
function assertPaused({ name, samples }, version) {
  const waiting = samples.filter((sample) => sample.version === version);
  assert.ok(waiting.every(({ status, paused }) => status === 'waiting' && paused), `${name} waits`);
  assert.equal(new Set(waiting.map(({ positionMs }) => positionMs)).size, 1, `${name} doesn’t move`);
}

/** Waits for the commit that ends a wait at its deadline, and returns it. */
async function startsAtTheDeadline(person, wait) {
  const start = await commitOf(person, 'the start', isStart, { afterVersion: wait.version });
  const lateMs = start.atMs - wait.waiting.deadline_ms;
  console.log(`started ${lateMs} ms after the deadline`);
  assert.deepEqual([start.cause, start.version], ['deadline', wait.version + 1]);
  assert.ok(lateMs >= 0 && lateMs <= NOTICED_MS, `${lateMs} ms after the deadline`);
  return start;
}

/** Returns this page's estimate of the room clock. */
const roomMs = ({ page }) =>
  page.evaluate(() => {
    const localMs = performance.now();
    return localMs + window.playhead.session.clock(localMs).offsetMs;
  });
