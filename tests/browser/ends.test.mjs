/**
 * Tests of files that end elsewhere than they state: cut off, shortened by an edit list, or longer than their header states.
 * The frame number that is burnt into the picture decides, never what a player says of itself.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { startMadeOrigin } from './harness/made-origin.mjs';
import { MEDIA } from './harness/paths.mjs';
import { PATIENCE_MS, seekTo, seeOnePicture, standingFrames } from './harness/pictures.mjs';
import { until } from './harness/poll.mjs';
import { startWorld } from './harness/world.mjs';

/** The file that all are made of. */
const FILM_MS = 20_000;
/** Where edit lists end the film: where a group of pictures begins, which is no part of it. */
const EDITED_MS = 10_200;
/** Its last picture there. */
const LAST_FRAME = 305;
/** Of a file that is cut off in its middle, up to so much at its end may be lost. */
const LOST_MS = 2_000;
/** Sound and picture don't end at the same moment. */
const NEAR_MS = 300;
const UNREACHABLE = 'A part of this film can’t be loaded.';

let world;
let made;
before(async () => {
  world = await startWorld();
  const [mp4, matroska] = ['mp4', 'mkv'].map((kind) => readFileSync(join(MEDIA, `inexact/twenty.${kind}`)));
  made = await startMadeOrigin({
    'cut.mp4': cutInTheMiddle(mp4, mp4.indexOf('mdat')),
    'cut.mkv': cutInTheMiddle(matroska, 0),
    'edited.mp4': withEdits(mp4, EDITED_MS),
    'edited-as-stated.mp4': withStated(withEdits(mp4, EDITED_MS), EDITED_MS),
    'told.mkv': withDuration(matroska, 5_000),
  });
});
afterEach(() => world.everybodyLeaves());
after(() => Promise.all([world?.end(), made?.stop()]));

for (const file of ['cut.mp4', 'cut.mkv']) {
  test(`beyond the end of ${file} nobody is told that they are in sync, and the party ends there, on one picture`, { timeout: 240_000 }, async () => {
    const [host, guest] = await partyOf(file, ['Ada', 'Grace']);
    await host.page.evaluate(() => window.playhead.session.seek(15_000));
    for (const person of [host, guest]) {
      await person.reads('overlay', UNREACHABLE);
      await person.reads('sync', /^Not in sync$/);
    }
    await host.the('play-toggle').click();
    for (const person of [host, guest]) await person.status('ended');
    assert.equal((await host.snapshot()).media.duration_ms, null, 'nobody knows where it ends');
    await seekTo([host, guest], 5_000, {});
    for (const person of [host, guest]) await person.reads('sync', /^Paused in sync/);
    await host.page.evaluate(() => window.playhead.session.seek(8_000));
    await endsInSync([host, guest]);
    await until('the length to be measured', async () => (await host.snapshot()).media.duration_origin === 'measured', PATIENCE_MS);
    const { duration_ms: durationMs } = (await host.snapshot()).media;
    console.log(`${file} ends at ${durationMs} ms`);
    assert.ok(durationMs > FILM_MS / 2 - LOST_MS && durationMs < FILM_MS / 2 + NEAR_MS, `it is ${durationMs} ms long`);
    await seesTheEnd(host, guest, durationMs);
    const refused = await host.page.evaluate(() => window.playhead.session.seek(15_000).catch(({ code }) => code));
    assert.equal(refused, 'position_out_of_range');
  });
}

for (const [file, origin, says] of [
  ['edited.mp4', 'header', 'although its header says more'],
  ['edited-as-stated.mp4', 'media', 'as its header says'],
]) {
  test(`at the end of a film that its edit list ends, ${says}, all see its last picture`, { timeout: 240_000 }, async () => {
    const [host, guest] = await partyOf(file, ['Ada', 'Grace']);
    const { media } = await host.snapshot();
    assert.deepEqual([media.duration_ms, media.duration_origin], [EDITED_MS, origin]);
    await host.page.evaluate(() => window.playhead.session.seek(8_000));
    await endsInSync([host, guest]);
    const frames = await seesTheEnd(host, guest, EDITED_MS);
    assert.deepEqual(new Set(frames), new Set([LAST_FRAME]));
  });
}

