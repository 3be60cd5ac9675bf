/** Brings the viewers together in one room and starts the film. */
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../harness/poll.mjs';

const START_MS = 40_000;
/** Nobody presses play in the very instant in which the last player has loaded. */
const BEFORE_PLAY_MS = 2_000;
/** The middle of the film, and how long it plays there before others come. */
const MIDDLE_MS = 300_000;
const PLAYING_MS = 3_000;

/** Brings all viewers into one room, waits until the film is loaded everywhere, and starts it. */
export async function gather(kind, party, filmUrl) {
  await (kind === 'baseline' ? gatherOnBaseline(party, filmUrl) : gatherOnPage(party, filmUrl));
}

async function gatherOnPage(party, filmUrl) {
  const [host, ...others] = party.viewers;
  party.invite = await host.createRoom(party.site.pageUrl);
  await Promise.all(others.map((viewer) => viewer.join(party.invite)));
  await host.paste(filmUrl);
  await Promise.all(party.viewers.map((viewer) => viewer.hasLoaded()));
  await pause(BEFORE_PLAY_MS);
  await command(party, 'first play', () => host.the('play-toggle').click());
}

/** Two viewers come to a film that is playing in its middle: one reloads the page, one opens the invite link anew. */
export async function comeLate(party) {
  const [, , reloader, joiner] = party.viewers;
  await command(party, 'seek', () => party.host.command('seek', MIDDLE_MS));
  await pause(PLAYING_MS);
  await Promise.all([reloader.page.reload({ waitUntil: 'commit' }), joiner.returns(party.invite)]);
  await Promise.all([reloader, joiner].map((viewer) => viewer.inRoom().then(() => viewer.hasLoaded())));
}

async function gatherOnBaseline(party, filmUrl) {
  const [host, ...others] = party.viewers;
  const at = (viewer, code) => {
    const { origin, pageUrl } = party.site;
    const query = new URLSearchParams({ server: pageUrl, name: viewer.name, way: party.scenario.baseline, code });
    return `${origin.url}/party.html?${query}`;
  };
  await host.page.goto(at(host, ''));
  await host.inRoom();
  const { room } = await host.snapshot();
  await Promise.all(others.map((viewer) => viewer.page.goto(at(viewer, room.code)).then(() => viewer.inRoom())));
  await host.command('setMedia', { link: filmUrl });
  await Promise.all(party.viewers.map((viewer) => viewer.hasLoaded()));
  await pause(BEFORE_PLAY_MS);
  await command(party, 'first play', () => host.command('play'));
}

/**
 * Lets the host do something that makes the room play, and records the room's version from then on: from its anchor,
 * every viewer should be in place.
 */
export async function command(party, name, act) {
  const before = await party.host.snapshot();
  const atMs = party.mark(name);
  await act();
  const version = await until(
    `the room to play after ${name}`,
    async () => {
      const now = await party.host.snapshot();
      return now.version > before.version && now.playback.status === 'playing' && now.version;
    },
    START_MS,
  );
  party.commands.push({ name, version, atMs });
  return version;
}
