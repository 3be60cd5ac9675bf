/** Tests of three pages on two servers with one Redis, while each of these fails and comes back. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { guestOf, hostParty } from './harness/party.mjs';
import { PHONE } from './harness/person.mjs';
import { clockMs } from './harness/poll.mjs';
import { disturbancesOf } from './harness/stops.mjs';
import { framesAdvance, plays, stands, together } from './harness/together.mjs';
import { startTwoNodes } from './harness/world.mjs';

/** How long the pages may take to be together again after Redis or a server has come back. */
const BACK_MS = 10_000;

let world;
let host;
let guests;
let everybody;
before(async () => (world = await startTwoNodes()));
after(() => world?.end());

/** Returns the invite link with the address of this node. */
const at = (node, invite) => new URL(new URL(invite).pathname, node.pageUrl).href;

/** Holds for the room's rate, with a margin for corrections. */
const hasRate = (rate) => (sample) => plays(sample) && Math.abs(sample.rate / rate - 1) <= 0.05;

/** Marks a page; a reload removes the mark. */
const mark = ({ page }) => page.evaluate(() => void (window.neverReloaded = true));
const isMarked = ({ page }) => page.evaluate(() => window.neverReloaded === true);

/** Lets the host seek to `positionMs` with the seek bar. */
async function seekTogether(positionMs, { what }) {
  const sinceMs = clockMs();
  await host.the('seek').fill(String(positionMs));
  const there = (one) => plays(one) && one.positionMs >= positionMs && one.positionMs < positionMs + 30_000;
  await together(everybody, { what, sinceMs, wanted: there });
  await framesAdvance(everybody, { sinceMs });
}

/** Kills Redis under the playing pages, runs `meanwhile`, starts it again, and checks that the pages recover. */
async function redisGoesAndComesBack(what, meanwhile) {
  await seekTogether(5_000, { what: 'a seek before' });
  const before = await host.snapshot();
  const goneMs = clockMs();
  await world.redis.kill();
  for (const person of everybody) {
    await person.reads('authority-away', 'Controls are unavailable right now. Playback continues.');
  }
  await framesAdvance(everybody, { sinceMs: clockMs() });
  await host.picture('redis-away');
  await Promise.all(everybody.map((person) => person.watch()));
  for (const person of everybody) {
    assert.deepEqual(disturbancesOf(person, goneMs), [], `${person.name} was stopped`);
  }

  meanwhile();
  await world.redis.start();
  const startedMs = clockMs();
  const hidden = { state: 'hidden', timeout: BACK_MS };
  await Promise.all(everybody.map((person) => person.the('authority-away').waitFor(hidden)));
  const sinceMs = clockMs();
  const back = (one) => plays(one) && one.connection === 'open';
  await together(everybody, { what, sinceMs, wanted: back, deadlineMs: BACK_MS - (sinceMs - startedMs) });
  const now = await host.snapshot();
  assert.ok(now.epoch > before.epoch || (now.epoch === before.epoch && now.version >= before.version), 'the order continues');
  assert.deepEqual([now.me, now.room.host_id], [before.me, before.room.host_id]);
  assert.deepEqual(now.media, before.media);
  return { before, now };
}

