/** Tests of one person with several tabs, or with the player in fullscreen. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { guestOf, hostParty } from './harness/party.mjs';
import { startWorld } from './harness/world.mjs';

let world;
before(async () => (world = await startWorld()));
afterEach(() => world.everybodyLeaves());
after(() => world?.end());

test('who leaves the party in one tab has left it in the others, and can come back', { timeout: 60_000 }, async () => {
  const { host, invite } = await hostParty(world);
  const guest = await guestOf(world, invite, 'Grace');
  const other = await openTab(guest, invite);
  await other.getByTestId('leave').click();
  await guest.reads('message', 'You left the party');
  await host.reads('viewer-count', '1 viewer');
  await guest.page.getByRole('button', { name: 'Rejoin' }).click();
  await guest.inRoom();
});

test('a name that is only typed in another tab makes nobody somebody else', { timeout: 60_000 }, async () => {
  const { host, invite } = await hostParty(world);
  const other = await openTab(host, world.server.pageUrl);
  await other.getByTestId('display-name').fill('Bob');
  await other.getByTestId('room-name').click();
  await other.close();
  await host.page.goto(invite);
  await host.inRoom();
  assert.equal((await host.snapshot()).me.role, 'host');
});

test('a guest in fullscreen reads why a key does nothing', { timeout: 60_000 }, async () => {
  const { invite } = await hostParty(world);
  const guest = await guestOf(world, invite, 'Grace');
  await guest.hasLoaded();
  await guest.the('fullscreen').click();
  await guest.page.keyboard.press('k');
  await guest.reads('notice', 'Only Ada, the host, can do that.');
  const isSeen = () => document.fullscreenElement?.contains(document.querySelector('[data-testid="notice"]'));
  assert.ok(await guest.page.evaluate(isSeen), 'the notice is part of what fills the screen');
});

async function openTab(person, url) {
  const page = await person.context.newPage();
  await page.goto(url);
  return page;
}
