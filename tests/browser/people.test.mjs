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

/** Opens the dialog about somebody. */
async function manages(person, name) {
  await person.page.getByRole('button', { name: `Manage ${name}` }).click();
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

  await host.the('show-bans').click();
  await host.page.getByRole('button', { name: 'Unban Grace' }).waitFor();
  await host.picture('bans');
  await host.page.getByRole('button', { name: 'Unban Grace' }).click();
  await host.reads('bans-dialog', /Nobody is banned/);
  await guest.page.reload();
  await guest.inRoom();
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
