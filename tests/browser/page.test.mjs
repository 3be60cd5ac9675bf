/** Tests of the page itself: early requests, keyboard, phone sizes and the handover of the host role. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { guestOf, hostParty } from './harness/party.mjs';
import { PHONE } from './harness/person.mjs';
import { clockMs, until } from './harness/poll.mjs';
import { plays, together } from './harness/together.mjs';
import { startWorld } from './harness/world.mjs';

const NARROW = { ...PHONE, viewport: { width: 360, height: 740 } };
const SIDEWAYS = { ...PHONE, viewport: { width: 844, height: 390 } };
const FINGER_PX = 44;

let world;
before(async () => (world = await startWorld()));
afterEach(() => world.everybodyLeaves());
after(() => world?.end());

/** Returns how far the page can be scrolled sideways. */
const sidewaysPx = ({ page }) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/** Lists the controls that are smaller than a finger. */
const smallTargets = ({ page }) =>
  page.evaluate((least) => {
    const targets = [...document.querySelectorAll('button, select, input, a[href]')].filter((one) => one.checkVisibility());
    return targets.flatMap((target) => {
      // A radio button or a box to tick can be pressed by its label, too.
      const pressed = target.matches('input[type=radio], input[type=checkbox]') ? target.closest('label') : target;
      const { width, height } = pressed.getBoundingClientRect();
      const name = target.dataset.testid ?? target.getAttribute('aria-label') ?? target.textContent;
      return Math.round(height) < least || Math.round(width) < least ? [`${name}: ${width} × ${height}`] : [];
    });
  }, FINGER_PX);

/** Delays the page's program until the page has sent a request without it. Returns a function that waits for that. */
async function holdsProgramUntil(page, isWanted) {
  const asked = page.waitForRequest(isWanted);
  asked.catch(() => undefined);
  await page.route('**/assets/index-*.js', async (route) => {
    await asked;
    await route.continue();
  });
  return () => asked;
}

test('a returning guest joins before the page’s program has loaded, and only once', { timeout: 120_000 }, async () => {
  const { invite } = await hostParty(world);
  const guest = await guestOf(world, invite, 'Grace');
  const { page } = guest;
  const asked = [];
  const complaints = [];
  page.on('request', (request) => request.method() === 'POST' && asked.push(new URL(request.url()).pathname));
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  const joined = await holdsProgramUntil(page, (request) => request.url().endsWith('/join'));
  await page.reload({ waitUntil: 'commit' });
  await joined();
  await guest.inRoom();
  assert.deepEqual(asked.map((path) => path.split('/').at(-1)), ['join']);
  assert.deepEqual(complaints, []);
});

for (const [testid, film] of [['sample-mp4', 'clip.mp4'], ['sample-hls', 'clip.m3u8']]) {
  test(`${film} is requested before the page’s program has loaded, and only once`, { timeout: 120_000 }, async () => {
    const host = await world.arrive('Ada');
    await host.createRoom(world.server.pageUrl);
    await host.the(testid).click();
    await host.hasLoaded();
    const guest = await guestOf(world, await host.copyInvite(), 'Grace');
    const { page } = guest;
    const begun = [];
    const complaints = [];
    const isBeginning = (request) =>
      request.url().endsWith(`/sample/${film}`) && ['bytes=0-', undefined].includes(request.headers()['range']);
    page.on('request', (request) => isBeginning(request) && begun.push(request.url()));
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()));
    const asked = await holdsProgramUntil(page, isBeginning);
    await page.reload({ waitUntil: 'commit' });
    await asked();
    await guest.inRoom();
    await guest.hasLoaded();
    assert.equal(begun.length, 1, `${begun}`);
    assert.deepEqual(complaints, []);
  });
}

test('a party can be started, controlled and left by keyboard alone', { timeout: 120_000 }, async () => {
  const host = await world.arrive('Ada');
  const { keyboard } = host.page;
  await host.page.goto(world.server.pageUrl);
  await host.tabTo('display-name');
  await keyboard.type('Ada');
  await host.tabTo('create-room');
  await keyboard.press('Enter');
  await host.inRoom();

  await host.tabTo('sample-hls');
  await keyboard.press('Enter');
  await host.hasLoaded();
  await host.page.evaluate(() => document.activeElement?.blur());
  await keyboard.press('Space');
  await host.status('playing');
  await keyboard.press('Space');
  await host.status('paused');

  await host.tabTo('play-toggle');
  await keyboard.press('Space');
  await host.status('playing');
  await keyboard.press('k');
  await host.status('paused');

  const { playback } = await host.snapshot();
  await keyboard.press('ArrowRight');
  const movedBy = async (ms) => Math.abs((await host.snapshot()).playback.position_ms - playback.position_ms - ms) < 200;
  await until('the right arrow to seek forward by five seconds', () => movedBy(5_000));
  await keyboard.press('ArrowLeft');
  await until('the left arrow to seek back', () => movedBy(0));

  await keyboard.press('m');
  assert.equal(await host.the('video').evaluate((video) => video.muted), true);
  await host.tabTo('rate');
  await keyboard.press('ArrowDown');
  await until('the menu to change the rate', async () => (await host.snapshot()).playback.rate === 1.25);

  // The focus is visible at every stop of the Tab key.
  await host.page.evaluate(() => document.activeElement?.blur());
  for (let stop = 0; stop < 12; stop += 1) {
    await keyboard.press('Tab');
    const ring = await host.page.evaluate(() => {
      const element = document.activeElement;
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
      const name = element.dataset.testid ?? element.outerHTML.slice(0, 80);
      const ringed = (outlineStyle !== 'none' && outlineWidth !== '0px') || boxShadow !== 'none';
      // A slider's ring is on its thumb, whose style no script can read; after the last stop the window has the focus.
      return { name, seen: ringed || element.matches('body, input[type="range"]') };
    });
    assert.ok(ring.seen, `the focus on ${ring.name} is visible`);
  }
  await host.page.evaluate(() => document.activeElement?.blur());
  await host.tabTo('leave');
  await keyboard.press('Enter');
  await host.the('create-room').waitFor();
});

