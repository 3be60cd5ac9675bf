import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { commitOf, commitsOf, notesCommits } from './harness/commits.mjs';
import { everySegment, gateBefore, segmentsFrom } from './harness/gate.mjs';
import { guestOf, hostParty } from './harness/party.mjs';
import { clockMs, until } from './harness/poll.mjs';
import { disturbancesOf } from './harness/stops.mjs';
import { onOneFrame } from './harness/together.mjs';
import { startWorld } from './harness/world.mjs';

/** How long a room waits for its players. */
const PLAY_WAIT_MS = 3_000;
const SEEK_WAIT_MS = 1_500;
const REBUFFER_EVERY_MS = 30_000;
/** A busy server may notice this late that nobody should wait any longer. */
const NOTICED_MS = 1_000;
/** Somewhere in the film, and all of it from a little before that. */
const FAR_MS = 61_000;
const aroundFar = segmentsFrom(56_000);
/** So many notes of a wait are awaited: long after players that are ready would have started. */
const NOTED = 20;

let world;
before(async () => (world = await startWorld()));
afterEach(() => world.everybodyLeaves());
after(() => world?.end());

test('a slow loader holds the start, and all start together when it has loaded', { timeout: 180_000 }, async () => {
  const { host, quick, slow, gate } = await party({ held: aroundFar });
  const everybody = [host, quick, slow];
  await slow.hasLoaded();
  await seeksWhilePaused(host, [host, quick], FAR_MS);

  await host.the('play-toggle').click();
  const wait = await commitOf(host, 'the wait', isWait);
  await haveNoted(everybody, wait.version);
  assert.equal((await commitsOf(host)).at(-1).version, wait.version, 'it waits on');
  const openedMs = clockMs();
  await gate.opens();
  const start = await commitOf(host, 'the start', isStart, { afterVersion: wait.version });
  assert.equal(start.cause, 'ready');
  assert.ok(start.atMs < wait.waiting.deadline_ms, 'before the deadline');
  assert.ok(start.anchor_at_ms > start.atMs, 'everybody hears of the start before it comes');
  await onOneFrame(everybody, { what: 'a start that waited', sinceMs: openedMs });
  for (const person of everybody) assertStoodStill(person, wait.version);
});

test('who never loads is named, and holds the start up to the deadline only', { timeout: 180_000 }, async () => {
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
  await onOneFrame([host, quick], { what: 'without who is slow', sinceMs });
  assert.equal(await slow.the('video').evaluate((video) => video.readyState < 3), true, 'nothing has been loaded');
  const startedMs = clockMs();
  await gate.opens();
  await onOneFrame([host, quick, slow], { what: 'who was slow joins', sinceMs: startedMs });
  for (const person of [host, quick]) assert.deepEqual(disturbancesOf(person, startedMs), [], `${person.name} plays on`);
  assert.equal((await host.snapshot()).version, start.version);
});

