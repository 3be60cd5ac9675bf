/** Tests of one person with several tabs, or with the player in fullscreen. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { guestOf, hostParty } from './harness/party.mjs';
import { PHONE } from './harness/person.mjs';
import { startWorld } from './harness/world.mjs';

const SIDEWAYS = { ...PHONE, viewport: { width: 740, height: 360 } };
const FINGER_PX = 44;

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

test('a host who takes another name for another party is still the host of the first one', { timeout: 60_000 }, async () => {
  const { host, invite } = await hostParty(world);
  const guest = await guestOf(world, invite, 'Grace');
  const other = await openTab(host, world.server.pageUrl);
  await other.getByTestId('display-name').fill('Bob');
  await other.getByTestId('create-room').click();
  await other.getByTestId('invite-link').waitFor();
  await host.page.goto(invite);
  await host.inRoom();
  assert.equal((await host.snapshot()).me.role, 'host');
  await guest.page.getByText('Bob', { exact: true }).first().waitFor();
});

for (const [where, options] of [['', {}], [' on a phone held sideways', { screen: SIDEWAYS }]]) {
  test(`a guest in fullscreen${where} reads why a key does nothing`, { timeout: 60_000 }, async () => {
    const { invite } = await hostParty(world);
    const guest = await guestOf(world, invite, 'Grace', options);
    await guest.hasLoaded();
    await guest.the('fullscreen').click();
    await guest.page.keyboard.press('k');
    await guest.reads('notice', 'Only Ada, the host, can do that.');
    const isSeen = () => document.fullscreenElement?.contains(document.querySelector('[data-testid="notice"]'));
    assert.ok(await guest.page.evaluate(isSeen), 'the notice is part of what fills the screen');
    const { height } = await guest.page.locator('.notice').first().boundingBox();
    assert.ok(height < 2 * FINGER_PX, `it is ${height} px high`);
    await guest.picture(`fullscreen-notice${where.replaceAll(' ', '-')}`);
  });
}

test('an unusable name on the home page is said before another one is taken', { timeout: 60_000 }, async () => {
  const { host, invite } = await hostParty(world);
  const other = await openTab(host, world.server.pageUrl);
  await other.getByTestId('display-name').fill('A'.repeat(41));
  await other.getByTestId('join-input').fill(invite);
  await other.getByTestId('join-submit').click();
  await other.getByText('Use at most 40 characters.').waitFor();
  assert.equal(other.url(), `${world.server.pageUrl}/`);
});

async function openTab(person, url) {
  const page = await person.context.newPage();
  await page.goto(url);
  return page;
}