test('a film that is longer than its header says is seen to its end by all', { timeout: 240_000 }, async () => {
  const [host, guest] = await partyOf('told.mkv', ['Ada', 'Grace']);
  assert.equal((await host.snapshot()).media.duration_ms, null, 'what its index contradicts counts for nothing');
  await seekTo([host, guest], 12_017, {});
  const joiner = await world.arriveReading('Linus');
  await joiner.join(await host.copyInvite());
  await seeOnePicture([host, guest, joiner], 12_017, {});
  await guest.page.reload();
  await guest.inRoom();
  await seeOnePicture([host, guest, joiner], 12_017, {});
  for (const positionMs of [12_017, 3_000, 18_017]) await seekTo([host, guest, joiner], positionMs, {});
  await endsInSync([host, guest, joiner]);
  await until('the length to be measured', async () => (await host.snapshot()).media.duration_origin === 'measured', PATIENCE_MS);
  const { media } = await joiner.snapshot();
  assert.ok(Math.abs(media.duration_ms - FILM_MS) < NEAR_MS, `it is ${media.duration_ms} ms long`);
  await seekTo([host, guest, joiner], media.duration_ms, {});
});

/** Starts a party with a film that all have loaded; returns the people, the host first. */
async function partyOf(file, [name, ...names]) {
  const host = await world.arriveReading(name);
  await host.createRoom(world.server.pageUrl);
  await host.paste(made.url(file));
  await host.hasLoaded();
  const invite = await host.copyInvite();
  const guests = names.map(async (guestName) => {
    const guest = await world.arriveReading(guestName);
    await guest.join(invite);
    await guest.hasLoaded();
    return guest;
  });
  return [host, ...(await Promise.all(guests))];
}

/** The host plays; the party ends for all. */
async function endsInSync(people) {
  await people[0].the('play-toggle').click();
  for (const person of people) {
    await until(`the film to end for ${person.name}`, async () => (await person.snapshot()).playback.status === 'ended', PATIENCE_MS);
  }
  for (const person of people) await person.reads('sync', /^Ended in sync/);
}

/** Those who have watched to the end, and those who come later or again, see one picture there, which is returned for each. */
async function seesTheEnd(host, guest, endMs) {
  const joiner = await world.arriveReading('Linus');
  await joiner.join(await host.copyInvite());
  await guest.page.reload();
  await guest.inRoom();
  const people = [host, guest, joiner];
  for (const person of people) await person.reads('sync', /^Ended in sync/);
  const frames = await standingFrames(people, 'at the end');
  console.log(`ended: ${frames}`);
  assert.equal(new Set(frames).size, 1, `pages show different pictures at the end: ${frames}`);
  await seekTo(people, endMs, {});
  return frames;
}

/** The file without the second half of what is behind an offset. */
function cutInTheMiddle(file, from) {
  return file.subarray(0, Math.floor((from + file.length) / 2));
}

/** The file with edit lists that present only so much of each track; their units are milliseconds. */
function withEdits(file, durationMs) {
  const edited = Buffer.from(file);
  for (let at = file.indexOf('elst'); at >= 0; at = file.indexOf('elst', at + 4)) edited.writeUInt32BE(durationMs, at + 12);
  return edited;
}

/** The file with another length in the header of the movie, whose units are milliseconds. */
function withStated(file, durationMs) {
  file.writeUInt32BE(durationMs, file.indexOf('mvhd') + 20);
  return file;
}

/** The file with another duration in its header; the units are milliseconds. */
function withDuration(file, durationMs) {
  const told = Buffer.from(file);
  told.writeDoubleBE(durationMs, file.indexOf(Buffer.from([0x44, 0x89, 0x88])) + 3);
  return told;
}
