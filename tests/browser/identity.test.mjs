/** Tests of who people are: after a reload, on devices whose clock is wrong, when tokens end, and by what name. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { guestOf, hostParty } from './harness/party.mjs';
import { startWorld } from './harness/world.mjs';

const HOUR_MS = 3_600_000;

let world;
before(async () => (world = await startWorld()));
afterEach(() => world.everybodyLeaves());
after(() => world?.end());

/** Starts a party; it needs no film. */
async function startParty(name, options) {
  const host = await world.arrive(name, options);
  await host.createRoom(world.server.pageUrl);
  return host;
}

/** Spoils parts of the stored identity, as their end or another key of the server would. */
const spoils = ({ page }, ...parts) =>
  page.evaluate((spoilt) => {
    const identity = JSON.parse(localStorage.getItem('playhead.identity'));
    for (const part of spoilt) if (identity[part] !== undefined) identity[part] = `${identity[part].slice(0, -4)}AAAA`;
    localStorage.setItem('playhead.identity', JSON.stringify(identity));
  }, parts);

for (const [hours, words] of [[12, 'ahead'], [-12, 'behind']]) {
  test(`a device whose clock is 12 hours ${words} is the same person, and the host, after a reload`, { timeout: 60_000 }, async () => {
    const host = await startParty('Ada', { clockOffMs: hours * HOUR_MS });
    const { me } = await host.snapshot();
    const offMs = (await host.page.evaluate(() => Date.now())) - Date.now();
    assert.ok(Math.abs(offMs - hours * HOUR_MS) < HOUR_MS, `the page's clock is ${offMs} ms off`);
    for (let times = 0; times < 2; times += 1) {
      await host.page.reload();
      await host.inRoom();
      assert.deepEqual((await host.snapshot()).me, me);
      assert.equal(me.role, 'host');
    }
  });
}

test('a host whose access token the server no longer takes is still the host after a reload', { timeout: 60_000 }, async () => {
  const host = await startParty('Ada');
  const { me } = await host.snapshot();
  await spoils(host, 'access_token');
  await host.page.reload();
  await host.inRoom();
  assert.deepEqual((await host.snapshot()).me, me);
  assert.equal(await host.the('notice').textContent(), '');
});

test('a host whose access token has ended can still end the party', { timeout: 60_000 }, async () => {
  const host = await startParty('Ada');
  await spoils(host, 'access_token');
  await host.the('end-party').click();
  await host.the('confirm').getByRole('button', { name: 'End party' }).click();
  await host.reads('message', 'You ended the party for everyone.');
});

test('a person whose session is gone for good joins as a new guest and reads so', { timeout: 120_000 }, async () => {
  const { invite } = await hostParty(world);
  const guest = await guestOf(world, invite, 'Grace');
  const { me } = await guest.snapshot();
  await spoils(guest, 'access_token', 'refresh_token');
  await guest.page.reload();
  await guest.reads('notice', 'Your session has expired, so you’re a new guest now.');
  await guest.inRoom();
  assert.notEqual((await guest.snapshot()).me.participant_id, me.participant_id);
  await guest.picture('session-expired');
});

test('an invited person whose name the server refuses can choose another one', { timeout: 60_000 }, async () => {
  const host = await startParty('Ada');
  const stranger = await world.arrive('Grace');
  await stranger.page.goto(await host.copyInvite());
  // Nobody could see it.
  await stranger.the('display-name').fill('\u200B');
  await stranger.the('join-room').click();
  await stranger.page.getByText('The server doesn’t accept that name. Choose another one.').waitFor();
  await stranger.the('display-name').fill('Grace');
  await stranger.the('join-room').click();
  await stranger.inRoom();
  assert.equal(await stranger.page.evaluate(() => localStorage.getItem('playhead.name')), 'Grace');
});

test('a party that is slow to start leads nobody away from the one that they have gone to', { timeout: 60_000 }, async () => {
  const host = await startParty('Ada');
  const { room } = await host.snapshot();
  const guest = await world.arrive('Grace');
  const { page } = guest;
  let start;
  const started = new Promise((resolve) => (start = resolve));
  await page.route('**/api/v1/rooms', async (route) => {
    await started;
    await route.continue();
  });
  await page.goto(world.server.pageUrl);
  await guest.the('display-name').fill('Grace');
  const asked = page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/rooms'));
  await guest.the('create-room').click();
  await asked;
  await guest.the('join-input').fill(room.code);
  await guest.the('join-submit').click();
  await guest.inRoom();
  const deleted = page.waitForResponse((response) => response.request().method() === 'DELETE');
  start();
  assert.equal((await deleted).status(), 204, 'nobody would come to it');
  assert.equal((await guest.snapshot()).room.room_id, room.room_id);
  assert.ok(page.url().endsWith(room.code), page.url());
});
