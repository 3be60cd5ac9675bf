// Tests of the controller with players and clocks that misbehave.
import { describe, expect, test } from 'vitest';
import { Seeded } from './seeded.js';
import type { MediaTraits } from './simulated-media.js';
import { SimulatedPlayer } from './simulated-player.js';

const TEN_MINUTES = 600_000;
const LONG: Partial<MediaTraits> = { durationMs: 3_600_000 };
/** The guard's gaps between the controller's own starts, and how long it takes to trust a player again. */
const FIRST_GAP_MS = 3_000;
const LONGEST_GAP_MS = 30_000;
const TRUSTED_AFTER_MS = 30_000 + LONGEST_GAP_MS;
/** The start for a command, and its retries if it is late. */
const STARTS_OF_A_COMMAND = 1 + 3;

/** The most seeks of its own while nothing helps: those for the command, then one for each gap. */
function mostSeeks(forMs: number): number {
  let starts = STARTS_OF_A_COMMAND;
  for (let [atMs, gapMs] = [0, FIRST_GAP_MS]; atMs <= forMs; starts += 1) {
    atMs += gapMs;
    gapMs = Math.min(2 * gapMs, LONGEST_GAP_MS);
  }
  return starts;
}

test('the guard allows at most 27 seeks in ten minutes for a player on which they never help', () => {
  expect(mostSeeks(TEN_MINUTES)).toBe(27);
});

describe('server timestamps that jump', () => {
  test('permanently, by too little for a new start: closed by rate', () => {
    const player = SimulatedPlayer.following(LONG);
    player.offsetMs += 120;
    const sinceMs = player.nowMs;
    player.run(15_000);
    expect(Math.abs(player.driftMs)).toBeLessThan(1);
    expect(player.moves(sinceMs)).toEqual([]);
  });

  test.each([-5_000, 400, 5_000, 900_000])('permanently by %i ms: one new start', (byMs) => {
    const player = SimulatedPlayer.following(LONG, { position_ms: 100_000 });
    player.offsetMs += byMs;
    const sinceMs = player.nowMs;
    player.run(15_000);
    expect(Math.abs(player.driftMs)).toBeLessThan(1);
    expect(player.actions('seek', sinceMs).length).toBeLessThanOrEqual(1);
  });

  test.each([1_000, 5_000, 20_000])('back and forth every %i ms for ten minutes: no seek loop, and in place afterwards', (everyMs) => {
    const player = SimulatedPlayer.following(LONG, { position_ms: 100_000 });
    const sinceMs = player.nowMs;
    for (let jump = 0; player.nowMs < sinceMs + TEN_MINUTES; jump += 1) {
      player.offsetMs += jump % 2 === 0 ? 2_000 : -2_000;
      player.run(everyMs);
    }
    expect(player.actions('seek', sinceMs).length).toBeLessThanOrEqual(mostSeeks(TEN_MINUTES));
    player.run(LONGEST_GAP_MS + 15_000);
    expect(Math.abs(player.driftMs)).toBeLessThan(1);
  });
});

test('without pongs the player continues by the last estimate', () => {
  const player = SimulatedPlayer.following({ ...LONG, skew: 5e-5 });
  const sinceMs = player.nowMs;
  const { driftMs } = player.watch(TEN_MINUTES);
  expect(driftMs).toBeLessThan(1);
  expect(player.moves(sinceMs)).toEqual([]);
});

