/**
 * Tests that everybody sees the same picture of films whose playlists tell durations that are wrong by a factor, so that
 * players look for a position in pieces far away, and that films play whose playlists lack something. Their pieces are those
 * of 3.4 s in `inexact/`.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { MEDIA } from './harness/paths.mjs';
import { PATIENCE_MS, seekTo, seeOnePicture } from './harness/pictures.mjs';
import { until } from './harness/poll.mjs';
import { startWorld } from './harness/world.mjs';

const PIECE_S = 3.4;
const FILM_MS = 102_000;
/** So near that the rest is soon over, and further away than a target duration or two, after which lists are read again. */
const NEAR_END_MS = 94_000;
/** Where the late joiner and the reloader find the room. */
const MIDDLE_MS = 20_017;
const EXACT = { exact: true };
/** For so long hls.js itself asks for a piece again and again. */
const HLS_RETRIES_MS = 31_000;
/** Clear pieces before the encrypted ones. */
const CLEAR = 5;
/** A playlist that lacks something, by what it lacks. */
const SPOILT = {
  'a beginning without blank lines': (_, address) => `\n \n#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=400000\n${address}\n`,
  'a piece': (text) => text.replace('fmp4-20.m4s', 'nothing.m4s'),
  'its first piece, as it says': (text) => text.replace('#EXTINF', '#EXT-X-GAP\n#EXTINF'),
  'its last piece': (text) => text.replace('fmp4-29.m4s', 'nothing.m4s'),
  'its last piece, as it says': (text) => text.replace(/#EXTINF.*\n.*fmp4-29.m4s/, '#EXT-X-GAP\n$&'),
  'an origin': (text) => text.replace(/^#EXT-X-KEY/m, (key) => `${clearPieces()}#EXT-X-DISCONTINUITY\n${key}`),
  'an end': (text) => text.replace('#EXT-X-ENDLIST', ''),
};
/** Backwards, forwards and near the end, as far as the playlist lets a room seek. */
const SEEKS_MS = [0, MIDDLE_MS, 34_000, 3_400, 49_950, 88_450, 15_950, 101_500, 20_300];

let world;
let playlists;
before(async () => {
  world = await startWorld();
  playlists = await startPlaylists();
});
afterEach(() => world.everybodyLeaves());
after(() => Promise.all([world?.end(), playlists?.stop()]));

for (const [kind, film] of [['fragmented MP4', 'fmp4'], ['transport streams', 'ts']]) {
  for (const factors of [[0.2], [0.5], [2], [5], [2, 0.5, 1, 5, 0.2]]) {
    const isUniform = factors.length === 1;
    const told = isUniform ? `${factors[0]} times as long as they are` : 'too long and too short by turns';
    test(`${kind} told ${told}: everybody sees one picture`, { timeout: 240_000 }, async () => {
      const host = await world.arriveReading('Ada');
      await host.createRoom(world.server.pageUrl);
      await host.paste(playlists.url(film, factors));
      await host.hasLoaded();
      const invite = await host.copyInvite();
      const watcher = await world.arriveReading('Grace');
      await watcher.join(invite);
      await watcher.hasLoaded();
      await seekTo([host, watcher], MIDDLE_MS, EXACT);
      const joiner = await world.arriveReading('Linus');
      await joiner.join(invite);
      await seeOnePicture([host, watcher, joiner], MIDDLE_MS, EXACT);
      await watcher.page.reload();
      await watcher.inRoom();
      await seeOnePicture([host, watcher, joiner], MIDDLE_MS, EXACT);
      const { duration_ms: durationMs } = (await host.snapshot()).media;
      const positions = SEEKS_MS.filter((positionMs) => positionMs < durationMs);
      for (const positionMs of positions) await seekTo([host, watcher, joiner], positionMs, EXACT);
    });
  }
}

for (const lack of ['an end', 'a beginning without blank lines']) {
  test(`a film whose playlist lacks ${lack} plays to its end`, { timeout: 120_000 }, async () => {
    const host = await world.arriveReading('Ada');
    await host.createRoom(world.server.pageUrl);
    await host.paste(playlists.url('fmp4', [1], lack));
    await host.hasLoaded();
    const asked = playlists.asked();
    const { duration_ms: durationMs, live } = (await host.snapshot()).media;
    assert.deepEqual([live, durationMs], [false, FILM_MS]);
    await seekTo([host], NEAR_END_MS, EXACT);
    await host.the('play-toggle').click();
    await until('the film to end', async () => (await host.snapshot()).playback.status === 'ended', PATIENCE_MS);
    await host.reads('sync', /^Ended in sync$/);
    assert.equal(playlists.asked(), asked, 'the playlist was read again');
  });
}

test('of a film that lacks a piece, the page says that a part can’t be loaded, and plays the rest', { timeout: 120_000 }, async () => {
  const host = await world.arriveReading('Ada');
  await host.createRoom(world.server.pageUrl);
  await host.paste(playlists.url('fmp4', [1], 'a piece'));
  await host.hasLoaded();
  await host.page.evaluate((to) => window.playhead.session.seek(to), 20.5 * PIECE_S * 1_000);
  const says = async () => (await host.the('overlay').innerText()).includes('A part of this film can’t be loaded.');
  await until('the page to say so', says, HLS_RETRIES_MS + PATIENCE_MS);
  await seekTo([host], NEAR_END_MS, EXACT);
  await host.the('overlay').waitFor({ state: 'hidden' });
});

test('a film whose playlist says that its first piece is missing plays from the second one on', { timeout: 60_000 }, async () => {
  const host = await world.arriveReading('Ada');
  await host.createRoom(world.server.pageUrl);
  await host.paste(playlists.url('fmp4', [1], 'its first piece, as it says'));
  await host.reads('overlay', 'A part of this film can’t be loaded.');
  await host.the('play-toggle').click();
  await host.reads('sync', /^In sync · /);
});

for (const lack of ['its last piece', 'its last piece, as it says']) {
  test(`a party doesn’t go on beyond a film whose playlist lacks ${lack}`, { timeout: 60_000 }, async () => {
    const host = await world.arriveReading('Ada');
    await host.createRoom(world.server.pageUrl);
    await host.paste(playlists.url('fmp4', [1], lack));
    await host.hasLoaded();
    await host.page.evaluate((to) => window.playhead.session.seek(to), NEAR_END_MS);
    await host.the('play-toggle').click();
    await host.status('ended');
  });
}

test('of encrypted pieces behind clear ones the page says that they aren’t held to the frame', { timeout: 120_000 }, async () => {
  const host = await world.arriveReading('Ada');
  await host.createRoom(world.server.pageUrl);
  await host.paste(playlists.url('aes', [1], 'an origin'));
  await host.hasLoaded();
  assert.equal((await host.snapshot()).media.timeline.kind, 'media');
  await host.the('play-toggle').click();
  await host.reads('sync', /^In sync · /);
  await host.page.evaluate((to) => window.playhead.session.seek(to), 2 * CLEAR * PIECE_S * 1_000);
  await host.reads('sync', 'In sync, though not to the exact frame');
  await host.the('play-toggle').click();
  await host.reads('sync', /^Paused$/);
  await host.page.evaluate(() => window.playhead.session.seek(0));
  await host.reads('sync', /^Paused in sync$/);
});

/** The first pieces of the clear film, as a playlist lists them. */
function clearPieces() {
  const names = Array.from({ length: CLEAR }, (_, n) => `ts-0${n}.ts`);
  return names.map((name) => `#EXTINF:${PIECE_S},\n${world.origin.url(`inexact/${name}`)}\n`).join('');
}

/**
 * Serves the playlists of films in `inexact/`; `url(film, factors)` tells each duration times the next of the factors, and
 * `url(film, factors, lack)` one that is spoilt. `asked()` counts the requests.
 */
async function startPlaylists() {
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    const { pathname, searchParams } = new URL(request.url, 'http://playlists.invalid');
    const film = pathname.slice(1).split('.')[0];
    const factors = searchParams.get('factors').split(',').map(Number);
    const address = (name) => world.origin.url(`inexact/${name}`);
    let piece = 0;
    const text = readFileSync(join(MEDIA, `inexact/${film}.m3u8`), 'utf8')
      .replace(/^#EXTINF:.*/gm, () => `#EXTINF:${(PIECE_S * factors[piece++ % factors.length]).toFixed(3)},`)
      .replace(/^#EXT-X-TARGETDURATION:.*/m, `#EXT-X-TARGETDURATION:${Math.ceil(PIECE_S * Math.max(...factors))}`)
      .replace(/URI="([^"]+)"/, (_, name) => `URI="${address(name)}"`)
      .replace(/^[^#\n].*/gm, address);
    response.setHeader('access-control-allow-origin', '*');
    const spoil = SPOILT[searchParams.get('lack')] ?? String;
    response.setHeader('content-type', 'application/vnd.apple.mpegurl').end(spoil(text, `${pathname}?factors=${factors}`));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${server.address().port}`;
  return {
    url: (film, factors, lack = '') => `${base}/${film}.m3u8?${new URLSearchParams({ factors: factors.join(','), lack })}`,
    asked: () => asked,
    stop: () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))),
  };
}
