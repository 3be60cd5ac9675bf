/** Tests of the YouTube adapter, with a player in an iframe that behaves like YouTube’s. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { arriveBare } from './harness/bare-person.mjs';
import { startOrigin } from './harness/origin.mjs';
import { clockMs } from './harness/poll.mjs';
import { arrive, closeBrowser } from './harness/person.mjs';
import { startServer } from './harness/server.mjs';
import { together } from './harness/together.mjs';
import { callsOf, inFrame, meddles, opens, pageOf, isReady, startStage } from './youtube/stage.mjs';

/** What a player can achieve that reports its position four times a second and has only fixed rates. */
const WITHIN_MS = 250;
const CLIP_MS = 30_000;
/** A restart takes two seeks, and a command at most two restarts; a seek loop would make one or more a second. */
const SEEKS_MAX = 4;
const STEADY_MS = 5_000;

let origin;
let stage;
let server;
let people = [];
before(async () => {
  origin = await startOrigin();
  stage = await startStage(origin.url(''));
  server = await startServer({ env: { PLAYHEAD_ALLOWED_ORIGINS: stage.pages } });
});
afterEach(async () => {
  await Promise.all(people.map((person) => person.go()));
  people = [];
});
after(() => Promise.all([closeBrowser(), server?.stop(), stage?.stop(), origin?.stop()]));

/** Holds for a sample of a page that plays from this position. */
const playsFrom = (fromMs, untilMs = CLIP_MS) => ({ paused, ready, positionMs }) =>
  !paused && ready && positionMs >= fromMs && positionMs < untilMs;
const pausedAt = (ms) => ({ paused, ready, positionMs }) => paused && ready && Math.abs(positionMs - ms) <= WITHIN_MS;

test('a player in an iframe with fixed rates stays in sync with a video element', { timeout: 180_000 }, async () => {
  const { guest, commands, follows } = await party();
  const seeks = await seeksOf(guest);

  await follows('play', () => commands('play'), playsFrom(0));
  await follows('pause', () => commands('pause'), ({ paused }) => paused);
  await follows('seek while paused', () => commands('seek', 13_300), pausedAt(13_300));
  await follows('play from there', () => commands('play'), playsFrom(13_300));
  await follows('seek while playing', () => commands('seek', 3_700), playsFrom(3_700, 13_000));
  assert.ok((await seeksOf(guest)) - seeks <= 5 * SEEKS_MAX, `${(await seeksOf(guest)) - seeks} seeks for 5 commands`);

  const before = await seeksOf(guest);
  const steadyMs = clockMs() + STEADY_MS;
  await follows('steady', () => undefined, ({ at, ...one }) => at >= steadyMs && playsFrom(3_700 + STEADY_MS)(one));
  assert.ok((await seeksOf(guest)) - before <= SEEKS_MAX, 'a seek loop');
});

test('a gap too small for a restart is closed with the fixed rates', { timeout: 120_000 }, async () => {
  const { guest, commands, follows } = await party();
  await follows('play', () => commands('play'), playsFrom(0));
  // This profile restarts only beyond half a second.
  await guest.page.evaluate(() => window.playhead.player.setProfile('relaxed'));
  const before = await callsOf(guest);
  await meddles(guest, () => {
    const video = document.querySelector('video');
    video.pause();
    setTimeout(() => video.play(), 280);
  });
  await guest.page.waitForFunction((so) => window.YT.calls.setPlaybackRate > so, before.setPlaybackRate);
  await follows('again', () => undefined, ({ rate, ...one }) => rate === 1 && playsFrom(0)(one), 150);
  assert.ok((await seeksOf(guest)) - (before.seekTo ?? 0) <= SEEKS_MAX, 'a seek loop');
});

for (const [what, change] of [
  ['that is paused in the iframe', () => COMMANDS.pauseVideo()],
  ['that stops silently', () => document.querySelector('video').pause()],
]) {
  test(`a player ${what} is soon back in sync`, { timeout: 120_000 }, async () => {
    const { guest, commands, follows } = await party();
    await follows('play', () => commands('play'), playsFrom(0));
    const before = await seeksOf(guest);
    await follows('again', () => meddles(guest, change), playsFrom(1_000));
    assert.ok((await seeksOf(guest)) - before <= 2 * SEEKS_MAX, 'a seek loop');
  });
}

test('if the browser needs a gesture, the player waits for it and then plays in sync', { timeout: 120_000 }, async () => {
  const { host, code, commands } = await party({ withGuest: false });
  const guest = await arriveBare('Linus');
  people.push(guest);
  await guest.tab.send('Page.navigate', { url: pageOf(stage, { server, name: 'Linus', code, youtube: true }) });
  const stateIs = (state) => guest.waitsFor(`window.playhead?.player.getSnapshot().state === '${state}'`);
  await stateIs('paused');
  await commands('play');
  await stateIs('blocked');
  await guest.presses('unblock');
  await stateIs('playing');
  await guest.waitsFor('Math.abs(window.playhead.player.getSnapshot().driftMs ?? 1e3) < 250');
  assert.equal((await host.playerSnapshot()).state, 'playing');
});

/** Starts a party with the clip loaded: a host with a video element, and maybe a guest with the iframe. */
async function party({ withGuest = true } = {}) {
  const host = await arrive('Ada');
  people.push(host);
  const code = await opens(host, stage, { server });
  const commands = (name, ...args) =>
    host.page.evaluate(([command, rest]) => window.playhead.session[command](...rest), [name, args]);
  await commands('setMedia', { link: origin.url('clip.mp4') });
  await isReady(host);
  if (!withGuest) return { host, code, commands };

  const guest = await arrive('Grace');
  people.push(guest);
  await opens(guest, stage, { server, code, youtube: true });
  await isReady(guest);
  const pages = [host, inFrame(guest)];
  const follows = async (what, act, wanted, withinMs = WITHIN_MS) => {
    const sinceMs = clockMs();
    await act();
    await together(pages, { what, sinceMs, wanted, withinMs });
  };
  return { host, guest, code, commands, follows };
}

const seeksOf = async (guest) => (await callsOf(guest)).seekTo ?? 0;