describe('a player that ignores rate', () => {
  test.each(['openly', 'secretly'] as const)('%s is kept near the room by occasional new starts', (ignoresRate) => {
    for (const skew of [-1e-3, 1e-3]) {
      const player = SimulatedPlayer.following({ ...LONG, ignoresRate, skew });
      const sinceMs = player.nowMs;
      const { driftMs } = player.watch(TEN_MINUTES);
      expect(driftMs).toBeLessThan(1_000);
      // 1e-3 makes 150 ms in 150 s.
      expect(player.actions('seek', sinceMs).length).toBeLessThanOrEqual(5);
      expect(player.last?.degraded).toBe(false);
    }
  });

  test.each(['openly', 'secretly'] as const)('%s and runs 2 %% off is degraded until its rate works again', (ignoresRate) => {
    const player = SimulatedPlayer.following({ ...LONG, ignoresRate, skew: 2e-2 });
    player.run(TEN_MINUTES);
    expect(player.actions('seek').length).toBeLessThanOrEqual(mostSeeks(TEN_MINUTES + 20_000));
    expect(player.last?.degraded).toBe(true);
    player.traits.skew = 0;
    player.run(LONGEST_GAP_MS + TRUSTED_AFTER_MS + 2_000);
    expect(player.last?.degraded).toBe(false);
    expect(Math.abs(player.driftMs)).toBeLessThan(150);
  });

  test('openly is given no more rates once that is known', () => {
    const player = SimulatedPlayer.following({ ...LONG, ignoresRate: 'openly', skew: 1e-3 });
    player.run(20_000);
    const sinceMs = player.nowMs;
    player.run(TEN_MINUTES);
    expect(player.actions('rate', sinceMs)).toEqual([]);
  });

  test.each(['openly', 'secretly'] as const)('%s in a room at double the rate is degraded', (ignoresRate) => {
    const player = new SimulatedPlayer({ ...LONG, ignoresRate });
    player.commit({ status: 'playing', position_ms: 0, rate: 2 });
    player.run(TEN_MINUTES);
    expect(player.actions('seek').length).toBeLessThanOrEqual(mostSeeks(TEN_MINUTES));
    expect(player.last?.degraded).toBe(true);
    player.commit({ rate: 1, position_ms: player.roomPositionMs() });
    player.run(10_000);
    expect(player.last?.degraded).toBe(false);
    // What it showed was not a lead; a player that misreports its rate teaches a wrong one.
    expect(Math.abs(player.driftMs)).toBeLessThan(ignoresRate === 'openly' ? 30 : 150);
  });
});

describe.each<[string, Partial<MediaTraits>, Partial<MediaTraits>]>([
  ['a player that refuses to play', { refusesPlay: true }, { refusesPlay: false }],
  ['a player that reports a position that stands still', { standsStill: true }, { standsStill: false }],
])('%s', (_name, faulty, able) => {
  test.each([0.5, 1, 2])('is not sought in a loop, is degraded, and is put in place when it is able again; room at %d', (rate) => {
    const player = new SimulatedPlayer({ ...LONG, ...faulty });
    player.commit({ status: 'playing', position_ms: 30_000, rate });
    player.run(60_000);
    expect(player.last?.degraded).toBe(true);
    player.run(TEN_MINUTES - 60_000);
    expect(player.actions('seek').length).toBeLessThanOrEqual(mostSeeks(TEN_MINUTES));
    expect(player.actions('play').length).toBeLessThanOrEqual(mostSeeks(TEN_MINUTES));
    expect(player.last?.degraded).toBe(true);
    Object.assign(player.traits, able);
    player.run(LONGEST_GAP_MS + 15_000);
    expect(Math.abs(player.driftMs)).toBeLessThan(1);
    player.run(TRUSTED_AFTER_MS);
    expect(player.last).toMatchObject({ phase: 'following', degraded: false });
  });

  test('is tried again at once when the room changes', () => {
    const player = new SimulatedPlayer({ ...LONG, ...faulty });
    player.commit({ status: 'playing', position_ms: 30_000 });
    player.run(TEN_MINUTES);
    Object.assign(player.traits, able);
    player.commit({ position_ms: 300_000 });
    player.run(15_000);
    expect(Math.abs(player.driftMs)).toBeLessThan(1);
    expect(player.last?.degraded).toBe(false);
  });
});

test('a player that refuses to play but is started by hand is put in place at once', () => {
  const player = new SimulatedPlayer({ ...LONG, refusesPlay: true });
  player.commit({ status: 'playing', position_ms: 30_000 });
  player.run(TEN_MINUTES);
  player.traits.refusesPlay = false;
  player.play();
  player.run(10_000);
  expect(Math.abs(player.driftMs)).toBeLessThan(1);
});

test('a player that can’t be paused is not sought in a loop while the room is paused', () => {
  const player = SimulatedPlayer.following(LONG, { position_ms: 30_000 });
  player.traits.refusesPause = true;
  player.commit({ status: 'paused', position_ms: 40_000 });
  const sinceMs = player.nowMs;
  player.run(TEN_MINUTES);
  // What something else does is undone twelve times a minute.
  expect(player.actions('seek', sinceMs).length).toBeLessThanOrEqual(120);
  player.traits.refusesPause = false;
  player.run(2 * 60_000);
  expect(player.paused).toBe(true);
  expect(Math.abs(player.positionMs - 40_000)).toBeLessThan(50);
});

