/**
 * Tests that everybody sees the same picture of films whose playlists tell nominal durations. The frame number that is
 * burnt into the picture decides, never what a player says of itself.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { PATIENCE_MS, seekTo, seeOnePicture } from './harness/pictures.mjs';
import { until } from './harness/poll.mjs';
import { startWorld } from './harness/world.mjs';

const NTSC = 30_000 / 1_001;
/** The film of pieces of 3.4 s; its sound may go on a little longer. */
const FILM_MS = 102_000;
const LAST_FRAME = 3_059;
const END_NEAR_MS = 300;
/** The end itself has no picture. */
const BEFORE_END_MS = 100;

let world;
before(async () => (world = await startWorld()));
afterEach(() => world.everybodyLeaves());
after(() => world?.end());

for (const [what, film] of Object.entries({
  'transport streams of 3.4 s told as 3': { file: 'ts.m3u8', seeksMs: [0, 51_017, 101_500, 34_000], exact: true },
  'fragmented MP4 of 3.4 s told as 3': { file: 'fmp4.m3u8', seeksMs: [0, 51_017, 88_450, 34_000], exact: true },
  'fragmented MP4 of 3.4 s told as 1.7': { file: 'half.m3u8', seeksMs: [0, 20_017, 34_000], exact: true },
  'ten minutes at 29.97 pictures per second': { file: 'ntsc.m3u8', seeksMs: [0, 300_300, 599_000], fps: NTSC, exact: true },
  'an MP4 with an edit list': { file: 'edits.mp4', seeksMs: [0, 30_017, 59_000] },
  'two discontinuities': { file: 'cuts.m3u8', seeksMs: [0, 50_017, 101_000, 33_900], exact: true },
})) {
  test(`${what}: a viewer from the start, a late joiner and a reloader see one picture`, { timeout: 240_000 }, async () => {
    const [, middleMs] = film.seeksMs;
    const host = await hostOf(film.file);
    const invite = await host.copyInvite();
    const watcher = await world.arriveReading('Grace');
    await watcher.join(invite);
    await watcher.hasLoaded();
    await seekTo([host, watcher], middleMs, film);
    const joiner = await world.arriveReading('Linus');
    await joiner.join(invite);
    await seeOnePicture([host, watcher, joiner], middleMs, film);
    await watcher.page.reload();
    await watcher.inRoom();
    await seeOnePicture([host, watcher, joiner], middleMs, film);
    for (const positionMs of film.seeksMs) await seekTo([host, watcher, joiner], positionMs, film);
  });
}

test('of encrypted pieces the host’s player measures the origin, and a late joiner sees the same picture', { timeout: 240_000 }, async () => {
  const host = await hostOf('aes.m3u8');
  assert.equal((await host.snapshot()).media.timeline.kind, 'playlist', 'nobody has measured it yet');
  await host.the('play-toggle').click();
  await until('the origin to be measured', async () => (await host.snapshot()).media.timeline.kind === 'media', PATIENCE_MS);
  await host.the('play-toggle').click();
  await host.status('paused');
  await seekTo([host], 51_017, {});
  const joiner = await world.arriveReading('Linus');
  await joiner.join(await host.copyInvite());
  await seeOnePicture([host, joiner], 51_017, {});
  for (const positionMs of [1_000, 85_000]) await seekTo([host, joiner], positionMs, {});
  // The host's player has loaded the end by now, which the playlist tells too early.
  await until('the length to be measured', async () => isFilmLong((await host.snapshot()).media), PATIENCE_MS);
  await seekTo([host, joiner], (await host.snapshot()).media.duration_ms - BEFORE_END_MS, {});
});

for (const [what, file, fromMs] of [['short', 'fmp4.m3u8', 88_000], ['long', 'long.m3u8', 97_000]]) {
  test(`a film of 102 s whose playlist is too ${what} ends where it ends`, { timeout: 240_000 }, async () => {
    const host = await hostOf(file);
    const guest = await world.arriveReading('Grace');
    await guest.join(await host.copyInvite());
    await guest.hasLoaded();
    await host.page.evaluate((to) => window.playhead.session.seek(to), fromMs);
    await host.the('play-toggle').click();
    for (const person of [host, guest]) {
      await until(`the film to end for ${person.name}`, async () => {
        await person.watch();
        return (await person.snapshot()).playback.status === 'ended';
      }, PATIENCE_MS);
    }
    for (const person of [host, guest]) await person.reads('sync', /^Ended in sync$/);
    const { media, playback } = await guest.snapshot();
    console.log(`told ${what}: ended at ${playback.position_ms} of ${media.duration_ms} ms (${media.duration_origin})`);
    assert.ok(Math.abs(playback.position_ms - FILM_MS) < END_NEAR_MS, `it ended at ${playback.position_ms} ms`);
    assert.ok(isFilmLong(media), `it is ${media.duration_ms} ms long`);
    const last = Math.max(...guest.samples.map(({ frame }) => frame ?? 0));
    assert.ok(last >= LAST_FRAME - 15, `the last picture was ${last}`);
    await seekTo([host, guest], media.duration_ms - BEFORE_END_MS, { exact: true });
  });
}

/** Whether the room has the film's real length. */
function isFilmLong({ duration_ms: durationMs }) {
  return Math.abs(durationMs - FILM_MS) < END_NEAR_MS;
}

/** Starts a party whose host has loaded a film. */
async function hostOf(file) {
  const host = await world.arriveReading('Ada');
  await host.createRoom(world.server.pageUrl);
  await host.paste(world.origin.url(`inexact/${file}`));
  await host.hasLoaded();
  return host;
}
