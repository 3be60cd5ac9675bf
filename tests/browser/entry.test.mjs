/** Who may enter a party: people with its password, people whom somebody lets in, and people who were invited. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { createPublicParties, guestOf, hostParty } from './harness/party.mjs';
import { PHONE } from './harness/person.mjs';
import { until } from './harness/poll.mjs';
import { startWorld } from './harness/world.mjs';

let world;
before(async () => (world = await startWorld()));
afterEach(() => world.everybodyLeaves());
after(() => world?.end());

test('somebody who asks to join is let in, and somebody who isn’t let in reads so', { timeout: 120_000 }, async () => {
  const { host, invite } = await hostParty(world);
  await admits(host, 'knock');
  const guest = await asks(invite, 'Grace', { screen: PHONE });
  await guest.picture('waiting-phone');
  await host.reads('notice', 'Grace asks to join.');
  await host.reads('knocks', /Asking to join.*Grace/s);
  const other = await asks(invite, 'Linus');
  await other.picture('waiting');
  await host.reads('knocks', 'Linus');
  await host.picture('knocks');
  assert.equal((await host.snapshot()).viewerCount, 1, 'who asks isn’t inside');

  await host.page.getByRole('button', { name: 'Let in: Grace', exact: true }).click();
  await guest.inRoom();
  assert.equal(await host.focused('aria-label'), 'Let in: Linus', 'the focus moves on to the next');
  await host.page.getByRole('button', { name: 'Don’t let in: Linus' }).click();
  await other.reads('message', /You weren’t let in.*ask again in ten minutes/s);
  await other.picture('not-let-in');
  await host.the('knocks').waitFor({ state: 'hidden' });
  assert.equal(await host.focused('id'), 'people-title', 'the focus isn’t lost');

  // Who has entered once comes back, and the answer to somebody else holds.
  await guest.page.reload();
  await guest.inRoom();
  await other.page.reload();
  await other.reads('message', 'You weren’t let in');
});

test('a host hears who asks in fullscreen and on a phone, and a moderator lets them in', { timeout: 120_000 }, async () => {
  const { host, invite } = await hostParty(world, { screen: PHONE });
  const moderator = await guestOf(world, invite, 'Grace');
  await moderator.hasLoaded();
  await host.reads('participants', 'Grace');
  await admits(host, 'knock');
  const stranger = await asks(invite, 'Linus');
  await host.reads('knocks', 'Linus');
  await host.picture('knocks-phone');
  assert.equal(await moderator.the('knocks').isVisible(), false, 'guests don’t hear of it');
  await host.page.getByRole('button', { name: 'Manage Grace' }).click();
  await host.the('role-moderator').click();
  await moderator.reads('knocks', 'Linus');
  await moderator.the('fullscreen').click();
  await until('the knock to be part of the fullscreen', () =>
    moderator.page.evaluate(() => document.fullscreenElement?.querySelector('[data-testid="knocks"]')?.checkVisibility() === true),
  );
  await moderator.picture('knocks-fullscreen');
  await moderator.the('admit').click();
  await stranger.inRoom();
  await moderator.page.keyboard.press('f');
  await moderator.the('knocks').waitFor({ state: 'hidden' });
});

test('somebody who stops waiting is no longer shown', { timeout: 120_000 }, async () => {
  const { host, invite } = await hostParty(world);
  await admits(host, 'knock');
  const stranger = await asks(invite, 'Linus');
  await host.reads('knocks', 'Linus');
  await stranger.page.getByRole('button', { name: 'Cancel' }).click();
  await stranger.the('create-room').waitFor();
  await host.the('knocks').waitFor({ state: 'hidden' });
});

test('a party that is started with a password lets people in who know it, and marks itself in the list', { timeout: 120_000 }, async () => {
  const host = await world.arrive('Ada');
  await host.page.goto(world.server.pageUrl);
  await host.the('display-name').fill('Ada');
  await host.the('room-name').fill('Film club');
  await host.the('visibility-public').check();
  await host.the('entry').selectOption('password');
  await host.the('create-room').click();
  await host.page.getByText('Choose a password.').waitFor();
  assert.equal(await host.focused(), 'entry-password');
  await host.the('entry-password').fill('abc');
  await host.the('create-room').click();
  await host.page.getByText('Use at least 4 characters.').waitFor();
  await host.the('entry-password').fill('Grüße 42');
  await host.picture('start-password', { fullPage: true });
  await host.the('create-room').click();
  await host.inRoom();

  const guest = await world.arrive('Grace', { screen: PHONE });
  await createPublicParties(world, ['Open party']);
  await guest.page.goto(world.server.pageUrl);
  const party = guest.the('public-room').filter({ hasText: 'Film club' });
  await party.getByText('Password needed').waitFor();
  assert.equal(await guest.the('public-room').filter({ hasText: 'Open party' }).getByTestId('room-entry').count(), 0);
  await party.scrollIntoViewIfNeeded();
  await guest.picture('list-phone');
  await guest.the('display-name').fill('Grace');
  await party.click();
  await guest.the('room-password').waitFor();
  assert.equal(await guest.focused(), 'room-password');
  await guest.picture('password-phone');
  await guest.the('room-password').fill('Grusse 42');
  await guest.page.keyboard.press('Enter');
  await guest.page.getByText('That isn’t the password.').waitFor();
  assert.equal(await guest.focused(), 'room-password');
  await guest.picture('wrong-password-phone');
  await guest.the('room-password').fill('Grüße 42');
  await guest.the('join-room').click();
  await guest.inRoom();

  // Another password keeps out nobody who has entered. What is below the list moves once she is in it.
  await host.reads('participants', 'Grace');
  await host.the('room-settings').click();
  await host.the('entry-password').fill('another one');
  await host.picture('settings-password');
  await host.the('settings-save').click();
  await host.the('settings-dialog').waitFor({ state: 'detached' });
  await guest.page.reload();
  await guest.inRoom();
});

test('somebody with an invite link gets in with its role, and one that is revoked lets nobody in', { timeout: 120_000 }, async () => {
  const { host, invite } = await hostParty(world);
  await admits(host, 'invite');
  const stranger = await world.arrive('Linus');
  await follows(stranger, invite);
  await stranger.reads('message', /This party is for invited people.*Ask for one/s);
  await stranger.picture('invited-only');

  await host.the('invite-people').click();
  await host.the('plain-link').waitFor();
  assert.equal(await host.the('plain-link').inputValue(), invite);
  await host.picture('invites-none');
  const link = await makesInvite(host, { uses: '1', role: 'co_host', ends: '86400000' });
  assert.match(link, new RegExp(`^${invite}#invite=`));
  await host.reads('invites', /One person, as co-host.*ends/s);
  await host.picture('invites');

  const guest = await world.arrive('Grace', { screen: PHONE });
  await guest.page.goto(link);
  await guest.the('display-name').waitFor();
  assert.equal(guest.page.url(), invite, 'the invite doesn’t stay in the address');
  // Not even a reload loses it.
  await guest.page.reload();
  await guest.the('display-name').fill('Grace');
  await guest.the('join-room').click();
  await guest.inRoom();
  assert.equal((await guest.snapshot()).me.role, 'co_host');
  await follows(stranger, link);
  await stranger.reads('message', 'That invite link doesn’t work any more.');

  const revoked = await makesInvite(host);
  await host.the('invites').getByRole('button', { name: /Revoke the link for Anyone/ }).click();
  await host.reads('invites-dialog', 'That link no longer works.');
  await host.the('invites').waitFor({ state: 'hidden' });
  await follows(stranger, revoked);
  await stranger.reads('message', 'That invite link doesn’t work any more.');
  await stranger.picture('dead-invite');
});

test('somebody whose access is taken back has to ask again, and reads so', { timeout: 120_000 }, async () => {
  const { host, invite } = await hostParty(world);
  await admits(host, 'knock');
  const guest = await asks(invite, 'Grace');
  await host.the('admit').click();
  await guest.inRoom();
  await host.the('show-grants').click();
  await host.reads('grants', /Grace · asked to join/);
  await host.picture('grants');
  await host.the('grants').getByRole('button', { name: 'End the access of Grace' }).click();
  await host.reads('grants-dialog', 'Nobody has been admitted.');
  await host.page.keyboard.press('Enter');
  await host.the('grants-dialog').waitFor({ state: 'detached' });
  await guest.reads('message', 'Waiting for somebody to let you in…');
  await host.the('admit').click();
  await guest.inRoom();
});

test('an invite link that is pasted on the home page counts, and needs no knock', { timeout: 120_000 }, async () => {
  const { host } = await hostParty(world, { screen: PHONE });
  await admits(host, 'knock');
  await host.the('invite-people').click();
  await host.picture('invites-none-phone');
  const link = await makesInvite(host);
  await host.picture('invites-phone', { fullPage: true });
  const guest = await world.arrive('Grace');
  await guest.page.goto(world.server.pageUrl);
  await guest.the('display-name').fill('Grace');
  await guest.the('join-input').fill(link);
  await guest.the('join-submit').click();
  await guest.inRoom();

  // Somebody whom the page knows already joins before it is loaded, and doesn't knock then either.
  const other = await world.arrive('Linus');
  await other.createRoom(world.server.pageUrl);
  const joins = [];
  other.page.on('request', (request) => request.url().endsWith('/join') && joins.push(request.postDataJSON()));
  await other.page.goto(link);
  await other.inRoom();
  assert.doesNotMatch(other.page.url(), /invite/);
  assert.deepEqual(joins, [{ invite: link.split('#invite=')[1] }]);
});

test('a party takes as many people as its host says', { timeout: 120_000 }, async () => {
  const { host, invite } = await hostParty(world);
  await host.the('room-settings').click();
  await host.the('settings-capacity').fill('0');
  await host.the('settings-save').click();
  await host.reads('settings-dialog', 'Enter a whole number');
  await host.the('settings-capacity').fill('2');
  await host.picture('settings-capacity');
  await host.the('settings-save').click();
  await host.the('settings-dialog').waitFor({ state: 'detached' });
  const [first, second] = [await world.arrive('Grace'), await world.arrive('Linus')];
  await follows(first, invite);
  await first.inRoom();
  await follows(second, invite);
  await second.reads('message', 'This party is full.');

  await host.the('room-settings').click();
  assert.equal(await host.the('settings-capacity').inputValue(), '2');
  await host.the('settings-capacity').fill('');
  await host.the('settings-save').click();
  await host.the('settings-dialog').waitFor({ state: 'detached' });
  await second.page.reload();
  await second.inRoom();
});

/** Sets who can join. */
async function admits(host, entry) {
  await host.the('room-settings').click();
  await host.the('entry').selectOption(entry);
  await host.the('settings-save').click();
  await until('the party to be closed', async () => (await host.snapshot()).room.settings.entry === entry);
}