describe('a player that ends early', () => {
  const early = (): SimulatedPlayer => {
    const player = new SimulatedPlayer({ ...LONG, endsAtMs: 60_000 });
    player.commit({ status: 'playing', position_ms: 30_000 });
    player.run(TEN_MINUTES);
    return player;
  };

  test('is not sought in a loop, never restarts from the beginning and doesn’t end the room', () => {
    const player = early();
    expect(player.actions('seek').length).toBeLessThanOrEqual(mostSeeks(TEN_MINUTES));
    expect(player.actions('play')).toHaveLength(1);
    expect(player.actions('ended')).toEqual([]);
    expect(player.positionMs).toBe(60_000);
    expect(player.last).toMatchObject({ phase: 'finished', degraded: true });
  });

  test('before the room gets there never restarts from the beginning', () => {
    for (let aheadMs = 40; aheadMs < 150; aheadMs += 10) {
      const player = SimulatedPlayer.following({ ...LONG, endsAtMs: 60_000 });
      while (player.positionMs < 59_800) player.run(10);
      player.positionMs += aheadMs;
      player.run(30_000);
      expect(player.positionMs).toBe(60_000);
      expect(player.actions('play')).toHaveLength(1);
    }
  });

  test('plays again when the host seeks to where it has data', () => {
    const player = early();
    player.commit({ position_ms: 10_000 });
    player.run(15_000);
    expect(Math.abs(player.driftMs)).toBeLessThan(1);
    expect(player.last?.degraded).toBe(false);
  });

  test('continues when there is more after all', () => {
    const player = early();
    player.traits.endsAtMs = Infinity;
    player.run(LONGEST_GAP_MS + 15_000);
    expect(Math.abs(player.driftMs)).toBeLessThan(1);
    player.run(TRUSTED_AFTER_MS);
    expect(player.last?.degraded).toBe(false);
  });

  test('by a second has reached the room’s end', () => {
    const player = new SimulatedPlayer({ durationMs: 60_000, endsAtMs: 59_000 });
    player.commit({ status: 'playing', position_ms: 50_000 });
    player.run(30_000);
    expect(player.actions('ended')).toHaveLength(1);
    expect(player.last).toMatchObject({ phase: 'finished', degraded: false });
  });

  test.each([
    ['of a known length', 60_000, { durationMs: 60_000, lacksFromMs: 58_000 }],
    ['of an estimated length', null, { durationMs: 58_000, lacksFromMs: 57_900 }],
  ])('because its last piece is missing ends a room %s soon after its time', (_, durationMs, traits) => {
    const player = new SimulatedPlayer(traits);
    player.commit({ status: 'playing', position_ms: 50_000, durationMs });
    player.run(11_000);
    expect(player.actions('ended')).toEqual([]);
    player.run(6_000);
    expect(player.actions('ended')).toHaveLength(1);
    player.run(10_000);
    expect(player.last).toMatchObject({ phase: 'finished', degraded: false });
  });
});

describe('a player that changes duration', () => {
  test('to less than the room’s position: it stands at its end, doesn’t end the room, and continues when it grows', () => {
    const player = SimulatedPlayer.following({ durationMs: 600_000 }, { position_ms: 100_000 });
    player.traits.durationMs = 90_000;
    const sinceMs = player.nowMs;
    player.run(60_000);
    expect(player.actions('ended')).toEqual([]);
    expect(player.actions('seek', sinceMs).length).toBeLessThanOrEqual(mostSeeks(60_000));
    expect(player.positionMs).toBeLessThanOrEqual(90_000);
    player.traits.durationMs = 700_000;
    player.run(15_000);
    expect(Math.abs(player.driftMs)).toBeLessThan(1);
  });

  test('to less than the room’s: the end is reported when the room gets there', () => {
    const player = SimulatedPlayer.following({ durationMs: 600_000 }, { position_ms: 560_000 });
    player.traits.durationMs = 590_000;
    player.run(40_000);
    expect(player.actions('ended')).toHaveLength(1);
    expect(player.actions('ended')[0]?.atMs).toBeGreaterThan(38_000);
  });

  test.each([200, 1_000, 7_000])('to and fro every %i ms: no seek loop, and in place when it rests', (everyMs) => {
    const player = SimulatedPlayer.following({ durationMs: 3_600_000 }, { position_ms: 100_000 });
    const sinceMs = player.nowMs;
    for (let change = 0; player.nowMs < sinceMs + TEN_MINUTES; change += 1) {
      player.traits.durationMs = change % 2 === 0 ? 90_000 : 3_600_000;
      player.run(everyMs);
    }
    expect(player.actions('seek', sinceMs).length).toBeLessThanOrEqual(mostSeeks(TEN_MINUTES));
    player.traits.durationMs = 3_600_000;
    player.run(LONGEST_GAP_MS + 15_000);
    expect(Math.abs(player.driftMs)).toBeLessThan(1);
  });

  test('from unknown to known changes nothing', () => {
    const player = SimulatedPlayer.following({ durationMs: null });
    const sinceMs = player.nowMs;
    for (let second = 0; second < 60; second += 1) {
      player.traits.durationMs = player.positionMs + 5_000;
      player.run(1_000);
    }
    expect(player.moves(sinceMs)).toEqual([]);
    expect(Math.abs(player.driftMs)).toBeLessThan(1);
  });
});

