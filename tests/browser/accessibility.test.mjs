/** What axe finds to object to in the states of the page: nothing. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, afterEach, before, test } from 'node:test';
import { createPublicParties, guestOf, hostParty } from './harness/party.mjs';
import { DESKTOP, PHONE } from './harness/person.mjs';
import { startWorld } from './harness/world.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let world;
before(async () => {
  world = await startWorld();
  await createPublicParties(world, ['Friday documentaries', 'Ångström and friends']);
});
afterEach(() => world.everybodyLeaves());
after(() => world?.end());

for (const [where, screen] of [['on a desk', DESKTOP], ['on a phone', PHONE]]) {
  for (const colorScheme of ['light', 'dark']) {
    test(`axe finds nothing before a party, ${where}, in ${colorScheme} colours`, { timeout: 120_000 }, async () => {
      const person = await world.arrive('Ada', { screen });
      await person.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await person.page.goto(world.server.pageUrl);
      await person.the('public-room').first().waitFor();
      await person.the('visibility-public').check();
      await isAccessible(person, 'the home page');
      await person.the('search-rooms').fill('no such party');
      await person.page.getByText('No public party matches that.').waitFor();
      await isAccessible(person, 'a search that finds nothing');
      await person.the('create-room').click();
      await person.page.getByText('Enter your name first.').waitFor();
      await isAccessible(person, 'the home page that asks for a name');
      await person.page.goto(`${world.server.pageUrl}/r/0000000000`);
      await person.the('display-name').fill('Ada');
      await isAccessible(person, 'an invitation');
      await person.the('join-room').click();
      await person.reads('message', 'Can’t join the party');
      await isAccessible(person, 'a party that isn’t there');
    });

    test(`axe finds nothing in a party and after it, ${where}, in ${colorScheme} colours`, { timeout: 180_000 }, async () => {
      const { host, invite } = await hostParty(world, { screen });
      const guest = await guestOf(world, invite, 'Grace', { screen });
      for (const person of [host, guest]) {
        await person.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await person.hasLoaded();
      }
      await isAccessible(host, 'a host’s party');
      await isAccessible(guest, 'a guest’s party');
      await host.page.keyboard.press('?');
      await host.the('shortcuts').waitFor();
      await isAccessible(host, 'the shortcuts');
      await host.page.keyboard.press('Escape');
      await host.the('sync-settings').click();
      await isAccessible(host, 'the sync settings');
      await host.page.keyboard.press('Escape');

      await host.the('room-settings').click();
      await host.the('visibility-public').check();
      await isAccessible(host, 'the party settings');
      await host.page.keyboard.press('Escape');

      await host.page.getByRole('button', { name: 'Manage Grace' }).click();
      await host.the('person').waitFor();
      await isAccessible(host, 'what a host can do about somebody');
      await host.the('ban').click();
      await host.the('confirm').waitFor();
      await isAccessible(host, 'a question');
      await host.the('confirm').getByRole('button', { name: 'Ban' }).click();
      await guest.reads('message', /banned you from this party/);
      await isAccessible(guest, 'the page of somebody who is banned');
      await host.the('show-bans').click();
      await host.page.getByRole('button', { name: 'Unban Grace' }).waitFor();
      await isAccessible(host, 'the list of bans');
      await host.page.keyboard.press('Escape');

      await host.the('end-party').click();
      await host.the('confirm').getByRole('button', { name: 'End party' }).click();
      await host.reads('message', 'You ended the party for everyone.');
      await isAccessible(host, 'the end');
    });

    test(`axe finds nothing where not everybody may enter, ${where}, in ${colorScheme} colours`, { timeout: 180_000 }, async () => {
      const host = await world.arrive('Ada', { screen });
      await host.createRoom(world.server.pageUrl);
      const invite = await host.copyInvite();
      const stranger = await world.arrive('Grace', { screen });
      for (const person of [host, stranger]) await person.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });

      await host.the('room-settings').click();
      await host.the('visibility-public').check();
      await host.the('entry').selectOption('password');
      await host.the('settings-save').click();
      await host.reads('settings-dialog', 'Choose a password.');
      await isAccessible(host, 'the party settings that ask for a password');
      await host.the('entry-password').fill('secret');
      await host.the('settings-save').click();
      await host.the('settings-dialog').waitFor({ state: 'detached' });
      await stranger.page.goto(world.server.pageUrl);
      await stranger.the('room-entry').first().waitFor();
      await stranger.the('entry').selectOption('password');
      await isAccessible(stranger, 'the home page with a party that has a password');
      await stranger.page.goto(invite);
      await stranger.the('display-name').fill('Grace');
      await stranger.the('join-room').click();
      await stranger.the('room-password').fill('guess');
      await stranger.the('join-room').click();
      await stranger.page.getByText('That isn’t the password.').waitFor();
      await isAccessible(stranger, 'a wrong password');

      await host.the('room-settings').click();
      await host.the('entry').selectOption('knock');
      await host.the('settings-save').click();
      await host.the('settings-dialog').waitFor({ state: 'detached' });
      await stranger.page.reload();
      await stranger.reads('message', 'Waiting for somebody to let you in…');
      await isAccessible(stranger, 'the wait for somebody’s answer');
      await host.the('admit').waitFor();
      await isAccessible(host, 'somebody who asks to join');
      await host.the('invite-people').click();
      await host.the('make-invite').click();
      await host.the('invites').getByText('Anyone').waitFor();
      await isAccessible(host, 'the invites');
      await host.page.keyboard.press('Escape');
      await host.the('show-grants').click();
      await host.reads('grants-dialog', 'Nobody has been admitted.');
      await isAccessible(host, 'the list of those who were admitted');
      await host.page.keyboard.press('Escape');
      await host.the('decline').click();
      await stranger.reads('message', 'You weren’t let in');
      await isAccessible(stranger, 'the page of somebody who isn’t let in');
    });
  }
}

/** Asserts that axe objects to nothing on the page as it is. */
async function isAccessible(person, state) {
  await person.page.evaluate(AXE);
  const objections = await person.page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ['violations'] });
    const shown = ({ target, failureSummary }) => `${target.join(' ')}: ${failureSummary}`;
    return violations.map(({ id, impact, nodes }) => `${id} (${impact})\n${nodes.map(shown).join('\n')}`);
  });
  assert.deepEqual(objections, [], state);
}
