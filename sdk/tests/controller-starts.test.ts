// Tests of starts: their instant, their lead, late ones, and those without data.
import { describe, expect, test } from 'vitest';
import type { MediaTraits } from './simulated-media.js';
import { SimulatedPlayer } from './simulated-player.js';

const { following } = SimulatedPlayer;
/** A start this late is not planned anew. */
const LATE_MS = 25;
const LEAD_MOST_MS = 400;
const COMMITTED_MS = 100;
/** In ten minutes, as for every other fault. */
const SEEKS_MOST = 27;

test('a scheduled start plays at its instant, less the player’s lead', () => {
  const player = new SimulatedPlayer();
  player.commit({ status: 'paused', position_ms: 8_000 });
  player.run(1_000);
  const anchorMs = player.nowMs + 400;
  player.commit({ status: 'playing', position_ms: 8_000, anchor_at_ms: anchorMs + player.offsetMs });
  player.run(300);
  expect(player.paused).toBe(true);
  player.run(700);
  const [start] = player.actions('play');
  expect(start?.atMs).toBeGreaterThan(anchorMs - 100);
  expect(start?.atMs).toBeLessThan(anchorMs);
  expect(player.actions('seek', 1_000)).toEqual([]);
});

test('a scheduled start that is rescheduled before its instant is followed to the new one', () => {
  const player = new SimulatedPlayer();
  player.commit({ status: 'paused', position_ms: 8_000 });
  player.run(1_000);
  for (const inMs of [400, 900, 600]) {
    player.commit({ status: 'playing', position_ms: 8_000, anchor_at_ms: player.nowMs + player.offsetMs + inMs });
    player.run(200);
    expect(player.actions('play')).toEqual([]);
  }
  player.run(600);
  expect(player.actions('play')).toHaveLength(1);
  expect(Math.abs(player.driftMs)).toBeLessThan(40);
});

describe('the lead is learned', () => {
  test.each([20, 160, 300, 380])('for a player that takes %i ms, however often it starts', (playLeadMs) => {
    const player = new SimulatedPlayer({ playLeadMs });
    const errors = starts(player, 12);
    expect(errors.at(-1)).toBeLessThan(2);
    expect(Math.abs(player.controller.playLeadMs - playLeadMs)).toBeLessThan(2);
  });

  test.each<[string, Partial<MediaTraits>]>([
    ['moves at once', { playLeadMs: 0 }],
    ['takes a little more', { playLeadMs: 450 }],
    ['takes half a second', { playLeadMs: 500 }],
    ['takes five seconds', { playLeadMs: 5_000 }],
    ['stands still', { standsStill: true }],
    ['refuses to play', { refusesPlay: true }],
    ['plays at another rate than it says', { ignoresRate: 'secretly' }],
  ])('within bounds for one that %s', (_name, traits) => {
    const player = new SimulatedPlayer(traits);
    starts(player, 12);
    expect(player.controller.playLeadMs).toBeGreaterThanOrEqual(0);
    expect(player.controller.playLeadMs).toBeLessThanOrEqual(LEAD_MOST_MS);
  });

  test('not from a stall right after the start', () => {
    const player = new SimulatedPlayer({ playLeadMs: 75 });
    starts(player, 8);
    const before = player.controller.playLeadMs;
    player.commit({ status: 'playing', position_ms: 0, anchor_at_ms: player.nowMs + player.offsetMs + 500 });
    player.run(500);
    player.starve(2_000);
    player.run(10_000);
    expect(Math.abs(player.controller.playLeadMs - before)).toBeLessThan(5);
  });

  test('not from a start that hangs', () => {
    const player = new SimulatedPlayer({ playLeadMs: 75 });
    starts(player, 8);
    const before = player.controller.playLeadMs;
    player.traits.playLeadMs = 900;
    player.commit({ status: 'playing', position_ms: 0, anchor_at_ms: player.nowMs + player.offsetMs + 500 });
    const sinceMs = player.nowMs;
    do player.run(10);
    while (player.last?.phase !== 'following' && player.nowMs < sinceMs + 5_000);
    expect(player.driftMs).toBeLessThan(-500);
    expect(player.controller.playLeadMs).toBe(before);
  });

  /** Starts and pauses this many times; returns how far off each start was once it had settled. */
  function starts(player: SimulatedPlayer, times: number): number[] {
    player.commit({});
    const errors: number[] = [];
    for (let start = 0; start < times; start += 1) {
      player.run(3_000);
      player.commit({ status: 'playing', position_ms: 0, anchor_at_ms: player.nowMs + player.offsetMs + 500 });
      player.run(500 + 240);
      errors.push(Math.abs(player.driftMs));
      player.run(400);
      player.commit({ status: 'paused', position_ms: 0 });
    }
    return errors;
  }
});