test('a seek while playing waits for who is slow, and half as long', { timeout: 180_000 }, async () => {
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

test('a slow loader who vanishes holds up nobody', { timeout: 180_000 }, async () => {
  const { host, quick, slow } = await party({ held: everySegment });
  await host.the('play-toggle').click();
  const wait = await commitOf(host, 'the wait', isWait);
  assert.equal(wait.waiting.waiting_for.count, 3, 'the slow one is waited for');
  const goneMs = clockMs();
  await slow.go();
  const start = await commitOf(host, 'the start', isStart, { afterVersion: wait.version });
  console.log(`started ${wait.waiting.deadline_ms - start.atMs} ms before the deadline`);
  assert.equal(start.cause, 'ready');
  assert.ok(start.atMs < wait.waiting.deadline_ms, 'before the deadline');
  await onOneFrame([host, quick], { what: 'who is left', sinceMs: goneMs });
});

test('a room that waits for stalls waits for who runs dry, and at most once in 30 s', { timeout: 300_000 }, async () => {
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
  assert.equal(start.position_ms, dry.position_ms, 'from where it stood');
  await onOneFrame(everybody, { what: 'after the first stall', sinceMs });

  assert.equal(stalls.answered, 1);
  sinceMs = clockMs();
  await until('the second stall to have been told', () => stalls.answered === 2);
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
  const again = await commitOf(host, 'the third stall', isStall, { afterVersion: start.version });
  assert.ok(again.atMs >= mayAgainMs, `${again.atMs - dry.atMs} ms apart`);
  sinceMs = clockMs();
  await gate.opens();
  await onOneFrame(everybody, { what: 'after the third stall', sinceMs });
});

const isWait = ({ status }) => status === 'waiting';
const isStart = ({ status }) => status === 'playing';
const isStall = ({ cause }) => cause === 'rebuffer';

/** A host, a guest who has loaded, and one for whom the segments that `held` picks are held. */
async function party({ held }) {
  const { host, invite } = await hostParty(world);
  const quick = await guestOf(world, invite, 'Grace');
  await quick.hasLoaded();
  const slow = await world.arrive('Linus');
  const gate = await gateBefore(slow, world.origin);
  // Before it loads anything: a film so small is soon there as a whole.
  await gate.holds(held);
  const stalls = countStalls(slow);
  await slow.join(invite);
  await notesCommits(host);
  return { host, quick, slow, gate, stalls };
}

/** Counts how often the page has told the server that its player runs dry, and was answered. */
function countStalls({ page }) {
  const told = new Set();
  const stalls = { answered: 0 };
  page.on('websocket', (socket) => {
    socket.on('framesent', ({ payload }) => {
      const { type, id, data } = JSON.parse(payload);
      if (type === 'buffering' && data.on) told.add(id);
    });
    socket.on('framereceived', ({ payload }) => {
      const { type, id } = JSON.parse(payload);
      if (type === 'ack' && told.has(id)) stalls.answered += 1;
    });
  });
  return stalls;
}

/** Moves the standing party, and waits until the film is there on the pages of `loading`. */
async function seeksWhilePaused(host, loading, positionMs) {
  await host.the('seek').fill(String(positionMs));
  for (const person of loading) {
    await until(`${person.name} to stand at ${positionMs}`, () =>
      person.the('video').evaluate(
        (video, wantedMs) => Math.abs(video.currentTime * 1_000 - wantedMs) < 40 && !video.seeking && video.readyState >= 3,
        positionMs,
      ),
    );
  }
}

/** Waits until each page has noted for a while how it looks in this version. */
async function haveNoted(people, version) {
  await until('everybody to have noted the wait', async () => {
    await Promise.all(people.map((person) => person.watch()));
    return people.every(({ samples }) => samples.filter((sample) => sample.version === version).length >= NOTED);
  });
}

/** What the page noted of this version: it waits, and the video doesn't move. */
function assertStoodStill({ name, samples }, version) {
  const waiting = samples.filter((sample) => sample.version === version);
  assert.ok(waiting.every(({ status, paused }) => status === 'waiting' && paused), `${name} waits`);
  assert.equal(new Set(waiting.map(({ positionMs }) => positionMs)).size, 1, `${name} doesn’t move`);
}

/** The commit that ends a wait because its time is over. */
async function startsAtTheDeadline(person, wait) {
  const start = await commitOf(person, 'the start', isStart, { afterVersion: wait.version });
  const lateMs = start.atMs - wait.waiting.deadline_ms;
  console.log(`started ${lateMs} ms after the deadline`);
  assert.deepEqual([start.cause, start.version], ['deadline', wait.version + 1]);
  assert.ok(lateMs >= 0 && lateMs <= NOTICED_MS, `${lateMs} ms after the deadline`);
  return start;
}

/** What the room's clock says, by this page. */
const roomMs = ({ page }) =>
  page.evaluate(() => {
    const localMs = performance.now();
    return localMs + window.playhead.session.clock(localMs).offsetMs;
  });