test('three pages on two servers follow the host through play, pause, seek and rate, and a join mid-play', { timeout: 300_000 }, async () => {
  const [first, second] = world.nodes;
  const party = await hostParty(world);
  host = party.host;
  const near = await guestOf(world, at(second, party.invite), 'Grace');
  await near.hasLoaded();

  let sinceMs = clockMs();
  await host.the('play-toggle').click();
  await together([host, near], { what: 'play on two servers', sinceMs });
  await framesAdvance([host, near], { sinceMs });

  const before = await host.snapshot();
  sinceMs = clockMs();
  const late = await guestOf(world, at(first, party.invite), 'Linus', { screen: PHONE });
  guests = [near, late];
  everybody = [host, ...guests];
  await together(everybody, { what: 'join while playing', sinceMs, withinMs: 250 });
  assert.equal((await host.snapshot()).version, before.version, 'a join changes no version');
  for (const person of [host, near]) {
    assert.deepEqual(disturbancesOf(person, sinceMs), [], `${person.name} was disturbed`);
  }
  for (const person of everybody) await person.reads('viewer-count', '3 viewers');

  sinceMs = clockMs();
  await host.the('play-toggle').click();
  await together(everybody, { what: 'pause', sinceMs, wanted: stands });
  sinceMs = clockMs();
  await host.the('play-toggle').click();
  await together(everybody, { what: 'play, three pages', sinceMs });
  await framesAdvance(everybody, { sinceMs });
  await seekTogether(30_000, { what: 'seek' });
  sinceMs = clockMs();
  await host.the('rate').selectOption('1.25');
  await together(everybody, { what: 'rate', sinceMs, wanted: hasRate(1.25) });
  sinceMs = clockMs();
  await host.the('rate').selectOption('1');
  await together(everybody, { what: 'rate again', sinceMs, wanted: hasRate(1) });
  await Promise.all(everybody.map(mark));
});

test('Redis is killed and restarted on its files: playback continues, and the pages are together again', { timeout: 180_000 }, async () => {
  const { now } = await redisGoesAndComesBack('Redis restarted', () => undefined);
  assert.equal(now.notice, undefined, 'nothing was lost, so there is no notice');
  await seekTogether(60_000, { what: 'a seek after the restart' });
});

test('Redis is killed, emptied and restarted: playback continues, and the pages are together again', { timeout: 180_000 }, async () => {
  const { before, now } = await redisGoesAndComesBack('Redis emptied', () => world.redis.empty());
  assert.ok(now.epoch > before.epoch, 'a rebuilt room has a new epoch');
  for (const person of everybody) await person.reads('notice', 'The party continues, but the last changes may be missing.');
  await seekTogether(60_000, { what: 'a seek after the rebuild' });
});

test('a command of the host while Redis is away is carried out once it is back', { timeout: 180_000 }, async () => {
  await world.redis.kill();
  await host.the('authority-away').waitFor();
  await host.the('play-toggle').click();
  await host.reads('authority-away', 'Retrying your last action…');
  await host.status('playing');
  await world.redis.start();
  const sinceMs = clockMs();
  await together(everybody, { what: 'the pause once Redis is back', sinceMs, wanted: stands, deadlineMs: BACK_MS });
  await host.the('play-toggle').click();
  await together(everybody, { what: 'play again', sinceMs: clockMs() });
});

for (const [which, index] of [['the guest’s', 1], ['the host’s', 0]]) {
  test(`${which} server is stopped and restarted: its pages reconnect by themselves`, { timeout: 180_000 }, async () => {
    const node = world.nodes[index];
    const lost = everybody.filter(({ page }) => page.url().startsWith(node.pageUrl));
    const kept = everybody.filter((person) => !lost.includes(person));
    assert.ok(lost.length > 0 && kept.length > 0);
    await seekTogether(5_000, { what: 'a seek before' });
    const before = await host.snapshot();
    const goneMs = clockMs();
    await node.stop();
    for (const person of lost) await person.reads('connection', /Reconnecting…|Connection lost/);
    await framesAdvance(everybody, { sinceMs: clockMs() });
    await node.start();
    const sinceMs = clockMs();
    const back = (one) => plays(one) && one.connection === 'open';
    await together(everybody, { what: `${which} server is back`, sinceMs, wanted: back, deadlineMs: BACK_MS });
    for (const person of kept) {
      assert.deepEqual(disturbancesOf(person, goneMs), [], `${person.name} was disturbed`);
    }
    const now = await host.snapshot();
    assert.deepEqual([now.me, now.room.host_id, now.room.state], [before.me, before.room.host_id, 'live']);
    for (const person of everybody) await person.reads('viewer-count', '3 viewers');
    await seekTogether(60_000, { what: 'a seek afterwards' });
  });
}

test('no page was reloaded in these tests', { timeout: 60_000 }, async () => {
  for (const person of everybody) assert.equal(await isMarked(person), true, person.name);
});
