// Tests that the controller brings a player to the room's position and keeps it there.
import { describe, expect, test } from 'vitest';
import type { MediaTraits } from './simulated-media.js';
import { SimulatedPlayer } from './simulated-player.js';

const { following } = SimulatedPlayer;

describe('every able player is brought to within 1 ms of the room and stays, at nearly its rate', () => {
  const players: [string, Partial<MediaTraits>][] = [
    ['a quick one', { playLeadMs: 1, seekMs: 20 }],
    ['one with sound', { playLeadMs: 75 }],
    ['one that starts late', { playLeadMs: 180 }],
    ['one that starts very late', { playLeadMs: 350 }],
    ['one that seeks slowly', { seekMs: 900 }],
    ['one that seeks very slowly', { seekMs: 2_500 }],
    ['one that runs fast', { skew: 1e-3 }],
    ['one that runs slow', { skew: -1e-3 }],
    ['one of unknown length', { durationMs: null }],
  ];
  const changes: [string, (player: SimulatedPlayer) => void][] = [
    ['a start', (player) => player.commit({ status: 'playing', position_ms: 5_000 })],
    ['a scheduled start', (player) =>
      player.commit({ status: 'playing', position_ms: 5_000, anchor_at_ms: player.nowMs + player.offsetMs + 400 })],
    ['double the rate', (player) => player.commit({ status: 'playing', position_ms: 5_000, rate: 2 })],
    ['half the rate', (player) => player.commit({ status: 'playing', position_ms: 5_000, rate: 0.5 })],
    ['a late join', (player) => player.commit({ status: 'playing', position_ms: 200_000, anchor_at_ms: player.offsetMs - 60_000 })],
    ['a seek', (player) => {
      player.commit({ status: 'playing', position_ms: 5_000 });
      player.run(15_000);
      player.commit({ position_ms: 300_000 });
    }],
    ['a stall', (player) => {
      player.commit({ status: 'playing', position_ms: 5_000 });
      player.run(15_000);
      player.starve(2_000);
    }],
  ];
  describe.each(players)('%s', (_who, traits) => {
    test.each(changes)('after %s', (_name, change) => {
      const player = new SimulatedPlayer(traits);
      player.commit({});
      player.run(500);
      change(player);
      player.run(15_000);
      const { driftMs, rateOff } = player.watch(10_000);
      expect(driftMs).toBeLessThan(1);
      expect(rateOff).toBeLessThanOrEqual(0.005);
      expect(player.last).toMatchObject({ phase: 'following', degraded: false });
    });
  });
});

test('a usual player is within 1 ms 5 s after a start, without a second try', () => {
  const player = new SimulatedPlayer();
  player.commit({});
  player.run(500);
  player.commit({ status: 'playing', position_ms: 5_000 });
  player.run(5_500);
  expect(Math.abs(player.driftMs)).toBeLessThan(1);
  expect(player.actions('seek')).toHaveLength(1);
});

describe('at any rate of the room', () => {
  test.each([0.5, 1, 1.5, 2])('%d: a small gap is closed only by rate, and then the rate is exactly the room’s', (rate) => {
    const player = following({}, { rate });
    const sinceMs = player.nowMs;
    player.positionMs += 80;
    player.run(500);
    expect(player.rate).toBeLessThan(rate);
    expect(player.rate).toBeGreaterThanOrEqual(0.95 * rate);
    player.run(15_000);
    expect(player.rate).toBe(rate);
    expect(Math.abs(player.driftMs)).toBeLessThan(1);
    expect(player.moves(sinceMs)).toEqual([]);
  });

  test.each([0.5, 1, 1.5, 2])('%d: it recovers from a stall, a local seek, a local pause and a sleep', (rate) => {
    const player = following({}, { rate });
    const happenings = [
      () => player.starve(1_000),
      () => player.userSeeks(300_000),
      () => player.interrupt(),
      () => player.sleep(20_000, 'sleeps too'),
    ];
    for (const happens of happenings) {
      happens();
      player.run(15_000);
      expect(Math.abs(player.driftMs)).toBeLessThan(1);
    }
  });
});

