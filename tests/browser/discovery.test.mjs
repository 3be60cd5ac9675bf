/** A stranger finds a public party: by a word, a tag or its place in the list. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { createPublicParties, guestOf, hostParty } from './harness/party.mjs';
import { DESKTOP, PHONE } from './harness/person.mjs';
import { until } from './harness/poll.mjs';
import { startWorld } from './harness/world.mjs';

let world;
before(async () => (world = await startWorld()));
afterEach(() => world.everybodyLeaves());
after(() => world?.end());

test('a party that is started as public with tags is found by a word of any of its texts, and joined', { timeout: 120_000 }, async () => {
  const stranger = await world.arrive('Grace', { screen: PHONE });
  await stranger.page.goto(world.server.pageUrl);
  await stranger.page.getByText('There are no public parties right now.').waitFor();
  assert.equal(await stranger.the('search-rooms').isVisible(), false, 'there is nothing to search');

  const host = await world.arrive('Ada', { screen: DESKTOP });
  await host.page.goto(world.server.pageUrl);
  await host.the('display-name').fill('Ada');
  await host.the('room-name').fill('Café Amélie');
  assert.equal(await host.the('room-tags').isVisible(), false, 'tags are for parties that can be found');
  await host.the('visibility-public').check();
  await host.the('room-tags').fill('#Anime, Feel good, ,anime');
  await host.picture('start-public');
  await host.the('create-room').click();
  await host.inRoom();
  await createPublicParties(world, ['Friday documentaries', 'Ångström and friends']);

  await shows(stranger, ['Café Amélie', 'Friday documentaries', 'Ångström and friends'].toSorted());
  await stranger.the('search-rooms').scrollIntoViewIfNeeded();
  await stranger.picture('public-parties');
  for (const [words, names] of [['CAFE', ['Café Amélie']], ['good anime', ['Café Amélie']], ['angstrom', ['Ångström and friends']], ['cafe friday', []]]) {
    await stranger.the('search-rooms').fill(words);
    await shows(stranger, names);
  }
  await stranger.page.getByText('No public party matches that.').waitFor();
  await stranger.picture('nothing-found');
  await stranger.the('search-rooms').fill('amelie');
  await shows(stranger, ['Café Amélie']);
  await stranger.the('public-room').getByText('English · #anime · #feel good').waitFor();
  await stranger.the('public-room').getByText('1 viewer').waitFor();
  await stranger.the('display-name').fill('Grace');
  await stranger.the('public-room').click();
  await stranger.inRoom();
});

test('a host renames a party, lists it and says what it is about while people watch', { timeout: 120_000 }, async () => {
  const { host, invite } = await hostParty(world);
  const guest = await guestOf(world, invite, 'Grace', { screen: PHONE });
  assert.equal(await guest.the('room-settings').isVisible(), false, 'only the host changes the party');
  const stranger = await world.arrive('Linus');
  await stranger.page.goto(world.server.pageUrl);

  await host.the('room-settings').click();
  await host.the('settings-name').fill('Sunday matinée');
  await host.the('visibility-public').check();
  await host.the('room-tags').fill('x'.repeat(33));
  await host.the('settings-loss').selectOption('pause');
  await host.the('settings-save').click();
  await host.reads('settings-dialog', /at most 32 characters for each tag/);
  await host.the('room-tags').fill('matinee, classics');
  await host.picture('party-settings');
  await host.the('settings-save').click();
  await host.the('settings-dialog').waitFor({ state: 'detached' });
  await guest.page.getByRole('heading', { name: 'Sunday matinée' }).waitFor();
  const { room } = await guest.snapshot();
  assert.deepEqual([room.is_public, room.tags, room.settings.host_loss], [true, ['matinee', 'classics'], 'pause']);
  await until('the party to be listed', async () => (await namesOf(stranger)).includes('Sunday matinée'));

  // What isn't touched stays, and what is hidden isn't sent.
  await host.the('room-settings').click();
  assert.equal(await host.the('room-tags').inputValue(), 'matinee, classics');
  await host.the('room-tags').fill('x'.repeat(33));
  await host.the('visibility-link').check();
  await host.the('settings-save').click();
  await until('the party to be unlisted', async () => !(await namesOf(stranger)).includes('Sunday matinée'));
  await until('everybody to know', async () => (await guest.snapshot()).room.is_public === false);
  assert.deepEqual((await guest.snapshot()).room.tags, ['matinee', 'classics']);
});

test('public parties are listed in the order that was chosen, a page at a time', { timeout: 120_000 }, async () => {
  const { host } = await hostParty(world);
  await host.asks('PATCH', '', { is_public: true, name: 'Watched party' });
  const made = Array.from({ length: 30 }, (_, n) => `Party ${String(n).padStart(2, '0')}`);
  await createPublicParties(world, made);
  const stranger = await world.arrive('Grace');
  await stranger.page.goto(world.server.pageUrl);
  // Whatever else this server lists.
  await stranger.the('search-rooms').fill('party');
  await until('the most watched party to be first', async () => (await namesOf(stranger))[0] === 'Watched party');
  assert.equal((await namesOf(stranger)).length, 24);
  await stranger.the('sort-rooms').selectOption('newest');
  await shows(stranger, made.toReversed().slice(0, 24), { isOrdered: true });
  await stranger.picture('newest-parties');
  await stranger.the('sort-rooms').selectOption('name');
  await shows(stranger, made.slice(0, 24), { isOrdered: true });
  await stranger.the('more-rooms').click();
  await shows(stranger, [...made, 'Watched party'], { isOrdered: true });
  assert.equal(await stranger.the('more-rooms').isVisible(), false);
});

/** Waits until the list shows exactly these parties. */
function shows(person, names, { isOrdered = false } = {}) {
  const wanted = JSON.stringify(names);
  return until(`${person.name} to see ${wanted}`, async () => {
    const shown = await namesOf(person);
    return JSON.stringify(isOrdered ? shown : shown.toSorted()) === wanted;
  });
}

function namesOf({ page }) {
  return page.locator('.room-name').allTextContents();
}

