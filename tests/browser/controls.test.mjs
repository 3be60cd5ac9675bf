/** Tests of media keys, of choosing a film, and of the list of participants. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { guestOf, hostParty } from './harness/party.mjs';
import { startWorld } from './harness/world.mjs';

let world;
before(async () => (world = await startWorld()));
afterEach(() => world.everybodyLeaves());
after(() => world?.end());

test('a media key of the host pauses for everyone, and guests’ keys are left to the browser', { timeout: 60_000 }, async () => {
  const host = await world.arrive('Ada');
  await notesKeys(host);
  await host.createRoom(world.server.pageUrl);
  await host.the('sample-mp4').click();
  await host.hasLoaded();
  const guest = await world.arrive('Grace');
  await notesKeys(guest);
  await guest.join(await host.copyInvite());
  await guest.hasLoaded();
  assert.deepEqual(await keysOf(guest), []);
  assert.deepEqual(await keysOf(host), ['pause', 'play', 'seekbackward', 'seekforward']);
  const { version } = await host.snapshot();
  for (const [key, status] of [['pause', 'paused'], ['play', 'playing'], ['play', 'playing'], ['pause', 'paused']]) {
    await host.page.evaluate((pressed) => window.keys[pressed](), key);
    await guest.status(status);
  }
  // The first one has nothing to pause, and the system may offer to play what plays already; a start may wait for players.
  assert.ok((await guest.snapshot()).version <= version + 3, 'one start and one pause');
});

test('a film that is chosen later isn’t replaced by a link that takes longer', { timeout: 60_000 }, async () => {
  const host = await world.arrive('Ada');
  const { page } = host;
  await host.createRoom(world.server.pageUrl);
  let answer;
  const answered = new Promise((resolve) => (answer = resolve));
  await page.route('**/sources/resolve', async (route) => {
    await answered;
    await route.continue();
  });
  const asked = page.waitForRequest('**/sources/resolve');
  await host.paste(world.origin.url('film.mp4'));
  await asked;
  await host.the('sample-mp4').click();
  await host.hasLoaded();
  const { media } = await host.snapshot();
  const resolved = page.waitForResponse('**/sources/resolve');
  answer();
  await (await resolved).finished();
  // A page that chose it would have sent that by the time the next command is answered.
  await page.evaluate(() => window.playhead.session.seek(1_000));
  assert.equal((await host.snapshot()).media.media_id, media.media_id);
  assert.equal(await host.the('link-input').inputValue(), world.origin.url('film.mp4'), 'what was typed stays');
});

test('a focused button of a participant keeps the focus when somebody comes', { timeout: 60_000 }, async () => {
  const { host, invite } = await hostParty(world);
  await guestOf(world, invite, 'Grace');
  const button = host.page.getByRole('button', { name: 'Manage Grace' });
  await button.focus();
  await guestOf(world, invite, 'Linus');
  await host.page.getByRole('button', { name: 'Manage Linus' }).waitFor();
  assert.equal(await host.focused('aria-label'), 'Manage Grace');
});

/** Has a page note which media keys it handles, and how. */
function notesKeys({ context }) {
  return context.addInitScript(() => {
    window.keys = {};
    navigator.mediaSession.setActionHandler = (action, handler) => {
      if (handler) window.keys[action] = handler;
      else delete window.keys[action];
    };
  });
}

function keysOf({ page }) {
  return page.evaluate(() => Object.keys(window.keys).sort());
}
