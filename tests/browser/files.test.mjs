/** Tests of plain files, the sample clip and the end of a film. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { guestOf, hostParty } from './harness/party.mjs';
import { clockMs } from './harness/poll.mjs';
import { plays, stands, together } from './harness/together.mjs';
import { startWorld } from './harness/world.mjs';

let world;
before(async () => (world = await startWorld()));
afterEach(() => world.everybodyLeaves());
after(() => world?.end());

/** Plays, seeks, changes the rate and pauses on two pages. */
async function shortStory({ host, guest, seekMs }) {
  const pages = [host, guest];
  let sinceMs = clockMs();
  await host.the('play-toggle').click();
  await together(pages, { what: 'play', sinceMs });

  sinceMs = clockMs();
  await host.the('seek').fill(String(seekMs));
  await together(pages, { what: 'seek', sinceMs, wanted: (one) => plays(one) && one.positionMs >= seekMs });

  sinceMs = clockMs();
  await host.the('rate').selectOption('0.75');
  const slow = (one) => plays(one) && Math.abs(one.rate / 0.75 - 1) <= 0.05;
  await together(pages, { what: 'rate', sinceMs, wanted: slow });

  sinceMs = clockMs();
  await host.the('play-toggle').click();
  await together(pages, { what: 'pause', sinceMs, wanted: stands });
}

for (const [kind, file, seekMs] of [['MP4', 'clip.mp4', 12_000], ['fragmented MP4', 'fragmented.mp4', 12_000], ['WebM', 'clip.webm', 4_000]]) {
  test(`two pages play a plain ${kind} file in sync`, { timeout: 120_000 }, async () => {
    const { host, invite } = await hostParty(world, { link: world.origin.url(file) });
    const guest = await guestOf(world, invite, 'Grace');
    await guest.hasLoaded();
    await shortStory({ host, guest, seekMs });
  });
}

test('a plain file plays even if its origin sends no CORS headers', { timeout: 120_000 }, async () => {
  const { host, invite } = await hostParty(world, { link: world.origin.url('nocors/clip.mp4') });
  const guest = await guestOf(world, invite, 'Grace');
  await guest.hasLoaded();
  const sinceMs = clockMs();
  await host.the('play-toggle').click();
  // Frames from there can't be read, so the frame number isn't checked.
  await together([host, guest], { what: 'play without CORS', sinceMs });
});

for (const [testid, what] of [['sample-hls', 'the sample clip'], ['sample-mp4', 'the sample as one file']]) {
  test(`${what} takes one press and plays on two pages`, { timeout: 120_000 }, async () => {
    const host = await world.arrive('Ada');
    await host.createRoom(world.server.pageUrl);
    await host.reads('overlay', 'Your party is ready');
    const guest = await guestOf(world, await host.copyInvite(), 'Grace');
    await guest.reads('overlay', 'Waiting for Ada to choose something to watch.');
    await guest.picture(`${testid}-guest-waits`);
    await host.the(testid).click();
    await Promise.all([host.hasLoaded(), guest.hasLoaded()]);
    await guest.reads('media-title', 'Sample clip');
    await shortStory({ host, guest, seekMs: 20_000 });
  });
}

test('the end is announced to everyone, and the host can play the film again', { timeout: 120_000 }, async () => {
  const { host, invite } = await hostParty(world, { link: world.origin.url('clip.webm') });
  const guest = await guestOf(world, invite, 'Grace');
  await guest.hasLoaded();
  await host.the('seek').fill('8000');
  await host.the('play-toggle').click();
  for (const person of [host, guest]) {
    await person.status('ended');
    await person.reads('overlay', 'The end');
  }
  const sinceMs = clockMs();
  await host.the('replay').click();
  await together([host, guest], { what: 'play again', sinceMs, wanted: (one) => plays(one) && one.positionMs < 8_000 });
});
