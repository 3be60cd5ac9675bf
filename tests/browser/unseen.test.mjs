/** Tests of a film without sound in a hidden tab, whose timers the browser slows down. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { guestOf, hostParty } from './harness/party.mjs';
import { clockMs } from './harness/poll.mjs';
import { seeksOf } from './harness/stops.mjs';
import { onOneFrame } from './harness/together.mjs';
import { startWorld } from './harness/world.mjs';

/** Long enough for a hidden tab to make several new starts if it made any. */
const HIDDEN_MS = 12_000;
/** A second and what the test itself takes. */
const SEEN_MS = 5_000;

let world;
before(async () => (world = await startWorld()));
afterEach(() => world.everybodyLeaves());
after(() => world?.end());

test('a silent tab that is hidden makes no new starts after a seek, and is on the frame soon after it is seen', { timeout: 240_000 }, async () => {
  const { host, invite } = await hostParty(world, { link: world.origin.url('silent.mp4') });
  const bystander = await guestOf(world, invite, 'Linus');
  await bystander.hasLoaded();
  const hider = await world.arriveBare('Hedy', { switches: ['--autoplay-policy=no-user-gesture-required'] });
  await hider.returns(invite);
  await hider.waitsFor("window.playhead.player.getSnapshot().state === 'paused'");
  const sinceMs = clockMs();
  await host.the('play-toggle').click();
  await onOneFrame([host, bystander, hider], { what: 'play', sinceMs });

  await hider.looksAway();
  await pause(2_000);
  await host.the('seek').fill('60000');
  const soughtMs = clockMs();
  await onOneFrame([host, bystander], { what: 'a seek while one is hidden', sinceMs: soughtMs });
  await pause(HIDDEN_MS);
  await hider.watch();
  // One puts it where the room waits; what follows are starts.
  const seeks = seeksOf(hider, soughtMs);
  console.log(`${seeks} seeks while hidden`);
  assert.ok(seeks <= 2, `${seeks} seeks while hidden`);

  await hider.looksBack();
  const backMs = clockMs();
  const { tookMs } = await onOneFrame([host, bystander, hider], { what: 'seen again', sinceMs: backMs, deadlineMs: SEEN_MS });
  console.log(`on the frame ${tookMs} ms after it was seen`);
});