test.each([140, -140, 101, -101, 60, -60])('a gap of %i ms is closed within 8 s, gently once it is small', (gapMs) => {
  const player = following();
  const sinceMs = player.nowMs;
  player.positionMs += gapMs - player.driftMs;
  while (player.nowMs < sinceMs + 8_000) {
    player.run(10);
    // The median of five steps is 100 ms old, and so up to 5 ms further off.
    const seenMs = Math.abs(player.driftMs) + 7.5;
    const most = seenMs < 12 ? 0.005 : seenMs < 40 ? 0.02 : 0.05;
    expect(Math.abs(player.rate - 1)).toBeLessThanOrEqual(most + 1e-12);
  }
  expect(Math.abs(player.driftMs)).toBeLessThan(1);
  expect(player.moves(sinceMs)).toEqual([]);
});

test.each([160, -160, 240, -240])('a lasting gap of %i ms is closed by one new start', (gapMs) => {
  const player = following();
  const sinceMs = player.nowMs;
  player.positionMs += gapMs;
  player.run(3_000);
  expect(Math.abs(player.driftMs)).toBeLessThan(12);
  expect(player.actions('seek', sinceMs)).toHaveLength(1);
});

test('a brief outlier of the position causes no new start', () => {
  const player = following();
  const sinceMs = player.nowMs;
  player.positionMs += 300;
  player.run(60);
  player.positionMs -= 300;
  player.run(3_000);
  expect(player.moves(sinceMs)).toEqual([]);
});

test('a paused player stands at the committed position', () => {
  const player = following();
  player.run(60);
  player.commit({ status: 'paused', position_ms: player.roomPositionMs() - 150 });
  player.run(500);
  expect(player.paused).toBe(true);
  expect(player.driftMs).toBe(0);
});

test.each(['paused', 'waiting'] as const)('a player that keeps running is put back to the room’s position, %s', (status) => {
  const player = following({ overrunMs: 27 });
  player.commit({ status, position_ms: player.roomPositionMs() });
  const sinceMs = player.nowMs;
  player.run(3_000);
  expect(player.driftMs).toBeCloseTo(0, 2);
  expect(player.actions('seek', sinceMs)).toHaveLength(1);
});

test('a player that can’t seek exactly is sought once for each change', () => {
  const player = following({ gridMs: 100 });
  for (const positionMs of [30_030, 40_160, 45_050]) {
    player.commit({ status: 'paused', position_ms: positionMs });
    const sinceMs = player.nowMs;
    player.run(5_000);
    expect(player.actions('seek', sinceMs)).toHaveLength(1);
  }
});

test('a barrier gets one `ready`, once the player is in place and has data', () => {
  const player = new SimulatedPlayer({ seekMs: 700 });
  player.commit({});
  player.run(200);
  player.commit({ status: 'waiting', position_ms: 90_000, barrier: 7 });
  player.run(600);
  expect(player.actions('ready')).toEqual([]);
  player.run(2_000);
  expect(player.actions('ready').map(({ action }) => action)).toEqual([{ type: 'ready', version: 7 }]);
  player.commit({ status: 'waiting', position_ms: 10_000, barrier: 9 });
  player.run(2_000);
  expect(player.actions('ready').at(-1)?.action).toEqual({ type: 'ready', version: 9 });
});

describe('what somebody does to the player directly is undone:', () => {
  test('a pause', () => {
    const player = following();
    player.interrupt();
    player.run(10_000);
    expect(player.paused).toBe(false);
    expect(Math.abs(player.driftMs)).toBeLessThan(1);
  });

  test.each([
    ['while playing', true],
    ['while paused', false],
  ])('a seek %s', (_name, plays) => {
    const player = following();
    if (!plays) player.commit({ status: 'paused', position_ms: player.roomPositionMs() });
    player.run(1_000);
    player.userSeeks(400_000);
    player.run(10_000);
    expect(player.paused).toBe(!plays);
    expect(Math.abs(player.driftMs)).toBeLessThan(1);
  });

  test('a rate', () => {
    const player = following();
    player.rate = 2;
    player.run(100);
    expect(player.rate).toBeLessThan(1.06);
  });

  test('a play while the room is paused', () => {
    const player = new SimulatedPlayer();
    player.commit({ status: 'paused', position_ms: 4_000 });
    player.run(1_000);
    player.paused = false;
    player.run(1_000);
    expect(player.paused).toBe(true);
    expect(Math.abs(player.driftMs)).toBeLessThanOrEqual(8);
  });

  test('again and again, but not for ever: then it is only played', () => {
    const player = following();
    const sinceMs = player.nowMs;
    for (let round = 0; round < 120; round += 1) {
      player.userSeeks(400_000);
      player.run(500);
    }
    expect(player.actions('seek', sinceMs).length).toBeLessThanOrEqual(12);
  });
});