test('? lists the keyboard shortcuts, Escape closes the list, and no key in it controls the party', { timeout: 60_000 }, async () => {
  const { host } = await hostParty(world);
  const { version } = await host.snapshot();
  await host.page.keyboard.press('?');
  await host.page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
  await host.page.keyboard.press('k');
  await host.picture('shortcuts');
  await host.page.keyboard.press('Escape');
  await host.the('shortcuts').waitFor({ state: 'detached' });
  assert.equal((await host.snapshot()).version, version);
});

test('on a phone nothing overflows and every control is large enough for a finger', { timeout: 120_000 }, async () => {
  const { host, invite } = await hostParty(world, { screen: NARROW });
  const guest = await world.arrive('Grace Hopper with quite a long name', { screen: NARROW });
  await guest.page.goto(world.server.pageUrl);
  assert.equal(await sidewaysPx(guest), 0, 'the home page');
  assert.deepEqual(await smallTargets(guest), [], 'the home page');
  await guest.page.goto(invite);
  assert.equal(await sidewaysPx(guest), 0, 'the invitation');
  assert.deepEqual(await smallTargets(guest), [], 'the invitation');
  await guest.join(invite);
  await guest.hasLoaded();
  for (const person of [host, guest]) {
    assert.equal(await sidewaysPx(person), 0, `the room of ${person.name}`);
    assert.deepEqual(await smallTargets(person), [], `the room of ${person.name}`);
  }

  const sinceMs = clockMs();
  await host.the('play-toggle').tap();
  await together([host, guest], { what: 'play by a tap', sinceMs });
  await guest.the('play-toggle').tap({ force: true });
  await guest.reads('notice', 'Only Ada, the host, can do that.');
  assert.equal(await sidewaysPx(guest), 0, 'with a notice');
});

test('on a phone on its side the whole picture and every control fit the screen', { timeout: 120_000 }, async () => {
  const { host } = await hostParty(world, { screen: SIDEWAYS });
  await host.picture('sideways-phone');
  const { height } = SIDEWAYS.viewport;
  for (const part of ['.stage', '.controls']) {
    const box = await host.page.locator(part).boundingBox();
    assert.ok(box.y >= 0 && box.y + box.height <= height, `${part}: ${JSON.stringify(box)}`);
  }
  assert.equal(await sidewaysPx(host), 0);
});

test('the host makes a guest the host, who then controls playback', { timeout: 120_000 }, async () => {
  const { host, invite } = await hostParty(world);
  const guest = await guestOf(world, invite, 'Grace');
  await guest.hasLoaded();
  await host.the('manage').click();
  await host.the('make-host').click();
  await host.the('confirm').getByRole('button', { name: 'Make host' }).click();
  await guest.the('link-input').waitFor();
  assert.equal((await guest.snapshot()).me.role, 'host');
  const sinceMs = clockMs();
  await guest.the('play-toggle').click();
  await together([host, guest], { what: 'the new host plays', sinceMs });
  await host.the('play-toggle').click({ force: true });
  await host.reads('notice', 'Only Grace, the host, can do that.');
});

for (const [size, screen] of [['desktop', {}], ['phone', { screen: PHONE }]]) {
  test(`at ${size} size the invite button stays as wide when it has copied the link`, { timeout: 60_000 }, async () => {
    const host = await world.arrive('Ada', screen);
    await host.createRoom(world.server.pageUrl);
    const { width } = await host.the('invite-link').boundingBox();
    await host.the('invite-link').click();
    await host.reads('invite-link', 'copied');
    assert.equal((await host.the('invite-link').boundingBox()).width, width);
    await host.picture(`copied-${size}`);
  });
}

for (const [size, screen] of [['desktop', {}], ['phone', { screen: PHONE }]]) {
  test(`the page is photographed at ${size} size`, { timeout: 120_000 }, async () => {
    const visitor = await world.arrive('Visitor', screen);
    await visitor.page.goto(world.server.pageUrl);
    await visitor.the('create-room').waitFor();
    const { host, invite } = await hostParty(world, screen);
    const guest = await world.arrive('Grace', screen);
    await guest.page.goto(invite);
    await guest.the('join-room').waitFor();
    await guest.picture(`invitation-${size}`);
    await guest.join(invite);
    await guest.hasLoaded();
    await host.picture(`room-paused-${size}`);
    await host.the('seek').fill('42500');
    await host.the('subtitle').selectOption({ label: 'English (captions)' });
    const sinceMs = clockMs();
    await host.the('play-toggle').click();
    const hasCue = (one) => plays(one) && one.cue !== null;
    await together([host, guest], { what: 'playing for the screenshot', sinceMs, wanted: hasCue });
    await host.picture(`room-host-${size}`);
    await guest.picture(`room-guest-${size}`);
    await host.picture(`room-host-whole-${size}`, { fullPage: true });
    await visitor.picture(`home-${size}`);
  });
}
