// What holds for a controlled player, whatever happens and in whatever order.
import { describe, expect, test } from 'vitest';
import { Seeded } from './seeded.js';
import type { MediaTraits } from './simulated-media.js';
import { SimulatedPlayer } from './simulated-player.js';

const RUNS = 60;
const EVENTS = 40;
const LENGTH_MS = 36_000_000;
/** A start whose lead was off, 3 s later a better one, and what is left by rate … */
const PLACED_MS = 15_000;
/** … and for each of the two a seek, and another where the first took longer than planned. */
const SEEKS_UNTIL_PLACED = 4;
/** The guard's longest gap, which has to pass first if stalls have used up the shorter ones. */
const LONGEST_GAP_MS = 30_000;
/** The start for a command or a local change, and its tries; plus one seek to stand and two to refine. */
const SEEKS_OF_AN_EVENT = 1 + 3 + 3;
/** The starts that the guard allows: those of the short gaps after each event, then one for each longest gap. */
const ownStartsIn = (forMs: number) => 5 + forMs / LONGEST_GAP_MS;

interface Happening {
  name: string;
  /** A change of the room, after which the guard has forgotten everything. */
  isCommand?: true;
  to: (player: SimulatedPlayer, random: Seeded) => void;
}

const HAPPENINGS: Happening[] = [
  { name: 'play', isCommand: true, to: (player) => player.commit({ status: 'playing', position_ms: whole(player.roomPositionMs()) }) },
  { name: 'pause', isCommand: true, to: (player) => player.commit({ status: 'paused', position_ms: whole(player.roomPositionMs()) }) },
  { name: 'barrier', isCommand: true, to: (player) =>
    player.commit({ status: 'waiting', position_ms: whole(player.roomPositionMs()), barrier: whole(player.nowMs) }) },
  { name: 'scheduled play', isCommand: true, to: (player, random) =>
    player.commit({ status: 'playing', position_ms: whole(player.roomPositionMs()), anchor_at_ms: player.nowMs + player.offsetMs + random.between(0, 1_500) }) },
  { name: 'seek', isCommand: true, to: (player, random) => player.commit({ position_ms: whole(random.between(0, LENGTH_MS / 2)) }) },
  { name: 'small seek', isCommand: true, to: (player, random) =>
    player.commit({ position_ms: whole(Math.max(0, player.roomPositionMs() + random.between(-4_000, 4_000))) }) },
  { name: 'rate', isCommand: true, to: (player, random) =>
    player.commit({ position_ms: whole(player.roomPositionMs()), rate: random.pick([0.5, 1, 1.25, 2]) }) },
  { name: 'stall', to: (player, random) => player.starve(random.exponential(800)) },
  { name: 'hide', to: (player) => void (player.hidden = true) },
  { name: 'hide and throttle', to: (player) => {
    player.hidden = true;
    player.tickMs = 1_000;
  } },
  { name: 'hide and pause', to: (player) => {
    player.hidden = true;
    player.interrupt();
  } },
  { name: 'show', to: show },
  { name: 'hold', to: (player) => void (player.held = true) },
  { name: 'release', to: (player) => void (player.held = false) },
  { name: 'local seek', to: (player, random) => player.userSeeks(random.between(0, LENGTH_MS / 2)) },
  { name: 'local pause', to: (player) => player.interrupt() },
  { name: 'local play', to: (player) => player.play() },
  { name: 'local rate', to: (player, random) => player.setRate(random.between(0.3, 3)) },
  { name: 'nap', to: (player, random) => player.sleep(random.between(300, 20_000), random.pick(['plays on', 'sleeps too'])) },
  { name: 'clock', to: (player, random) => void (player.offsetMs += random.between(-400, 400)) },
  { name: 'no media', isCommand: true, to: (player) => void (player.timeline = { ...player.timeline!, media_id: `m_${player.nowMs}` }) },
];

