/** Tests of pages that bring themselves back, without anybody's click. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { guestOf, hostParty } from './harness/party.mjs';
import { startWorld } from './harness/world.mjs';

let world;
before(async () => (world = await startWorld()));
afterEach(() => world.everybodyLeaves());
after(() => world?.end());

test('a page whose server no longer has a part of its program reloads itself and is in the party again', { timeout: 120_000 }, async () => {
  const { host, invite } = await hostParty(world);
  const guest = await guestOf(world, invite, 'Grace');
  await guest.hasLoaded();
  let asked = 0;
  await guest.page.route('**/assets/following-*.js', (route) => {
    asked += 1;
    return asked === 1 ? route.fulfill({ status: 404 }) : route.continue();
  });
  const reloaded = guest.page.waitForEvent('load');
  await host.the('play-toggle').click();
  await reloaded;
  await guest.inRoom();
  await guest.reads('sync', /^In sync · /);
  assert.equal(asked, 2);
});

test('a page that is opened while the server can’t store anything says so, and joins by itself later', { timeout: 120_000 }, async () => {
  const { invite } = await hostParty(world);
  const guest = await world.arrive('Grace');
  const detail = 'the state can’t be reached; repeat the command with its id';
  const problem = { code: 'store_unavailable', status: 503, retry: 'backoff', outcome: 'unknown', title: detail, detail, meta: {} };
  const away = (route) => route.fulfill({ status: 503, contentType: 'application/problem+json', body: JSON.stringify(problem) });
  await guest.page.route('**/join', away);
  await guest.page.goto(invite);
  await guest.the('display-name').fill('Grace');
  await guest.the('join-room').click();
  await guest.reads('message', 'This page tries again by itself.');
  await guest.picture('joins-again');
  await guest.page.unroute('**/join', away);
  await guest.inRoom();
});

test('where a network blocks WebSockets, the page says so, and again after it has tried again', { timeout: 120_000 }, async () => {
  const { invite } = await hostParty(world);
  const guest = await world.arrive('Grace');
  await guest.page.routeWebSocket(/\/ws\?ticket=/, (socket) => socket.close({ code: 1011 }));
  await guest.page.goto(invite);
  await guest.the('display-name').fill('Grace');
  await guest.the('join-room').click();
  for (let times = 0; times < 2; times += 1) {
    await guest.the('message').filter({ hasText: 'Your network may block WebSockets' }).waitFor({ timeout: 40_000 });
    await guest.the('message').waitFor({ state: 'detached', timeout: 40_000 });
  }
});
