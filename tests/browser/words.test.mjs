/** Tests of the texts that the page shows when something goes wrong or ends. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { FILM, guestOf, hostParty } from './harness/party.mjs';
import { freePort } from './harness/free-port.mjs';
import { clockMs } from './harness/poll.mjs';
import { framesAdvance, together } from './harness/together.mjs';
import { startWorld } from './harness/world.mjs';

let world;
before(async () => (world = await startWorld()));
afterEach(() => world.everybodyLeaves());
after(() => world?.end());

test('a link that can’t be played is explained beside its field, and the current media stays', { timeout: 120_000 }, async () => {
  const { host } = await hostParty(world);
  const { version } = await host.snapshot();
  const closed = await freePort();
  const refusals = [
    ['not a link', /doesn’t look like a link/],
    ['http://10.0.0.1/film.m3u8', /isn’t allowed to visit that address/],
    ['http://[::ffff:192.168.0.1]/film.mp4', /isn’t allowed to visit that address/],
    [`http://127.0.0.1:${closed}/film.m3u8`, /Can’t reach that site/],
    [world.origin.url('page.html'), /leads to a web page/],
    [world.origin.url('nothing-here.m3u8'), /nothing at that address/],
    [world.origin.url('missing.m3u8'), /playlist is there, but the media that it lists isn't/],
    [world.origin.url('empty.m3u8'), /damaged|can’t play/],
  ];
  const error = host.page.locator('.media-form .field-error');
  for (const [link, words] of refusals) {
    await host.the('link-input').fill('');
    await host.paste(link);
    await error.filter({ hasText: words }).waitFor();
    assert.equal(await host.the('link-input').inputValue(), link, 'the typed link stays');
  }
  await host.picture('link-refused');
  await host.page.setViewportSize({ width: 390, height: 844 });
  await error.scrollIntoViewIfNeeded();
  await host.picture('link-refused-phone');
  assert.equal((await host.snapshot()).version, version);
});

test('a stream whose origin sends no CORS headers is explained to the host before choosing it, then over the video', { timeout: 120_000 }, async () => {
  const host = await world.arrive('Ada');
  await host.createRoom(world.server.pageUrl);
  await host.paste(world.origin.url(`nocors/${FILM}`));
  await host.reads('shortfall-warning', 'doesn’t allow other pages to play it');
  assert.equal((await host.snapshot()).media, null, 'nothing is chosen yet');
  await host.the('watch-anyway').click();
  await host.reads('overlay', 'doesn’t allow other pages to play it');
  await host.picture('cors-missing');
  assert.equal(await host.the('reload').innerText(), 'Try again');
  await host.page.setViewportSize({ width: 390, height: 844 });
  await host.picture('cors-missing-phone');
  // The party continues: another link plays.
  await host.paste(world.origin.url(FILM));
  await host.hasLoaded();
});

test('a browser that needs a tap before it plays shows a button, and a tap on it starts playback in sync', { timeout: 120_000 }, async () => {
  const { host, invite } = await hostParty(world);
  const strict = ['--autoplay-policy=document-user-activation-required'];
  const guest = await world.arriveBare('Grace', { switches: strict });
  await guest.returns(invite);
  await guest.waitsFor("window.playhead.player.getSnapshot().state === 'paused'");
  let sinceMs = clockMs();
  await host.the('play-toggle').click();
  await guest.waitsFor('document.querySelector(\'[data-testid="unblock"]\')?.checkVisibility()', 'the button to tap');
  assert.equal(await guest.evaluate('window.playhead.player.getSnapshot().state'), 'blocked');
  assert.match(await guest.evaluate('document.querySelector(\'[data-testid="overlay"]\').innerText'), /needs a tap/);
  await guest.picture('autoplay-blocked');
  await together([host], { what: 'the host alone', sinceMs });

  sinceMs = clockMs();
  await guest.presses('unblock');
  await together([host, guest], { what: 'a tap', sinceMs });
  await framesAdvance([host, guest], { sinceMs });
});

test('the end of the party is announced to everyone, and to those who come later', { timeout: 120_000 }, async () => {
  const { host, invite } = await hostParty(world);
  const guest = await guestOf(world, invite, 'Grace');
  const status = await host.page.evaluate(async () => {
    const { access_token: token } = JSON.parse(localStorage.getItem('playhead.identity'));
    const { room_id: roomId } = window.playhead.session.getSnapshot().room;
    const answer = await fetch(`/api/v1/rooms/${roomId}`, { method: 'DELETE', headers: { authorization: `Bearer ${token}` } });
    return answer.status;
  });
  assert.ok(status >= 200 && status < 300, `${status}`);
  for (const person of [host, guest]) await person.reads('message', 'This party has ended');
  await guest.picture('ended');
  await guest.page.setViewportSize({ width: 390, height: 844 });
  await guest.picture('ended-phone');

  const late = await world.arrive('Linus');
  await late.page.goto(invite);
  await late.the('display-name').fill('Linus');
  await late.the('join-room').click();
  await late.reads('message', /ended|no party at this address/);
});

test('an invite to no party, and an unknown address, say so and lead to the home page', { timeout: 120_000 }, async () => {
  const lost = await world.arrive('Grace');
  await lost.page.goto(new URL('/r/zzzzzzzz', world.server.pageUrl).href);
  // Nobody without a name can ask whether the party exists, so the page doesn't say that it does.
  await lost.page.getByRole('heading', { name: 'Join a watch party' }).waitFor();
  await lost.the('display-name').fill('Grace');
  await lost.the('join-room').click();
  await lost.reads('message', 'There’s no party at this address');
  await lost.picture('no-such-party');
  await lost.page.getByRole('button', { name: 'Go to the home page' }).click();
  await lost.the('create-room').waitFor();

  for (const path of ['/nowhere', '/r/abc%', '/far/away', '/far//away/', '/r/abc/def']) {
    const response = await lost.page.goto(new URL(path, world.server.pageUrl).href);
    assert.equal(response.status(), path === '/r/abc%' ? 200 : 404, path);
    await lost.reads('message', 'There’s no page at this address.');
  }
  await lost.picture('no-such-page');
  await lost.page.getByRole('button', { name: 'Go to the home page' }).click();
  await lost.the('create-room').waitFor();
  assert.equal(new URL(lost.page.url()).pathname, '/');
});

test('a form without a name asks for one instead of doing nothing', { timeout: 60_000 }, async () => {
  const host = await world.arrive('Ada');
  await host.page.goto(world.server.pageUrl);
  await host.the('create-room').click();
  await host.page.getByRole('alert').filter({ hasText: 'Enter your name first.' }).waitFor();
  for (const text of ['??', 'https://example.test/film.mp4']) {
    await host.the('join-input').fill(text);
    await host.the('join-submit').click();
    await host.page.getByRole('alert').filter({ hasText: 'isn’t an invite link or a party code' }).waitFor();
  }
});
