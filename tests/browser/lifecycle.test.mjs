/** Tests of parties whose host leaves, that end, or whose server has lost its store. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { guestOf, hostParty } from './harness/party.mjs';
import { PHONE } from './harness/person.mjs';
import { clockMs, until } from './harness/poll.mjs';
import { framesAdvance, stands, together } from './harness/together.mjs';
import { standBetween } from './harness/unstored.mjs';
import { startWorld } from './harness/world.mjs';

const LEASE_MS = 1_500;
const GRACE_MS = 90_000;

let world;
before(async () => {
  const env = { PLAYHEAD_HOST_LEASE_MS: `${LEASE_MS}`, PLAYHEAD_HOST_GRACE_MS: `${GRACE_MS}` };
  world = await startWorld({ env });
});
afterEach(() => world.everybodyLeaves());
after(() => world?.end());

/** Starts a party of a host and two guests, one of them on a phone, who are watching. */
async function watching() {
  const { host, invite } = await hostParty(world);
  const guests = [await guestOf(world, invite, 'Grace'), await guestOf(world, invite, 'Linus', { screen: PHONE })];
  await Promise.all(guests.map((guest) => guest.hasLoaded()));
  const sinceMs = clockMs();
  await host.the('play-toggle').click();
  await together([host, ...guests], { what: 'play', sinceMs });
  return { host, guests, everybody: [host, ...guests], invite };
}

/** Returns the time left according to the banner, in seconds. */
async function leftSeconds(guest) {
  const [, minutes, seconds] = /in (\d+):(\d\d) unless they return/.exec(await guest.the('away').textContent());
  return 60 * Number(minutes) + Number(seconds);
}

/** Returns what the banners announce to screen readers. */
const spoken = ({ page }) => page.locator('.banner-place [role="status"]').allTextContents();

const gone = (person, testid) => person.the(testid).waitFor({ state: 'hidden' });

test('without its host a party counts down and plays on, and the host who returns is the host again', { timeout: 180_000 }, async () => {
  const { host, guests, everybody, invite } = await watching();
  const { me } = await host.snapshot();
  await host.closesTab();
  for (const guest of guests) await guest.reads('away', /The host left\. The party continues without a host in \d:\d\d unless they return\./);
  const words = await spoken(guests[0]);
  const first = await leftSeconds(guests[0]);
  assert.ok(first <= GRACE_MS / 1_000 && first > GRACE_MS / 1_000 - 20, `${first} s are left`);
  await until('the countdown to go down', async () => (await leftSeconds(guests[0])) <= first - 2);
  assert.deepEqual(await spoken(guests[0]), words, 'the countdown isn’t announced every second');
  assert.deepEqual(words, ['The host left. The party continues without a host unless they return.', '']);
  await guests[0].reads('guest-hint', 'Nobody controls playback until the host returns');
  await guests[0].the('play-toggle').click({ force: true });
  await guests[0].reads('notice', 'Only the host can do that, and the host has left.');
  await framesAdvance(guests, { sinceMs: clockMs() });
  await guests[0].picture('grace-desktop');
  await guests[1].picture('grace-phone');

  await host.comesBack(invite);
  await host.inRoom();
  for (const person of everybody) await gone(person, 'away');
  const now = await host.snapshot();
  assert.deepEqual(now.me, me);
  assert.deepEqual([now.room.state, now.room.host_id, me.role], ['live', me.participant_id, 'host']);
  await together(everybody, { what: 'the host is back', sinceMs: clockMs() });
  const sinceMs = clockMs();
  await host.the('play-toggle').click();
  await together(everybody, { what: 'the host pauses', sinceMs, wanted: stands });
});

test('a party that the page started outlives its host’s absence, and the host who returns is the host again', { timeout: 180_000 }, async () => {
  const { host, guests, everybody, invite } = await watching();
  const { status } = await host.asks('PATCH', '', { host_grace_ms: 1_000 });
  assert.equal(status, 200);
  const { room, me } = await host.snapshot();
  assert.equal(room.settings.host_loss, 'promote');
  await host.closesTab();
  for (const guest of guests) await guest.reads('away', 'This party has no host right now. Playback continues;');
  await framesAdvance(guests, { sinceMs: clockMs() });

  await host.comesBack(invite);
  await host.inRoom();
  for (const person of everybody) await gone(person, 'away');
  const now = await host.snapshot();
  assert.deepEqual([now.me, now.room.host_id], [me, me.participant_id]);
});

