/** One long party: everything that a host can do, with three pages. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { FILM_MS, guestOf, hostParty } from './harness/party.mjs';
import { PHONE } from './harness/person.mjs';
import { clockMs } from './harness/poll.mjs';
import { disturbancesOf } from './harness/stops.mjs';
import { framesAdvance, plays, stands, together } from './harness/together.mjs';
import { startWorld } from './harness/world.mjs';

let world;
before(async () => (world = await startWorld()));
after(() => world?.end());

/** Holds for the room's rate, with a margin for corrections. */
const hasRate = (rate) => (sample) => Math.abs(sample.rate / rate - 1) <= 0.05;
/** Returns the cue at a position: each lasts two seconds and contains its number. */
const cueOf = (language, { positionMs }) => `${language} ${Math.floor(positionMs / 2_000)}`;

test('three pages follow the host through play, pause, seek, rate, quality and subtitles', { timeout: 300_000 }, async () => {
  const { host, invite } = await hostParty(world);
  assert.match(invite, new RegExp(`^${world.server.pageUrl}/r/`));
  const guest = await guestOf(world, invite, 'Grace');
  await guest.hasLoaded();

  let since = clockMs();
  await host.the('play-toggle').click();
  await together([host, guest], { what: 'play, two pages', sinceMs: since });
  await framesAdvance([host, guest], { sinceMs: since });

  const before = await host.snapshot();
  since = clockMs();
  const late = await guestOf(world, invite, 'Linus', { screen: PHONE });
  await together([host, guest, late], { what: 'join while playing', sinceMs: since, withinMs: 250 });
  const afterwards = await host.snapshot();
  assert.equal(afterwards.version, before.version, 'a join changes no version');
  for (const person of [host, guest]) {
    assert.deepEqual(disturbancesOf(person, since), [], `the join disturbed ${person.name}`);
  }
  const everybody = [host, guest, late];

  const paused = clockMs();
  await host.the('play-toggle').click();
  await together(everybody, { what: 'pause', sinceMs: paused, wanted: stands });

  const again = clockMs();
  await host.the('play-toggle').click();
  await together(everybody, { what: 'play, three pages', sinceMs: again });
  await framesAdvance(everybody, { sinceMs: again });

  const sought = clockMs();
  await host.the('seek').fill('60000');
  const soughtTo = (sample) => plays(sample) && sample.positionMs >= 60_000 && sample.positionMs < FILM_MS;
  await together(everybody, { what: 'seek', sinceMs: sought, wanted: soughtTo });
  await framesAdvance(everybody, { sinceMs: sought });

  const faster = clockMs();
  await host.the('rate').selectOption('1.25');
  const fast = (sample) => plays(sample) && hasRate(1.25)(sample);
  await together(everybody, { what: 'rate', sinceMs: faster, wanted: fast });
  await framesAdvance(everybody, { sinceMs: faster });

  for (const height of [144, 360]) {
    const chosen = clockMs();
    await host.the('quality').selectOption({ label: `${height}p` });
    const sharp = (sample) => fast(sample) && sample.height === height;
    await together(everybody, { what: `quality ${height}p`, sinceMs: chosen, wanted: sharp });
    await framesAdvance(everybody, { sinceMs: chosen });
  }

  for (const [label, language] of [['Français', 'fr'], ['English (captions)', 'en']]) {
    const chosen = clockMs();
    await host.the('subtitle').selectOption({ label });
    const hasCue = (sample) => fast(sample) && sample.cue === cueOf(language, sample);
    await together(everybody, { what: `subtitle ${language}`, sinceMs: chosen, wanted: hasCue });
    await framesAdvance(everybody, { sinceMs: chosen });
  }

  const silent = clockMs();
  await host.the('subtitle').selectOption({ label: 'Off' });
  await together(everybody, { what: 'subtitle off', sinceMs: silent, wanted: (one) => fast(one) && one.cue === null });
});
