/** Tests of what browsers can't play, and of films without a picture. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { guestOf, hostParty } from './harness/party.mjs';
import { ROOT } from './harness/paths.mjs';
import { clockMs } from './harness/poll.mjs';
import { plays, stands, together } from './harness/together.mjs';
import { startWorld } from './harness/world.mjs';
import { bundle } from './youtube/bundle.mjs';

const MEDIA_DOC = readFileSync(join(ROOT, 'docs/media.md'), 'utf8');
const ROW = /^\| `([^`]+)` \| \S+ \| `[^`]*` \| (\w+) \| ([^|,]+)[^|]* \|$/gm;
/** One frame, and a little for rounding: the films have 25 in a second. */
const LENGTH_APART_MS = 43;
/** What a shortfall means for the table. */
const LACKS = {
  none: 'plays it',
  sound_unsupported: 'without sound',
  picture_unsupported: 'without a picture',
  format_unsupported: 'not at all',
};

let world;
before(async () => (world = await startWorld({ env: { PLAYHEAD_LIMIT_RESOLVES_PER_MINUTE: '600' } })));
afterEach(() => world.everybodyLeaves());
after(() => world?.end());

test('a listening party shows a cover with the title and plays in sync', { timeout: 120_000 }, async () => {
  const { host, invite } = await hostParty(world, { link: world.origin.url('containers/party.mp3') });
  const guest = await guestOf(world, invite, 'Grace');
  await guest.hasLoaded();
  for (const person of [host, guest]) {
    await person.reads('cover', 'party');
    assert.equal(await person.the('shortfall').isVisible(), false);
  }
  await guest.picture('listening-party');
  const { media } = await host.snapshot();
  assert.equal(media.delivery[0].has_picture, false);
  assert.ok(Math.abs(media.duration_ms - 30_000) <= 50, `it is ${media.duration_ms} ms long`);

  let sinceMs = clockMs();
  await host.the('play-toggle').click();
  await together([host, guest], { what: 'play', sinceMs });
  sinceMs = clockMs();
  await host.the('seek').fill('15000');
  await together([host, guest], { what: 'seek', sinceMs, wanted: (one) => plays(one) && one.positionMs >= 15_000 });
  sinceMs = clockMs();
  await host.the('play-toggle').click();
  await together([host, guest], { what: 'pause', sinceMs, wanted: stands });
});

test('a stream with sound alone shows a cover too, and one with a picture doesn’t', { timeout: 120_000 }, async () => {
  const { host, invite } = await hostParty(world, { link: world.origin.url('hls/audio.m3u8') });
  const guest = await guestOf(world, invite, 'Grace');
  await guest.hasLoaded();
  for (const person of [host, guest]) await person.reads('cover', 'audio');
  await guest.picture('listening-party-hls');
  const sinceMs = clockMs();
  await host.the('play-toggle').click();
  await together([host, guest], { what: 'play', sinceMs });
  for (const person of [host, guest]) assert.equal(await person.the('cover').isVisible(), true);

  await host.paste(world.origin.url('hls/master.m3u8'));
  for (const person of [host, guest]) {
    await person.hasLoaded();
    await person.the('cover').waitFor({ state: 'hidden' });
  }
});

test('the host hears of sound that the browser can’t play before choosing it, and everyone does in the room', { timeout: 120_000 }, async () => {
  const host = await world.arrive('Ada');
  await host.createRoom(world.server.pageUrl);
  const guest = await guestOf(world, await host.copyInvite(), 'Grace');
  await host.paste(world.origin.url('containers/party-ac3.mp4'));
  await host.reads('shortfall-warning', 'This browser can’t play this film’s sound (Dolby Digital). Others may hear it.');
  assert.equal((await host.snapshot()).media, null, 'nothing is chosen yet');
  await host.picture('shortfall-warning');
  await host.the('watch-anyway').click();
  await Promise.all([host.hasLoaded(), guest.hasLoaded()]);
  for (const person of [host, guest]) await person.reads('shortfall', 'Dolby Digital');
  assert.equal(await guest.the('cover').isVisible(), false);
  await guest.picture('shortfall');
  // Another film is chosen at once, and nothing is said of it.
  await host.paste(world.origin.url('clip.mp4'));
  await Promise.all([host.hasLoaded(), guest.hasLoaded()]);
  await guest.the('shortfall').waitFor({ state: 'hidden' });
});

