/** Tests of the sync status and its settings. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { guestOf, hostParty } from './harness/party.mjs';
import { PHONE } from './harness/person.mjs';
import { clockMs, until } from './harness/poll.mjs';
import { plays, together } from './harness/together.mjs';
import { startWorld } from './harness/world.mjs';

const IN_SYNC = /^In sync · \d+(\.\d)? ms ± \d+(\.\d)? ms$/;
const OFFSET_MS = 200;
/** The error of a position on a busy machine; far less than the offset. */
const NEAR_MS = 60;
const NEAR_SAMPLES = 5;
const FINGER_PX = 44;

let world;
before(async () => (world = await startWorld()));
afterEach(() => world.everybodyLeaves());
after(() => world?.end());

test('each page shows how far it is from the party, and only the host’s shows how far all are apart', { timeout: 180_000 }, async () => {
  const { host, invite } = await hostParty(world);
  const guests = [await guestOf(world, invite, 'Grace'), await guestOf(world, invite, 'Linus')];
  const everybody = [host, ...guests];
  for (const person of everybody) await person.hasLoaded();
  for (const person of everybody) await person.reads('sync', /^Paused in sync$/);

  const sinceMs = clockMs();
  await host.the('play-toggle').click();
  await together(everybody, { what: 'play, three pages', sinceMs });
  for (const person of everybody) await person.reads('sync', IN_SYNC);
  await host.reads('sync-spread', /^Everyone within \d+(\.\d)? ms · 3 players$/);
  for (const guest of guests) assert.equal(await guest.the('sync-spread').isVisible(), false, `${guest.name} doesn’t control playback`);
  await host.picture('sync-host-desktop');

  await guests[0].page.evaluate(() => window.playhead.player.hold());
  await guests[0].reads('sync', 'On hold, not in sync');
  // A player on hold doesn't report its position.
  await host.reads('sync-spread', /^2 of 3 viewers within \d+(\.\d)? ms$/);
  await guests[0].page.evaluate(() => window.playhead.player.release());
  await guests[0].reads('sync', IN_SYNC);

  await host.page.locator('.person', { hasText: 'Linus' }).getByTestId('manage').click();
  await host.the('make-host').click();
  await host.the('confirm').getByRole('button', { name: 'Make host' }).click();
  await guests[1].reads('sync-spread', /· 3 players$/);
  await host.the('sync-spread').waitFor({ state: 'hidden' });

  await guests[1].the('play-toggle').click();
  for (const person of everybody) await person.reads('sync', /^Paused in sync( · \d+ ms)?$/);
  // What was measured during playback is out of date.
  await guests[1].the('sync-spread').waitFor({ state: 'hidden' });
});

test('a device with an audio delay plays ahead by as much, and keeps that and its profile over a reload', { timeout: 180_000 }, async () => {
  const { host, invite } = await hostParty(world);
  const guest = await guestOf(world, invite, 'Grace');
  await guest.hasLoaded();
  let sinceMs = clockMs();
  await host.the('play-toggle').click();
  await together([host, guest], { what: 'play', sinceMs });

  await opens(guest);
  assert.equal(await guest.the('sync-offset').inputValue(), '0');
  await guest.the('sync-offset').fill(String(OFFSET_MS));
  await guest.the('sync-offset').press('Enter');
  await profile(guest, 'Tight').check();
  await isAhead(guest, OFFSET_MS);
  await isAhead(host, 0);
  await guest.reads('sync', IN_SYNC);

  await guest.page.reload();
  await guest.inRoom();
  await isAhead(guest, OFFSET_MS);
  await guest.reads('sync', IN_SYNC);
  await opens(guest);
  assert.equal(await guest.the('sync-offset').inputValue(), String(OFFSET_MS));
  assert.equal(await profile(guest, 'Tight').isChecked(), true);

  await guest.the('sync-offset-reset').click();
  assert.equal(await guest.the('sync-offset').inputValue(), '0');
  sinceMs = clockMs();
  await together([host, guest], { what: 'without the offset', sinceMs, withinMs: NEAR_MS });

  await profile(guest, 'Free').check();
  await guest.reads('sync', /^Free-running · \d+(\.\d)? ms( behind| ahead)? ± \d+(\.\d)? ms$/);
});

