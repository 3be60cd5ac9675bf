/** Tests of how exactly pages stay in sync. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { guestOf, hostParty } from './harness/party.mjs';
import { clockMs, until } from './harness/poll.mjs';
import { firstRun } from './harness/sampling.mjs';
import { disturbancesOf } from './harness/stops.mjs';
import { FRAME_MS, framesAdvance, onOneFrame, plays, stands } from './harness/together.mjs';
import { startWorld } from './harness/world.mjs';

/** How long nobody sends a command, in milliseconds of the film. */
const STEADY_MS = 6_000;
const RATE_NEAR = 0.01;
/** A busy machine throws players out of sync. */
const PATIENCE_MS = 40_000;

let world;
before(async () => (world = await startWorld()));
afterEach(() => world.everybodyLeaves());
after(() => world?.end());

test('three pages stay on one frame whatever the host does, and so does a late joiner', { timeout: 300_000 }, async () => {
  const { host, invite } = await hostParty(world);
  const guests = [await guestOf(world, invite, 'Grace'), await guestOf(world, invite, 'Linus')];
  const three = [host, ...guests];
  for (const person of three) await person.hasLoaded();

  await commands(three, 'play', () => host.the('play-toggle').click());
  await commands(three, 'seek', () => host.the('seek').fill('60000'), { fromMs: 60_000 });
  await commands(three, 'pause', () => host.the('play-toggle').click(), { wanted: stands });
  await commands(three, 'play again', () => host.the('play-toggle').click());

  const sinceMs = clockMs();
  const late = await guestOf(world, invite, 'Margaret');
  await areTogether([...three, late], { what: 'a late joiner', sinceMs });
  for (const person of three) assert.deepEqual(disturbancesOf(person, sinceMs), [], `the join disturbed ${person.name}`);
  await commands([...three, late], 'rate', () => host.the('rate').selectOption('1.25'), { rate: 1.25 });
});

test('between commands no player is disturbed, and each page publishes its true drift', { timeout: 300_000 }, async () => {
  const { host, invite } = await hostParty(world);
  const guests = [await guestOf(world, invite, 'Grace'), await guestOf(world, invite, 'Linus')];
  const everybody = [host, ...guests];
  for (const person of everybody) await person.hasLoaded();
  const { atMs } = await commands(everybody, 'play', () => host.the('play-toggle').click());
  const { version } = await host.snapshot();

  const untilMs = (await host.page.evaluate(() => window.playhead.session.expected())) + STEADY_MS;
  await until('a steady stretch to have passed', async () => {
    await Promise.all(everybody.map((person) => person.watch()));
    return everybody.every(({ samples }) => samples.at(-1).positionMs >= untilMs);
  });
  for (const person of everybody) assert.deepEqual(disturbancesOf(person, atMs), [], `${person.name} is undisturbed`);
  await framesAdvance(everybody);
  await areTogether(everybody, { what: 'after a steady stretch', sinceMs: clockMs() });
  for (const person of everybody) await publishesItsDrift(person);
  assert.equal((await host.snapshot()).version, version);
});

/** Carries out a command, and waits until all pages are together after it, at the room's rate. */
async function commands(people, what, command, { fromMs = 0, rate = 1, wanted = plays } = {}) {
  const { version } = await people[0].snapshot();
  const sinceMs = clockMs();
  await command();
  const followed = (sample) => sample.version > version && sample.positionMs >= fromMs && wanted(sample);
  return areTogether(people, { what, sinceMs, rate, wanted: followed });
}

/** Waits until the pages are together, and then until each is at the room's position and rate. */
async function areTogether(people, { what, sinceMs, rate = 1, wanted = plays }) {
  const found = await onOneFrame(people, { what, sinceMs, wanted });
  const inPlace = (sample) => wanted(sample) && isNear(sample) && Math.abs(sample.rate / rate - 1) <= RATE_NEAR;
  for (const person of people) {
    const isInPlace = async () => {
      await person.watch();
      return firstRun([person.samples], { sinceMs: found.atMs, untilMs: clockMs(), withinMs: FRAME_MS, wanted: inPlace });
    };
    await until(`${person.name} to be in place after ${what}`, isInPlace, PATIENCE_MS);
  }
  return found;
}

const isNear = ({ positionMs, expectedMs }) => Math.abs(positionMs - expectedMs) <= FRAME_MS;

/** Asserts that the page's published drift matches what was recorded, and that it has an uncertainty. */
async function publishesItsDrift(person) {
  await until(`${person.name} to publish a drift within a frame`, async () => {
    const { state, driftMs, uncertaintyMs } = await person.playerSnapshot();
    await person.watch();
    const isMeasured = typeof driftMs === 'number' && typeof uncertaintyMs === 'number' && uncertaintyMs > 0;
    if (state !== 'playing' || !isMeasured || Math.abs(driftMs) > FRAME_MS) return false;
    const { positionMs, expectedMs } = person.samples.at(-1);
    console.log(`${person.name}: says ${driftMs} ± ${uncertaintyMs} ms, seen ${(positionMs - expectedMs).toFixed(1)} ms`);
    return Math.abs(positionMs - expectedMs - driftMs) <= FRAME_MS;
  });
}