test('where a picture can’t be played, the cover and the reason are shown', { timeout: 120_000 }, async () => {
  const host = await world.arrive('Ada');
  await host.createRoom(world.server.pageUrl);
  await host.paste(world.origin.url('containers/mpeg4.mp4'));
  await host.reads('shortfall-warning', 'MPEG-4 Visual');
  await host.the('watch-anyway').click();
  await host.reads('cover', 'mpeg4');
  await host.reads('shortfall', 'This browser can’t play this film’s picture (MPEG-4 Visual). Others may see it.');
});

test('every file of docs/media.md plays as it says there, and none plays black or silent untold', { timeout: 240_000 }, async () => {
  const rows = [...MEDIA_DOC.matchAll(ROW)].map(([, file, length, said]) => ({ file, length, said }));
  assert.ok(rows.length > 50, `only ${rows.length} rows`);
  const host = await world.arrive('Ada');
  await host.createRoom(world.server.pageUrl);
  await host.page.evaluate(
    await bundle("import { findShortfall } from 'playhead-sdk/shortfall'; globalThis.findShortfall = findShortfall;"),
  );
  const wrong = [];
  for (const { file, length, said } of rows) {
    const { delivered, lastsMs, shortfall, seen } = await host.page.evaluate(playOne, world.origin.url(`containers/${file}`));
    const lost = [delivered.has_sound && !seen.sound, delivered.has_picture && !seen.picture];
    const rest = [delivered.has_sound, delivered.has_picture].every((has, n) => !has || lost[n]);
    const found = rest ? 'not at all' : lost[0] ? 'without sound' : lost[1] ? 'without a picture' : 'plays it';
    if (found !== said) wrong.push(`${file}: ${found}, not ${said}`);
    const apartMs = Math.abs(lastsMs - seen.lastsMs);
    // The browser estimates such lengths itself.
    if (length !== 'estimated' && lastsMs !== null && seen.lastsMs !== null && apartMs > LENGTH_APART_MS) wrong.push(`${file}: ${lastsMs} ms, but plays ${seen.lastsMs} ms`);
    const told = LACKS[shortfall ?? 'none'];
    // A failure has its own message.
    if (told !== found && !(seen.failed && told === 'plays it')) wrong.push(`${file}: ${found}, but told ${told}`);
  }
  assert.deepEqual(wrong, []);
});

/** Resolves a link, plays it for a moment and returns what was decoded; runs in the page. */
async function playOne(link) {
  const { access_token: token } = JSON.parse(localStorage.getItem('playhead.identity'));
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const answer = await fetch('/api/v1/sources/resolve', { method: 'POST', headers, body: JSON.stringify({ link }) });
  const { source } = await answer.json();
  const video = Object.assign(document.createElement('video'), { src: link, muted: true });
  const failed = await new Promise((resolve) => {
    video.onerror = () => resolve(true);
    video.ontimeupdate = () => video.currentTime > 0.3 && resolve(false);
    video.onended = () => resolve(false);
    video.play().catch(() => undefined);
    setTimeout(() => resolve(false), 8_000);
  });
  const seen = {
    failed,
    // Neither a failure nor a live recording has one.
    lastsMs: Number.isFinite(video.duration) ? Math.round(video.duration * 1000) : null,
    picture: video.webkitVideoDecodedByteCount > 0,
    sound: video.webkitAudioDecodedByteCount > 0,
  };
  video.removeAttribute('src');
  video.load();
  return { delivered: source.delivery[0], lastsMs: source.duration_ms, shortfall: globalThis.findShortfall(source)?.code, seen };
}
