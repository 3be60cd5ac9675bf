/** Tests of live streams: one distance from the edge for all viewers, whenever they came. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { guestOf, hostParty } from './harness/party.mjs';
import { startDatedStream, startLiveStream } from './harness/live-stream.mjs';
import { standingFrames } from './harness/pictures.mjs';
import { until } from './harness/poll.mjs';
import { framesAdvance } from './harness/together.mjs';
import { startWorld } from './harness/world.mjs';

/** Half a second of the film, which viewers of a dated stream may be apart at most. */
const APART_FRAMES = 15;
/** Without dates, a viewer may hear of a segment, which lasts a second, that much later than others. */
const UNDATED_FRAMES = 45;
/** The playlist holds 7 s, and viewers stay 3 s behind its end: what is watched then leaves it after some 4 s. */
const SEGMENTS = 7;
const LONG_PAUSE_MS = 6_000;
/** The server may have the window 2 s earlier than the playlist does; what has left it for so long has left both. */
const GONE_MS = 3_500;
/** So many pieces of 3.4 s hold the moment of a pause for a while. */
const LONG_WINDOW = 7;

let world;
let stream;
before(async () => (world = await startWorld()));
afterEach(async () => {
  await world.everybodyLeaves();
  await stream?.stop();
});
after(() => world?.end());

test('viewers of a live stream see one moment: from the start, late, back from a pause, and after a long one', { timeout: 120_000 }, async () => {
  stream = await startLiveStream({ dated: true, segments: SEGMENTS });
  const { host, invite } = await hostParty(world, { link: world.origin.url(stream.path) });
  const away = await guestOf(world, invite, 'Grace');
  await away.hasLoaded();
  await host.the('play-toggle').click();
  await inSync([host, away]);
  await framesAdvance([host, away]);
  await host.reads('live', 'LIVE');
  assert.equal(await host.the('go-live').isVisible(), false, 'the party is live');

  await away.page.evaluate(() => {
    window.playhead.player.hold();
    document.querySelector('[data-testid="video"]').pause();
  });
  const late = await guestOf(world, invite, 'Linus');
  await inSync([late]);
  await away.page.evaluate(() => window.playhead.player.release());
  const everybody = [host, away, late];
  await inSync(everybody);
  await pausesOnOneMoment(everybody, 'from the start, back, late', APART_FRAMES);

  const pausedMs = (await host.snapshot()).playback.position_ms;
  await until('what was paused to have left the window', () => stream.firstDateMs() > pausedMs + GONE_MS);
  const tooLate = await guestOf(world, invite, 'Edsger');
  await tooLate.reads('sync', /^Paused\. The stream no longer goes back this far · .* ahead$/);
  await host.the('play-toggle').click();
  await inSync(everybody);
  await host.the('go-live').waitFor();
  const { playback } = await host.snapshot();
  assert.ok(playback.position_ms > pausedMs + 1_000, `from ${pausedMs} to ${playback.position_ms} ms, which the stream still has`);
  await host.picture('live-behind');

  await host.page.evaluate(() => {
    const { session } = window.playhead;
    const seek = session.seek.bind(session);
    session.seek = (positionMs) => seek(positionMs - 60_000);
  });
  const { version } = await host.snapshot();
  await host.the('seek').fill('0');
  await host.reads('notice', 'The live stream doesn’t offer that moment now.');
  assert.equal((await host.snapshot()).version, version, 'a refused seek has no effect');
  await host.page.evaluate(() => delete window.playhead.session.seek);

  await host.the('go-live').click();
  await host.the('go-live').waitFor({ state: 'hidden' });
  await inSync(everybody);
  await pausesOnOneMoment(everybody, 'live again', APART_FRAMES);
});

test('who joins or reloads while a dated live stream is paused sees the picture of the others', { timeout: 120_000 }, async () => {
  stream = await startDatedStream(world.origin.url, LONG_WINDOW);
  const { host, invite } = await hostParty(world, { link: stream.link });
  const guest = await guestOf(world, invite, 'Grace');
  await guest.hasLoaded();
  await host.the('play-toggle').click();
  await inSync([host, guest]);
  await framesAdvance([host, guest]);
  await pausesOnOneMoment([host, guest], 'paused', 0);
  const everybody = [host, guest, await guestOf(world, invite, 'Linus')];
  await standOnOneMoment(everybody, 'paused, one late', 0);
  await standExactly(everybody);
  await guest.page.reload();
  await guest.inRoom();
  await standOnOneMoment(everybody, 'paused, one reloaded', 0);
  await standExactly(everybody);
});

test('viewers of a live stream without dates see one picture, by its timestamps, whenever they came', { timeout: 120_000 }, async () => {
  stream = await startLiveStream({ dated: false, segments: SEGMENTS });
  const { host, invite } = await hostParty(world, { link: world.origin.url(stream.path) });
  const guest = await guestOf(world, invite, 'Grace');
  await guest.hasLoaded();
  await host.the('play-toggle').click();
  await inSync([host, guest]);
  // Long enough for what the room began with to leave the playlist.
  await new Promise((resolve) => setTimeout(resolve, LONG_PAUSE_MS));
  const late = await guestOf(world, invite, 'Linus');
  const everybody = [host, guest, late];
  await inSync(everybody);
  await pausesOnOneMoment(everybody, 'without dates, one late', 0);
  await host.the('play-toggle').click();
  await inSync(everybody);
  await late.page.reload();
  await late.inRoom();
  await inSync(everybody);
  await pausesOnOneMoment(everybody, 'without dates, one reloaded', 0);
});

test('a live stream without dates or readable timestamps plays near its edge, and the page says how near', { timeout: 120_000 }, async () => {
  stream = await startLiveStream({ dated: false, segments: SEGMENTS, encrypted: true });
  const { host, invite } = await hostParty(world, { link: world.origin.url(stream.path) });
  await host.the('play-toggle').click();
  const guest = await guestOf(world, invite, 'Grace');
  const everybody = [host, guest];
  for (const person of everybody) await person.reads('sync', 'Live, to within a few seconds');
  await framesAdvance(everybody);
  await pausesOnOneMoment(everybody, 'without dates', UNDATED_FRAMES);
});

/** Waits until each page says that it shows the room's moment. */
async function inSync(people) {
  for (const person of people) await person.reads('sync', /^In sync · /);
}

/** The host pauses; the pictures that everybody then sees are at most `mostFrames` apart. */
async function pausesOnOneMoment(people, what, mostFrames) {
  const [host] = people;
  await host.the('play-toggle').click();
  await host.status('paused');
  await standOnOneMoment(people, what, mostFrames);
}

/** The party is paused; the pictures that everybody sees are at most `mostFrames` apart. */
async function standOnOneMoment(people, what, mostFrames) {
  for (const person of people) await person.hasLoaded();
  const frames = await standingFrames(people, what);
  const apart = Math.max(...frames) - Math.min(...frames);
  console.log(`${what}: frames ${frames.join(', ')}, ${apart} apart`);
  assert.ok(apart <= mostFrames, `${what}: ${frames}`);
}

/** Each player stands where the room is: less than a frame is seen only where a frame ends. */
async function standExactly(people) {
  const offs = await Promise.all(people.map((person) => person.page.evaluate(() => {
    const { session, player } = window.playhead;
    return player.position() - session.getSnapshot().playback.position_ms;
  })));
  console.log(`off by ${offs.map((ms) => ms.toFixed(1)).join(', ')} ms`);
  assert.ok(offs.every((ms) => Math.abs(ms) < 1), `players are off by ${offs} ms`);
}