test('nothing is played while the browser requires a gesture; then the player catches up', () => {
  const player = new SimulatedPlayer();
  player.blocked = true;
  player.commit({ status: 'playing', position_ms: 0 });
  player.run(5_000);
  expect(player.actions('play')).toEqual([]);
  player.blocked = false;
  player.run(8_000);
  expect(Math.abs(player.driftMs)).toBeLessThan(1);
});

test('the end is reported once for each version of the room, and nothing is played after it', () => {
  const player = new SimulatedPlayer({ durationMs: 10_000 });
  player.commit({ status: 'playing', position_ms: 0 });
  const ended = (version: number) => ({ type: 'ended', mediaId: 'm_1', version });
  const reported = () => player.actions('ended').map(({ action }) => action);
  player.run(20_000);
  expect(reported()).toEqual([ended(1)]);
  // Somebody's new role, say, because of which the room has refused the report.
  player.timeline!.version = 2;
  player.run(1_000);
  expect(reported()).toEqual([ended(1), ended(2)]);
  expect(player.actions('play', 10_100)).toEqual([]);
  player.commit({ status: 'playing', position_ms: 2_000 });
  player.run(3_000);
  expect(player.paused).toBe(false);
  expect(Math.abs(player.driftMs)).toBeLessThan(12);
});

test('the end is reported again if the room plays on for long, since a report may be lost', () => {
  const player = new SimulatedPlayer({ durationMs: 10_000 });
  player.commit({ status: 'playing', position_ms: 0 });
  player.run(30_000);
  expect(player.actions('ended')).toHaveLength(1);
  player.run(10_000);
  expect(player.actions('ended')).toHaveLength(2);
});

test.each([
  [100, []],
  [1_000, ['pause', 'seek']],
])('of a room that ends %i ms before this player does, only the very end is played', (leftMs, moves) => {
  const player = SimulatedPlayer.following({ durationMs: 40_000 }, { position_ms: 28_000 - leftMs });
  const sinceMs = player.nowMs;
  player.commit({ status: 'ended', position_ms: 40_000 });
  player.run(3_000);
  expect([player.moves(sinceMs), player.positionMs, player.paused]).toEqual([moves, 40_000, true]);
});

test('a change of tracks re-anchors without a seek or a pause', () => {
  const player = following();
  const sinceMs = player.nowMs;
  player.commit({ status: 'playing', position_ms: Math.round(player.roomPositionMs()) });
  player.run(5_000);
  expect(player.moves(sinceMs)).toEqual([]);
});

test('a position that the media doesn’t have is not sought for ever', () => {
  const player = new SimulatedPlayer({ durationMs: 10_000 });
  player.commit({ status: 'paused', position_ms: 12_000, durationMs: null });
  player.run(10_000);
  expect(player.actions('seek').length).toBeLessThanOrEqual(2);
});

test('a live edge only follows play and pause', () => {
  const player = new SimulatedPlayer({ durationMs: null });
  player.positionMs = 90_000;
  player.commit({ status: 'playing', live: true });
  player.run(3_000);
  expect(player.paused).toBe(false);
  expect(player.actions('seek')).toEqual([]);
  player.commit({ status: 'paused' });
  player.run(100);
  expect(player.paused).toBe(true);
});

test('live media is followed to the moment by a player that knows its positions', () => {
  const player = new SimulatedPlayer({ durationMs: null, live: true });
  player.positionMs = 90_000;
  player.commit({ status: 'playing', live: true, position_ms: 80_000 });
  player.run(6_000);
  expect(Math.abs(player.driftMs)).toBeLessThan(5);
});

test('a live stream that has ended is not restarted, and the end is reported', () => {
  const player = new SimulatedPlayer({ durationMs: null });
  player.positionMs = 90_000;
  player.commit({ status: 'playing', live: true });
  player.run(3_000);
  player.traits.durationMs = 95_000;
  player.run(10_000);
  expect(player.positionMs).toBe(95_000);
  expect(player.actions('ended')).toHaveLength(1);
});

test('without media or clock the player is only paused', () => {
  const player = new SimulatedPlayer();
  player.paused = false;
  player.run(500);
  expect(player.moves()).toEqual(['pause']);
});

test('a player without any rates is never given one', () => {
  const player = new SimulatedPlayer({ rates: [], skew: 1e-2 });
  player.commit({ status: 'playing', position_ms: 0 });
  player.run(30_000);
  expect(player.actions('rate')).toEqual([]);
});