describe('a seek that lands a keyframe away', () => {
  const rates: [string, MediaTraits['rates']][] = [
    ['any rate', 'continuous'],
    ['steps', [0.5, 1, 1.25, 1.5]],
    ['no rates', []],
  ];
  const landings = [2_000, 5_000, 10_000].flatMap((gridMs) => (['before', 'after'] as const).map((lands) => ({ gridMs, lands })));

  describe.each(landings)('every $gridMs ms, $lands its target', ({ gridMs, lands }) => {
    test.each(rates)('with %s: a handful of seeks after each command, none while it plays, and in place', (_name, rates) => {
      const random = new Seeded(gridMs);
      const player = new SimulatedPlayer({ ...LONG, gridMs, lands, rates });
      player.commit({});
      for (let command = 0; command < 4; command += 1) {
        player.run(1_000);
        const sinceMs = player.nowMs;
        player.commit({ status: 'playing', position_ms: Math.round(random.between(0, 2_000_000)) });
        // Its tries, and the time that one waits for the room to pass by.
        player.run(45_000);
        // A seek that landed too far ahead waits; one that fell short is tried again.
        const most = lands === 'after' ? 1 : STARTS_OF_A_COMMAND + 2;
        expect(player.actions('seek', sinceMs).length).toBeLessThanOrEqual(most);
        expect(Math.abs(player.driftMs)).toBeLessThan(30);
        const playsMs = player.nowMs;
        player.run(TEN_MINUTES);
        expect(player.actions('seek', playsMs)).toEqual([]);
        expect(player.last).toMatchObject({ phase: 'following', degraded: false });
      }
    });

    test('is remembered: later starts take one or two seeks', () => {
      const player = new SimulatedPlayer({ ...LONG, gridMs, lands });
      player.commit({ status: 'playing', position_ms: 30_500 });
      player.run(45_000);
      const sinceMs = player.nowMs;
      for (let stall = 0; stall < 5; stall += 1) {
        player.starve(2_000);
        player.run(60_000);
        expect(Math.abs(player.driftMs)).toBeLessThan(1);
      }
      expect(player.actions('seek', sinceMs).length).toBeLessThanOrEqual(2 * 5);
    });
  });

  test.each(rates)('and only ever at the beginning, with %s: no seek loop, degraded, and in place when seeks are exact again', (_name, rates) => {
    const player = new SimulatedPlayer({ ...LONG, gridMs: 3_600_000, lands: 'before', rates });
    player.commit({ status: 'playing', position_ms: 45_000 });
    player.run(TEN_MINUTES);
    expect(player.actions('seek').length).toBeLessThanOrEqual(mostSeeks(TEN_MINUTES));
    expect(player.last?.degraded).toBe(true);
    player.traits.gridMs = 1e-3;
    player.run(LONGEST_GAP_MS + TRUSTED_AFTER_MS + 15_000);
    expect(player.last?.degraded).toBe(false);
    expect(Math.abs(player.driftMs)).toBeLessThan(30);
  });

  test('while paused: one seek for each command', () => {
    for (const { gridMs, lands } of landings) {
      const player = new SimulatedPlayer({ ...LONG, gridMs, lands });
      player.commit({ status: 'paused', position_ms: 33_333 });
      player.run(TEN_MINUTES);
      expect(player.actions('seek')).toHaveLength(1);
    }
  });
});