test('a party ends if its host stays away and it was made to, and everyone reads why', { timeout: 180_000 }, async () => {
  const { host, guests, invite } = await watching();
  const { status } = await host.asks('PATCH', '', { host_grace_ms: 3_000, host_loss: 'expire' });
  assert.equal(status, 200);
  await host.closesTab();
  for (const guest of guests) await guest.reads('away', /The host left\. The party ends in \d:\d\d unless they return\./);
  for (const guest of guests) {
    await guest.reads('message', 'This party has ended');
    await guest.reads('message', 'The host left and didn’t come back in time.');
  }
  await guests[0].picture('end-desktop');
  await guests[1].picture('end-phone');
  await guests[0].page.getByRole('button', { name: 'Start another party' }).click();
  await guests[0].the('create-room').waitFor();

  await host.comesBack(invite);
  await host.reads('message', 'This party has ended');
});

test('a party that continues without a host says so, and its last host takes over on return', { timeout: 180_000 }, async () => {
  const { host, guests, everybody, invite } = await watching();
  await host.asks('PATCH', '', { host_grace_ms: 0, host_loss: 'pause' });
  await host.closesTab();
  for (const guest of guests) await guest.reads('away', 'This party has no host right now. Playback is paused;');
  await together(guests, { what: 'the pause without a host', sinceMs: clockMs(), wanted: stands });
  await guests[0].the('play-toggle').click({ force: true });
  await guests[0].reads('notice', 'Only the host can do that, and this party has no host right now.');
  await guests[1].picture('hostless-phone');

  await host.comesBack(invite);
  await host.inRoom();
  for (const person of everybody) await gone(person, 'away');
  assert.equal((await host.snapshot()).me.role, 'host');
  const sinceMs = clockMs();
  await host.the('play-toggle').click();
  await together(everybody, { what: 'the last host plays', sinceMs });
});

test('the host can end the party, and a guest can’t', { timeout: 180_000 }, async () => {
  const { host, guests, everybody } = await watching();
  const { version } = await host.snapshot();
  for (const guest of guests) {
    const { status, body } = await guest.asks('DELETE');
    assert.deepEqual([status, body.code, body.outcome], [403, 'forbidden', 'not_applied']);
    assert.equal(await guest.the('end-party').isVisible(), false);
  }
  await together(everybody, { what: 'after a refused delete', sinceMs: clockMs() });
  assert.equal((await host.snapshot()).version, version);

  await host.the('end-party').click();
  await host.the('confirm').getByRole('button', { name: 'Keep watching' }).click();
  await framesAdvance(everybody, { sinceMs: clockMs() });
  await host.the('end-party').click();
  await host.picture('end-party-asked');
  await host.the('confirm').getByRole('button', { name: 'End party' }).click();
  await host.reads('message', 'You ended the party for everyone.');
  for (const guest of guests) await guest.reads('message', 'The host ended the party for everyone.');
});

test('while commands can’t be stored the page says so, plays on, and retries the host’s command', { timeout: 180_000 }, async () => {
  const host = await world.arrive('Ada');
  const between = [await standBetween(host)];
  await host.createRoom(world.server.pageUrl);
  await host.paste(world.origin.url('hls/master.m3u8'));
  await host.hasLoaded();
  const guest = await world.arrive('Linus', { screen: PHONE });
  between.push(await standBetween(guest));
  await guest.join(await host.copyInvite());
  await guest.hasLoaded();
  let sinceMs = clockMs();
  await host.the('play-toggle').click();
  await together([host, guest], { what: 'play', sinceMs });

  between.forEach((one) => one.say(false));
  for (const person of [host, guest]) await person.reads('authority-away', 'Controls are unavailable right now. Playback continues.');
  assert.deepEqual(await spoken(guest), ['', 'Controls are unavailable right now. Playback continues.']);
  await framesAdvance([host, guest], { sinceMs: clockMs() });
  await guest.picture('authority-away-phone');
  await host.the('play-toggle').click();
  await host.reads('authority-away', 'Retrying your last action…');
  await host.page.locator('.controls[data-pending]').waitFor();
  await host.picture('authority-away-desktop');
  await until('the pause to be retried', () => between[0].refused.length >= 2);
  assert.deepEqual(new Set(between[0].refused.map(({ type, id }) => `${type} ${id}`)).size, 1);
  await host.status('playing');

  sinceMs = clockMs();
  between.forEach((one) => one.say(true));
  for (const person of [host, guest]) await gone(person, 'authority-away');
  await together([host, guest], { what: 'the pause once commands can be stored', sinceMs, wanted: stands });
  await host.page.locator('.controls:not([data-pending])').waitFor();
});
