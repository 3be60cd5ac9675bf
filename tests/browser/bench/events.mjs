/** The events of a scenario: what the host, a starved viewer and late guests do. */
import { setTimeout as pause } from 'node:timers/promises';
import { command } from './gather.mjs';
import { truthMs } from './room-clock.mjs';

/** The time between the end of an event and the next one. */
const AFTER_S = 7;
const PAUSED_S = 2;
/** How long a starved browser gets no bytes while the others play on. */
const STARVED_MS = 3_000;
/** A browser that has just started is busy with itself: the guest's page should be cold, not the browser. */
const WARM_UP_MS = 6_000;
/** A seek forward that stays within what a player has buffered. */
const NEAR_MS = 5_000;
/** Positions in the film that nobody has loaded yet, used in this order. */
const FAR_MS = [300_000, 460_000, 200_000];
const VICTIM = 3;

/** Carries out one event of a scenario, and waits until it should be over. */
export async function carryOut(event, party) {
  await EVENTS[event](party);
  party.mark('end');
}

const EVENTS = {
  seek: async (party) => {
    const here = await party.host.page.evaluate(() => window.playhead.session.expected());
    await seek(party, 'seek', here + NEAR_MS);
    await party.watchFor(AFTER_S);
  },

  'seek far': async (party) => {
    await seek(party, 'seek far', unloadedMs(party));
    await party.watchFor(AFTER_S);
  },

  pause: async (party) => {
    party.mark('pause');
    await party.host.command('pause');
    await party.watchFor(PAUSED_S);
    await command(party, 'play', () => party.host.command('play'));
    await party.watchFor(AFTER_S);
  },

  stall: async (party) => {
    const { origin } = party.site;
    const victim = party.viewers[VICTIM];
    if (!party.present.includes(victim)) throw new Error('the viewer to starve has left: stalls must come before guests');
    origin.hold(victim.agent);
    try {
      const version = await seek(party, 'stall', unloadedMs(party));
      await pause(STARVED_MS);
      party.stalls.push({ viewer: VICTIM, version, releasedMs: truthMs() });
    } finally {
      origin.release(victim.agent);
    }
    party.mark('data again');
    await party.watchFor(AFTER_S);
  },

  /** A guest who has never been here; timed from the click on the form. */
  'new guest': (party) =>
    visit(party, 'new guest', { seesFrames: false }, async (viewer) => {
      await viewer.join(party.invite);
      await party.watchFor(AFTER_S, [viewer]);
      party.identity = await viewer.identity();
    }),

  /** A returning guest in a fresh browser with an empty cache; timed from the navigation to the invite link. */
  join: async (party) => {
    if (party.identity === undefined) await EVENTS['new guest'](party);
    await visit(party, 'join', { seesFrames: false }, async (viewer) => {
      await viewer.returns(party.invite);
      await party.watchFor(AFTER_S, [viewer]);
    });
  },

  /** Compares the burnt-in frame numbers with the media time by which frames are identified. */
  'read counter': async (party) => {
    await visit(party, 'read counter', { readsCounter: true }, async (viewer) => {
      await viewer.returns(party.invite);
      await party.watchFor(AFTER_S, [viewer]);
    });
  },
};

async function seek(party, name, positionMs) {
  const loaded = await Promise.all(party.present.map((viewer) => viewer.buffered(positionMs)));
  const version = await command(party, name, () => party.host.command('seek', positionMs));
  party.commands.at(-1).buffered = loaded;
  return version;
}

function unloadedMs(party) {
  const used = party.commands.filter(({ name }) => name === 'seek far' || name === 'stall').length;
  return FAR_MS[used % FAR_MS.length];
}

async function visit(party, kind, sampler, come) {
  const browser = await party.startGuestBrowser();
  try {
    const viewer = await browser.open('Eve', { sampler, storage: party.identity });
    await viewer.warmUp();
    await pause(WARM_UP_MS);
    party.mark(kind);
    await come(viewer);
    party.visits.push({ kind, ...(await viewer.trace()) });
  } finally {
    await party.endBrowser(browser);
  }
}