/** Somebody follows the link of a party and waits to be let in. */
async function asks(link, name, options) {
  const person = await world.arrive(name, options);
  await follows(person, link);
  await person.reads('message', 'Waiting for somebody to let you in…');
  return person;
}

/** Opens a link in a new tab, with a name if the page doesn't know it. */
async function follows(person, link) {
  await person.page.goto('about:blank');
  await person.page.goto(link);
  await person.page.locator('[data-testid="display-name"], [data-testid="message"]').first().waitFor();
  if (!(await person.the('display-name').isVisible())) return;
  await person.the('display-name').fill(person.name);
  await person.the('join-room').click();
}

/** Makes an invite in the open dialog and returns its link. */
async function makesInvite(host, { uses = '', role = '', ends = '' } = {}) {
  await host.the('invite-uses').selectOption(uses);
  await host.the('invite-role').selectOption(role);
  await host.the('invite-ends').selectOption(ends);
  const shown = () => host.page.evaluate(() => document.querySelector('[data-testid="invite-made"]')?.value ?? '');
  const before = await shown();
  await host.the('make-invite').click();
  await until('the invite link', async () => (await shown()) !== before);
  assert.equal(await host.focused(), 'copy-invite-made');
  await host.page.keyboard.press('Enter');
  await host.reads('invites-dialog', 'Link copied.');
  return host.page.evaluate(() => navigator.clipboard.readText());
}