describe('whatever happens, in whatever order', () => {
  test.each(seeds())('run %i: an able player ends within 1 ms of the room at its rate, and was sought seldom', (seed) => {
    const random = new Seeded(seed);
    const player = new SimulatedPlayer(ableTraits(random));
    const story = tell(player, random);
    player.run(story.restMs);
    const settledMs = player.nowMs;
    const { driftMs, rateOff } = player.watch(20_000);
    const said = `${story.text} ${JSON.stringify(player.traits)}`;
    expect(driftMs, said).toBeLessThan(1);
    expect(rateOff, said).toBeLessThanOrEqual(0.005);
    expect(player.moves(settledMs), said).toEqual([]);
    expect(player.last, said).toMatchObject({ phase: 'following' });
    const most = EVENTS * SEEKS_OF_AN_EVENT + ownStartsIn(player.nowMs);
    expect(player.actions('seek').length, said).toBeLessThanOrEqual(most);
  });

  test.each(seeds())('run %i: no event is answered by more seeks than its tries', (seed) => {
    const random = new Seeded(1_000 + seed);
    const player = new SimulatedPlayer({ ...ableTraits(random), gridMs: random.pick([1e-3, 40, 2_000]) });
    let before = 0;
    tell(player, random, (name, tookMs) => {
      const seeks = player.actions('seek').length;
      expect(seeks - before, name).toBeLessThanOrEqual(SEEKS_OF_AN_EVENT + ownStartsIn(tookMs));
      before = seeks;
    });
  });

  test.each(seeds())('run %i: a player with steps or without rates ends near the room', (seed) => {
    const random = new Seeded(2_000 + seed);
    const rates = random.pick([[], [1], [0.25, 0.5, 1, 1.25, 1.5, 2]]);
    const player = new SimulatedPlayer({ ...ableTraits(random), rates, skew: 0, ignoresRate: random.pick(['no', 'openly']) });
    const story = tell(player, random);
    player.commit({ rate: 1, position_ms: whole(player.roomPositionMs()) });
    player.run(story.restMs);
    const said = `${story.text} ${JSON.stringify(player.traits)}`;
    expect(Math.abs(player.driftMs), said).toBeLessThan(150);
    for (const { action } of player.actions('rate')) expect([1, ...rates]).toContain(action.rate);
  });

  test.each(seeds())('run %i: no action while held, none but a barrier’s answer', (seed) => {
    const random = new Seeded(3_000 + seed);
    const player = new SimulatedPlayer(ableTraits(random));
    tell(player, random, () => undefined);
    player.held = true;
    const heldMs = player.nowMs;
    for (let event = 0; event < EVENTS; event += 1) {
      const { name, to } = random.pick(HAPPENINGS);
      if (name !== 'release') to(player, random);
      player.run(random.exponential(1_000));
    }
    expect(new Set(player.moves(heldMs))).toEqual(new Set(player.actions('ready', heldMs).length > 0 ? ['ready'] : []));
    expect(player.actions('rate', heldMs)).toEqual([]);
  });
});

/** Lets events happen; at the end the page is shown, nobody holds the player and the room plays. */
function tell(
  player: SimulatedPlayer,
  random: Seeded,
  each: (name: string, tookMs: number) => void = () => undefined,
): { text: string; restMs: number } {
  player.commit({ durationMs: LENGTH_MS });
  player.commit({ status: 'playing', position_ms: 30_000 });
  const names: string[] = [];
  let stalls = false;
  for (let event = 0; event < EVENTS; event += 1) {
    const { name, isCommand, to } = random.pick(HAPPENINGS);
    to(player, random);
    names.push(name);
    stalls = isCommand ? false : stalls || name === 'stall' || name === 'clock';
    const forMs = random.exponential(2_500);
    player.run(forMs);
    each(name, forMs);
  }
  show(player);
  player.held = false;
  if (player.timeline!.status !== 'playing') player.commit({ status: 'playing', position_ms: whole(player.roomPositionMs()) });
  return { text: names.join(', '), restMs: PLACED_MS + SEEKS_UNTIL_PLACED * player.traits.seekMs + (stalls ? LONGEST_GAP_MS : 0) };
}

function show(player: SimulatedPlayer): void {
  player.hidden = false;
  player.tickMs = 50;
}

function ableTraits(random: Seeded): Partial<MediaTraits> {
  return {
    durationMs: LENGTH_MS,
    playLeadMs: random.between(0, 380),
    seekMs: random.pick([20, 120, 700, 2_000]),
    overrunMs: random.pick([0, 0, 30]),
    skew: random.between(-2e-4, 2e-4),
  };
}

function seeds(): number[] {
  return Array.from({ length: RUNS }, (_, index) => index + 1);
}

function whole(ms: number): number {
  return Math.round(ms);
}
