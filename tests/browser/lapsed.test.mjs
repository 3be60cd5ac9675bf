/** Tests of addresses that lapse while a party watches. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { startOddOrigin } from './harness/odd-origin.mjs';
import { guestOf, hostParty } from './harness/party.mjs';
import { clockMs, until } from './harness/poll.mjs';
import { onOneFrame, plays } from './harness/together.mjs';
import { startWorld } from './harness/world.mjs';

const LAPSES_MS = 5_000;
/** A player hasn't loaded a film of sixty segments by the time that their addresses lapse. */
const SEGMENT_MS = 400;
const WORDS = 'This video’s link has expired or no longer works.';
/** How long a lapsed film is watched: several retries. */
const WATCHED_MS = 15_000;

let world;
let odd;
before(async () => {
  world = await startWorld();
  odd = await startOddOrigin({ lapsesMs: LAPSES_MS, segmentMs: SEGMENT_MS });
});
afterEach(() => world.everybodyLeaves());
after(() => Promise.all([world?.end(), odd?.stop()]));

for (const [what, path] of [['a file', 'film.mp4'], ['a playlist', 'hls/master.m3u8']]) {
  test(`${what} whose signed address lapses plays on at a new one, on one frame`, { timeout: 240_000 }, async () => {
    const { host, invite } = await hostParty(world, { link: odd.link(path) });
    const guest = await guestOf(world, invite, 'Grace');
    await guest.hasLoaded();
    let sinceMs = clockMs();
    await host.the('play-toggle').click();
    await onOneFrame([host, guest], { what: 'play', sinceMs });
    await lapsed();
    sinceMs = clockMs();
    await host.the('seek').fill('90000');
    const wanted = (one) => plays(one) && one.positionMs >= 90_000;
    await onOneFrame([host, guest], { what: 'a seek after the address lapsed', sinceMs, wanted });
    assertNothingElse([host, guest], sinceMs, 80_000);
  });

  test(`${what} that has lapsed for good says so in one sentence, and never shows its beginning`, { timeout: 240_000 }, async () => {
    const { host, invite } = await hostParty(world, { link: odd.signed(path) });
    const guest = await guestOf(world, invite, 'Grace');
    await guest.hasLoaded();
    const sinceMs = clockMs();
    await host.the('play-toggle').click();
    await onOneFrame([host, guest], { what: 'play', sinceMs });
    await lapsed();
    await host.the('seek').fill('90000');
    for (const person of [host, guest]) await person.reads('overlay', WORDS);
    // What players reported before is no measurement of now.
    assert.equal(await host.the('sync').innerText(), 'Not in sync');
    assert.equal(await host.the('sync-spread').isVisible(), false, 'no distance is shown');
    const saidMs = clockMs();
    await host.picture(`lapsed-${path.split('.').at(-1)}`);
    await until('some retries', () => clockMs() > saidMs + WATCHED_MS, 2 * WATCHED_MS);
    for (const person of [host, guest]) {
      await person.watch();
      const states = new Set(person.samples.filter(({ at }) => at > saidMs).map(({ state }) => state));
      assert.deepEqual([...states], ['error'], `${person.name} sees one message`);
    }
    assertNothingElse([host, guest], saidMs, 80_000);
  });
}

/** Waits until every address that was signed so far is no longer good. */
async function lapsed() {
  const atMs = clockMs();
  await until('the addresses to lapse', () => clockMs() > atMs + LAPSES_MS + 500, 2 * LAPSES_MS);
}

/** Asserts that nobody played anything from before this position. */
function assertNothingElse(people, sinceMs, fromMs) {
  for (const { name, samples } of people) {
    const early = samples.filter(({ at, paused, positionMs, ready, seeking }) => at > sinceMs + 1_000 && !paused && ready && !seeking && positionMs < fromMs);
    assert.deepEqual(early.map(({ positionMs }) => positionMs), [], `${name} plays nothing from before`);
  }
}