describe('a start that would be late', () => {
  test.each([
    { lateMs: LATE_MS - 5, tries: 1 },
    { lateMs: LATE_MS + 5, tries: 2 },
    { lateMs: 600, tries: 3 },
    { lateMs: 2_000, tries: 3 },
  ])('by $lateMs ms takes $tries seeks', ({ lateMs, tries }) => {
    const player = following({ seekMs: 300 });
    player.tickMs = 1;
    for (let seek = 0; seek < 6; seek += 1) {
      player.commit({ position_ms: 200_000 });
      player.run(2_000);
    }
    // The duration of a seek is known by now; 60 ms are added to it.
    player.traits.seekMs = 300 + 60 + lateMs;
    const sinceMs = player.nowMs;
    player.commit({ position_ms: 300_000 });
    player.run(8_000);
    expect(player.actions('seek', sinceMs)).toHaveLength(tries);
    expect(player.actions('play', sinceMs)).toHaveLength(1);
    player.run(5_000);
    expect(Math.abs(player.driftMs)).toBeLessThan(1);
  });

  test('every time is tried four times, then played and caught up', () => {
    const player = following();
    const sinceMs = player.nowMs;
    player.commit({ position_ms: 300_000 });
    for (let seek = 0; seek < 10; seek += 1) {
      // Each takes longer than anything seen before.
      player.traits.seekMs = 700 + 700 * player.actions('seek', sinceMs).length;
      player.run(700);
    }
    expect(player.actions('seek', sinceMs).length).toBeLessThanOrEqual(5);
    player.run(60_000);
    expect(Math.abs(player.driftMs)).toBeLessThan(1);
  });
});

test('the duration of a seek is learned, and the second one is planned with it', () => {
  const player = following({ seekMs: 2_000 });
  for (const [nth, most] of [2, 1, 1].entries()) {
    const sinceMs = player.nowMs;
    player.commit({ position_ms: 100_000 * (nth + 1) });
    player.run(15_000);
    expect(player.actions('seek', sinceMs).length).toBeLessThanOrEqual(most);
  }
});

describe('starvation', () => {
  test('makes a new start once there is data again', () => {
    const player = following();
    const sinceMs = player.nowMs;
    player.starve(4_000);
    player.run(200);
    expect(player.last?.phase).toBe('starved');
    player.run(8_000);
    expect(player.actions('seek', sinceMs)).toHaveLength(1);
    expect(Math.abs(player.driftMs)).toBeLessThan(1);
  });

  test('of less than 40 ms is caught up by rate', () => {
    const player = following();
    const sinceMs = player.nowMs;
    player.tickMs = 10;
    player.starve(35);
    player.run(8_000);
    expect(player.moves(sinceMs)).toEqual([]);
    expect(Math.abs(player.driftMs)).toBeLessThan(1);
  });

  test('that repeats makes a new start at the earliest 3 s after the last, then 6, 12, 24 and 30', () => {
    const player = following();
    const sinceMs = player.nowMs;
    while (player.nowMs < sinceMs + 120_000) {
      player.starve(700);
      player.run(1_500);
    }
    const starts = player.actions('seek', sinceMs).map(({ atMs }) => atMs);
    const gaps = starts.slice(1).map((atMs, index) => atMs - starts[index]!);
    [3_000, 6_000, 12_000, 24_000, 30_000].forEach((least, index) => {
      if (index < gaps.length) expect(gaps[index]).toBeGreaterThanOrEqual(least);
    });
    expect(starts.length).toBeGreaterThan(3);
    // When it is over, the longest gap passes and the player is in place again.
    player.run(45_000);
    expect(Math.abs(player.driftMs)).toBeLessThan(1);
  });
});

test.each([100_000, 2_000])('a player that waited for data %i ms further on isn’t mistaken for a slow one', (furtherMs) => {
  const player = following({ seekMs: 150 });
  player.loaded = () => false;
  for (let stall = 0; stall < 3; stall += 1) {
    player.traits.seekMs = 3_000;
    player.commit({ status: 'playing', position_ms: player.roomPositionMs() + furtherMs });
    player.run(2_900);
    player.traits.seekMs = 150;
    const backMs = player.nowMs;
    player.run(1_000);
    const [start] = player.actions('play', backMs);
    expect(start?.atMs).toBeLessThan(backMs + 900);
    player.run(10_000);
  }
});

