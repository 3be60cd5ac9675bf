/** A test of a server that is killed and restarted under three pages. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { guestOf, hostParty } from './harness/party.mjs';
import { clockMs } from './harness/poll.mjs';
import { framesAdvance, plays, together } from './harness/together.mjs';
import { startWorld } from './harness/world.mjs';

let world;
before(async () => (world = await startWorld()));
after(() => world?.end());

/** Whether two elements overlap nowhere. */
async function areApart(one, other) {
  const [a, b] = await Promise.all([one.boundingBox(), other.boundingBox()]);
  return a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
}

test('a server killed right after an ack still knows what it acknowledged, and three pages resume by themselves', { timeout: 180_000 }, async () => {
  const { host, invite } = await hostParty(world);
  const guests = [await guestOf(world, invite, 'Grace'), await guestOf(world, invite, 'Linus')];
  const everybody = [host, ...guests];
  await Promise.all(guests.map((guest) => guest.hasLoaded()));
  let sinceMs = clockMs();
  await host.the('play-toggle').click();
  await together(everybody, { what: 'play', sinceMs });

  const before = await host.snapshot();
  const ack = await host.page.evaluate(() => window.playhead.session.setRate(1.25));
  await world.server.kill();
  assert.equal(ack.epoch, before.epoch);
  assert.ok(ack.version > before.version);

  for (const person of everybody) await person.reads('connection', /Reconnecting…|Connection lost/);
  const connection = await host.page.evaluate(() => window.playhead.session.getSnapshot().connection);
  assert.equal(connection, 'reconnecting');
  // Without the server everyone plays on from the last known state.
  sinceMs = clockMs();
  await framesAdvance(everybody, { sinceMs });
  await guests[0].picture('server-away');
  await host.reads('sync', 'Playback continues while reconnecting');

  await host.the('rate').selectOption('1.25');
  await host.reads('notice', 'Not connected. That will go through if you’re back within a few seconds.');
  assert.ok(await areApart(host.the('notice').locator('.notice').last(), host.the('sync')), 'the notice leaves the sync status visible');
  await host.picture('server-away-host');

  await world.server.start();
  sinceMs = clockMs();
  const resumed = (sample) => plays(sample) && sample.connection === 'open' && sample.epoch > ack.epoch;
  const fast = (sample) => resumed(sample) && Math.abs(sample.rate / 1.25 - 1) <= 0.05;
  await together(everybody, { what: 'the server is back', sinceMs, wanted: fast });
  await framesAdvance(everybody, { sinceMs });
  for (const person of everybody) {
    const now = await person.snapshot();
    assert.ok(now.epoch > ack.epoch, 'the epoch rose');
    assert.ok(now.version >= ack.version, 'no version is given twice');
    assert.equal(now.playback.rate, 1.25);
    assert.equal(now.room.host_id, before.room.host_id);
    await person.reads('connection', 'Connected');
  }
  assert.deepEqual((await host.snapshot()).me, before.me);

  sinceMs = clockMs();
  await host.the('seek').fill('90000');
  const sought = (sample) => fast(sample) && sample.positionMs >= 90_000;
  await together(everybody, { what: 'a seek after the restart', sinceMs, wanted: sought });
});
