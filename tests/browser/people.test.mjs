/** The host and moderators act on people: roles, removals and bans. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { guestOf, hostParty } from './harness/party.mjs';
import { PHONE } from './harness/person.mjs';
import { startWorld } from './harness/world.mjs';

let world;
before(async () => (world = await startWorld()));
afterEach(() => world.everybodyLeaves());
after(() => world?.end());

/** Opens the dialog about somebody, by their name or what the button is called. */
async function manages(person, who) {
  const name = typeof who === 'string' ? `Manage ${who}` : who;
  await person.page.getByRole('button', { name }).click();
  await person.the('person').waitFor();
}

test('somebody who is removed reads so and may come back; somebody who is banned may not until the ban is lifted', { timeout: 120_000 }, async () => {
  const { host, invite } = await hostParty(world);
  const guest = await guestOf(world, invite, 'Grace');
  await manages(host, 'Grace');
  await host.picture('person');
  await host.the('remove').click();
  await host.reads('notice', 'Grace was removed.');
  await guest.reads('message', /You’re no longer in the party.*removed you/s);
  await guest.picture('removed');
  await guest.page.getByRole('button', { name: 'Rejoin' }).click();
  await guest.inRoom();

  await manages(host, 'Grace');
  await host.the('ban').click();
  await host.the('confirm').getByRole('button', { name: 'Ban' }).click();
  await host.reads('notice', 'Grace is banned.');
  await guest.reads('message', /banned you from this party/);
  assert.equal(await guest.page.getByRole('button', { name: 'Rejoin' }).count(), 0);
  await guest.page.reload();
  await guest.reads('message', /Can’t join the party.*banned you from this party/s);
  await guest.picture('banned');
  await guest.page.goto(world.server.pageUrl);
  await guest.the('display-name').fill('Somebody else');
  await guest.the('join-input').fill(invite);
  await guest.the('join-submit').click();
  await guest.reads('message', /banned you from this party/);

  await host.the('show-bans').click();
  await host.page.getByRole('button', { name: 'Unban Grace' }).waitFor();
  await host.picture('bans');
  await host.page.getByRole('button', { name: 'Unban Grace' }).click();
  await host.reads('bans-dialog', /Nobody is banned/);
  await guest.page.reload();
  await guest.inRoom();
});

test('everyone controls playback once the host lets them, and reads so', { timeout: 120_000 }, async () => {
  const { host, invite } = await hostParty(world);
  const guest = await guestOf(world, invite, 'Grace', { screen: PHONE });
  await guest.hasLoaded();
  await guest.reads('guest-hint', 'Ada is the host and controls playback');
  assert.equal(await guest.the('everyone-controls').isVisible(), false);
  await host.the('everyone-controls').check();
  await guest.reads('notice', 'You can control playback now.');
  await guest.reads('guest-hint', 'Everyone can play, pause and seek');
  assert.equal(await guest.the('link-input').isVisible(), false, 'the host chooses what is played');
  await guest.the('play-toggle').click();
  for (const person of [host, guest]) await person.status('playing');
  await guest.the('play-toggle').click();
  for (const person of [host, guest]) await person.status('paused');
  await host.picture('everyone-controls', { fullPage: true });
  await guest.picture('everyone-controls-phone', { fullPage: true });

  await host.the('everyone-controls').uncheck();
  await guest.reads('guest-hint', 'Ada is the host and controls playback');
  await guest.page.keyboard.press('k');
  await guest.reads('notice', 'Only Ada, the host, can do that.');
  assert.equal((await host.snapshot()).playback.status, 'paused');
});

test('a moderator removes guests and nobody else, on a phone too', { timeout: 120_000 }, async () => {
  const { host, invite } = await hostParty(world);
  const moderator = await guestOf(world, invite, 'Grace', { screen: PHONE });
  const guest = await guestOf(world, invite, 'Linus');
  assert.equal(await guest.the('manage').count(), 0);
  assert.equal(await guest.the('show-bans').isVisible(), false);
  await manages(host, 'Grace');
  await host.the('role-moderator').click();
  await host.reads('notice', 'Grace is a moderator now.');
  await moderator.the('show-bans').waitFor();
  assert.equal(await moderator.page.getByRole('button', { name: 'Manage Ada' }).count(), 0);
  await manages(moderator, 'Linus');
  assert.deepEqual(
    await moderator.the('person').getByRole('button').evaluateAll((all) => all.map((one) => one.dataset.testid ?? one.textContent)),
    ['remove', 'ban', 'Close'],
  );
  await moderator.picture('person-phone');
  await moderator.the('remove').click();
  await guest.reads('message', /removed you/);

  await manages(host, 'Grace');
  await host.the('role-guest').click();
  await moderator.the('show-bans').waitFor({ state: 'hidden' });
});

test('people whose names look alike are told apart wherever they are named', { timeout: 120_000 }, async () => {
  const { host, invite } = await hostParty(world);
  await guestOf(world, invite, 'Grace');
  await host.reads('participants', 'Grace');
  assert.deepEqual(await listed(host), ['Ada (you)', 'Grace']);
  // The first letter is Cyrillic.
  const imitator = await guestOf(world, invite, 'Аda', { screen: PHONE });
  const { me, room } = await host.snapshot();
  const [real, imitated] = [room.host_id, (await imitator.snapshot()).me.participant_id].map((id) => id.slice(-4).toLowerCase());
  assert.equal(room.host_id, me.participant_id);
  await imitator.reads('guest-hint', `Ada \u200E· ${real} is the host`);
  await host.reads('participants', `Аda \u200E· ${imitated}`);
  const expected = [`Ada \u200E· ${real} (you)`, 'Grace', `Аda \u200E· ${imitated}`];
  assert.deepEqual(await listed(host), expected);
  await host.picture('alike', { fullPage: true });
  await imitator.the('participants').scrollIntoViewIfNeeded();
  await imitator.picture('alike-phone');

  // A name that is written as if it had the host's tag has one of its own.
  const forger = await guestOf(world, invite, `Ada • ${real}`);
  const forged = (await forger.snapshot()).me.participant_id.slice(-4).toLowerCase();
  await host.reads('participants', `Ada • ${real} \u200E· ${forged}`);
  await forger.page.close();

  await manages(host, new RegExp(`^Manage Аda .*· ${imitated}$`));
  await host.picture('alike-person');
  await host.the('ban').click();
  await host.reads('confirm', `Ban Аda \u200E· ${imitated}?`);
  await host.the('confirm').getByRole('button', { name: 'Ban' }).click();
  await host.the('participants').getByText(/^Ada \(you\)$/).waitFor();
  await host.the('show-bans').click();
  await host.page.getByRole('button', { name: new RegExp(`^Unban Аda .*· ${imitated}$`) }).waitFor();
});

/** What the list of participants calls each of them. */
function listed(person) {
  return person.the('participants').locator('.person-name').allTextContents();
}