describe('a player that joins late', () => {
  test.each([700, 1_000, 1_500])('finds its data in time if it takes as long as loading took, %i ms', (loadMs) => {
    const player = joining({ seekMs: 0.75 * loadMs });
    player.controller.loaded(loadMs);
    player.run(4_000);
    expect(player.actions('seek')).toHaveLength(1);
    expect(Math.abs(player.driftMs)).toBeLessThan(10);
  });

  test('waits for the room if it is ready early', () => {
    const player = joining({ seekMs: 100 });
    player.controller.loaded(1_800);
    player.run(4_000);
    expect(player.actions('seek')).toHaveLength(1);
    expect(Math.abs(player.driftMs)).toBeLessThan(10);
  });
});

describe('data that doesn’t arrive', () => {
  test('is requested again where the room is by then, with back-off, even after the player was played', () => {
    const player = joining({ seekMs: Infinity });
    player.arriving = false;
    player.run(570_000);
    const seeks = player.actions('seek');
    const gaps = seeks.slice(1).map(({ atMs }, index) => atMs - seeks[index]!.atMs);
    const doubling = gaps.slice(0, 4);
    for (const [index, gap] of doubling.entries()) expect(gap / (doubling[index - 1] ?? gap / 2)).toBeCloseTo(2, 0);
    for (const { atMs, action } of seeks) expect(Math.abs(action.positionMs - (20_000 + atMs - COMMITTED_MS))).toBeLessThan(1_000);
    expect(player.actions('play')).toHaveLength(1);
    expect(seeks.length).toBeLessThanOrEqual(SEEKS_MOST);
  });

  test('is waited for while some of it arrives', () => {
    const player = joining({ seekMs: 9_000 });
    player.arriving = true;
    player.run(8_000);
    expect(player.actions('seek')).toHaveLength(1);
  });

  test('is waited for longer than loading took before', () => {
    const player = joining({ seekMs: 1_500 });
    player.controller.loaded(1_500);
    player.arriving = false;
    player.run(6_000);
    expect(player.actions('seek')).toHaveLength(1);
    expect(Math.abs(player.driftMs)).toBeLessThan(10);
  });

  test('is not what a slow device waits for', () => {
    const player = joining({ seekMs: 4_000 });
    player.arriving = false;
    player.loaded = () => player.actions('seek').length > 0;
    player.run(3_900);
    expect(player.actions('seek')).toHaveLength(1);
  });

  test('during playback is requested where the room is by then', () => {
    const player = SimulatedPlayer.following();
    const beganMs = player.nowMs;
    player.loaded = () => false;
    player.arriving = false;
    player.starve(Infinity);
    player.run(6_000);
    expect(player.actions('seek', beganMs)).toHaveLength(1);
    expect(player.paused).toBe(false);
    expect(Math.abs(player.driftMs)).toBeLessThan(10);
  });

  test.each([
    ['some come in', (player: SimulatedPlayer) => (player.arriving = true)],
    ['the player cannot tell', (player: SimulatedPlayer) => (player.arriving = undefined)],
    ['there are some, but a slow device cannot use them yet', (player: SimulatedPlayer) => (player.loaded = () => true)],
  ])('during playback is waited for while %s', (_, tells) => {
    const player = SimulatedPlayer.following();
    const beganMs = player.nowMs;
    player.loaded = () => false;
    player.arriving = false;
    tells(player);
    player.starve(8_000);
    player.run(7_900);
    expect(player.moves(beganMs)).toEqual([]);
  });

  test('is followed by a start within half a second once it arrives', () => {
    const player = joining({ seekMs: Infinity });
    player.arriving = false;
    player.run(5_000);
    player.traits.seekMs = 60;
    player.loaded = () => true;
    player.seek(player.positionMs);
    player.run(560);
    expect(player.paused).toBe(false);
    player.run(2_000);
    expect(Math.abs(player.driftMs)).toBeLessThan(10);
  });
});

/** Returns a player that joins a playing room, with nothing loaded where it plays. */
function joining(traits: Partial<MediaTraits>): SimulatedPlayer {
  const player = new SimulatedPlayer(traits);
  player.loaded = () => false;
  player.advance(COMMITTED_MS);
  player.commit({ status: 'playing', position_ms: 20_000 });
  return player;
}