test('the settings work by keyboard alone, and affect nobody else', { timeout: 120_000 }, async () => {
  const { host } = await hostParty(world);
  const { keyboard } = host.page;
  const { version } = await host.snapshot();
  await host.tabTo('sync-settings');
  await keyboard.press('Enter');
  assert.equal(await host.the('sync-settings').getAttribute('aria-expanded'), 'true');
  assert.equal(await host.focused('value'), 'default');
  await keyboard.press('ArrowDown');
  await keyboard.press('k');
  assert.equal((await host.playerSnapshot()).profile, 'relaxed');

  await host.tabTo('sync-offset');
  await keyboard.press('ArrowUp');
  assert.equal((await host.playerSnapshot()).offsetMs, 10);
  await host.tabTo('sync-offset-more');
  await keyboard.press('Enter');
  await keyboard.press('Space');
  assert.equal((await host.playerSnapshot()).offsetMs, 30);
  // Outside the panel these two keys would seek and play.
  await keyboard.press('ArrowRight');
  await keyboard.press('k');
  await keyboard.press('Shift+Tab');
  await typesOver(host, '99999');
  assert.equal((await host.playerSnapshot()).offsetMs, 5_000, 'the player’s limit');
  await typesOver(host, '-35.4');
  assert.equal((await host.playerSnapshot()).offsetMs, -35);
  await typesOver(host, '-');
  assert.equal(await host.the('sync-offset').inputValue(), '-35', 'text that is no number changes nothing');
  await keyboard.press('Shift+Tab');
  await keyboard.press('Enter');
  assert.equal((await host.playerSnapshot()).offsetMs, -45);

  await keyboard.press('Escape');
  assert.equal(await host.the('sync-panel').isVisible(), false);
  assert.equal(await host.focused(), 'sync-settings');
  await keyboard.press('Space');
  assert.equal(await host.focused('value'), 'relaxed');
  await host.tabTo('sync-offset-reset');
  await keyboard.press('Tab');
  assert.equal(await host.the('sync-panel').isVisible(), false, 'tabbing out closes the panel');
  assert.equal((await host.snapshot()).version, version);
});

for (const [size, screen] of [['desktop', {}], ['phone', { screen: PHONE }]]) {
  test(`the settings fit at ${size} size, and a press outside closes them`, { timeout: 120_000 }, async () => {
    const { host, invite } = await hostParty(world, screen);
    const guest = await guestOf(world, invite, 'Grace', screen);
    await guest.hasLoaded();
    await host.the('play-toggle').click();
    for (const person of [host, guest]) await person.reads('sync', IN_SYNC);
    await host.reads('sync-spread', '2 players');
    await host.picture(`sync-status-${size}`);
    for (const person of [host, guest]) await opens(person);
    await guest.picture(`sync-panel-${size}`);
    await host.page.emulateMedia({ colorScheme: 'dark' });
    await host.picture(`sync-panel-dark-${size}`);

    const { box, small, screenBox } = await measures(guest);
    assert.ok(box.left >= 0 && box.top >= 0, `${size}: ${JSON.stringify(box)}`);
    assert.ok(box.right <= screenBox.width && box.bottom <= screenBox.height, `${size}: ${JSON.stringify(box)}`);
    assert.deepEqual(small, [], 'every control is large enough for a finger');
    await guest.page.locator('.top-name').click();
    await guest.the('sync-panel').waitFor({ state: 'hidden' });
  });
}

async function opens(person) {
  await person.the('sync-settings').click();
  await person.the('sync-panel').waitFor();
}

const profile = (person, name) => person.the('sync-profile').getByRole('radio', { name });

/** Replaces the text of the focused field. */
async function typesOver({ page }, text) {
  await page.keyboard.press('Control+a');
  await page.keyboard.type(text);
  await page.keyboard.press('Enter');
}

/** Waits until the page plays `aheadMs` ahead of the room in several consecutive samples. */
async function isAhead(person, aheadMs) {
  person.samples.length = 0;
  let lastMs = [];
  await until(`${person.name} to be ${aheadMs} ms ahead`, async () => {
    await person.watch();
    const last = person.samples.slice(-NEAR_SAMPLES);
    lastMs = last.map(({ positionMs, expectedMs }) => positionMs - expectedMs);
    return last.length === NEAR_SAMPLES && last.every(plays) && lastMs.every((ms) => Math.abs(ms - aheadMs) <= NEAR_MS);
  });
  console.log(`${person.name}: ${lastMs.map((ms) => ms.toFixed(1)).join(', ')} ms ahead`);
}

/** Returns the bounds of the open panel, and its controls that are smaller than a finger. */
function measures({ page }) {
  return page.evaluate((least) => {
    const panel = document.querySelector('[data-testid="sync-panel"]');
    const small = [...panel.querySelectorAll('button, input')].flatMap((target) => {
      // A radio button can be pressed by its label, too.
      const { width, height } = (target.closest('label') ?? target).getBoundingClientRect();
      return Math.round(Math.min(width, height)) < least ? [`${target.outerHTML}: ${width} × ${height}`] : [];
    });
    const screenBox = { width: innerWidth, height: innerHeight };
    return { box: panel.getBoundingClientRect().toJSON(), small, screenBox };
  }, FINGER_PX);
}
