import { describe, expect, test } from 'vitest';
import { SimulatedPlayer, type PlayerTraits } from './simulated-player.js';

const FRAME_MS = 34;

describe('every kind of player is brought to the room and stays', () => {
  const players: [string, Partial<PlayerTraits>][] = [
    ['a quick one', { playLeadMs: 1, seekMs: 20 }],
    ['one with audio', { playLeadMs: 75 }],
    ['one that starts late', { playLeadMs: 180 }],
    ['one that starts very late', { playLeadMs: 350 }],
    ['one that seeks slowly', { seekMs: 900 }],
    ['one that seeks very slowly', { seekMs: 2_500 }],
    ['one that runs fast', { skew: 1e-3 }],
    ['one that runs slow', { skew: -1e-3 }],
    ['one of unknown length', { durationMs: null }],
  ];
  const changes: [string, (player: SimulatedPlayer) => void][] = [
    ['play', (player) => player.commit({ status: 'playing', positionMs: 5_000 })],
    ['a scheduled start', (player) =>
      player.commit({ status: 'playing', positionMs: 5_000, anchorAtMs: player.nowMs + player.offsetMs + 400 })],
    ['a double rate', (player) => player.commit({ status: 'playing', positionMs: 5_000, rate: 2 })],
    ['half the rate', (player) => player.commit({ status: 'playing', positionMs: 5_000, rate: 0.5 })],
    ['a late join', (player) => player.commit({ status: 'playing', positionMs: 200_000, anchorAtMs: player.offsetMs - 60_000 })],
  ];
  for (const [who, traits] of players) {
    test.each(changes)(`${who}: %s`, (_name, change) => {
      const player = new SimulatedPlayer(traits);
      player.commit({});
      player.run(500);
      change(player);
      player.run(15_000);
      for (let sample = 0; sample < 100; sample += 1) {
        player.run(100);
        expect(Math.abs(player.driftMs)).toBeLessThan(FRAME_MS);
      }
      expect(player.last).toMatchObject({ phase: 'following', degraded: false });
    });
  }
});

test('a scheduled start begins at its instant, less the lead it takes', () => {
  const player = new SimulatedPlayer();
  player.commit({ status: 'paused', positionMs: 8_000 });
  player.run(1_000);
  const anchorMs = player.nowMs + 400;
  player.commit({ status: 'playing', positionMs: 8_000, anchorAtMs: anchorMs + player.offsetMs });
  player.run(300);
  expect(player.paused).toBe(true);
  player.run(700);
  const [start] = player.actions('play');
  expect(start?.atMs).toBeGreaterThan(anchorMs - 100);
  expect(start?.atMs).toBeLessThan(anchorMs);
  expect(player.actions('seek', 1_000)).toEqual([]);
});

test('the lead is learned: later starts are more exact than the first', () => {
  const player = new SimulatedPlayer({ playLeadMs: 160 });
  player.commit({});
  const errors: number[] = [];
  for (let start = 0; start < 6; start += 1) {
    player.run(1_000);
    player.commit({ status: 'playing', positionMs: 0, anchorAtMs: player.nowMs + player.offsetMs + 500 });
    player.run(500 + 240);
    errors.push(Math.abs(player.driftMs));
    player.run(400);
    player.commit({ status: 'paused', positionMs: 0 });
  }
  expect(errors[0]).toBeGreaterThan(80);
  expect(errors.at(-1)).toBeLessThan(15);
});

test('a small gap is closed by the rate alone, then the rate is exactly the room’s', () => {
  const player = following();
  const sinceMs = player.nowMs;
  player.positionMs += 80;
  player.run(500);
  expect(player.rate).toBeLessThan(1);
  expect(player.rate).toBeGreaterThanOrEqual(0.95);
  player.run(10_000);
  expect(player.rate).toBe(1);
  expect(Math.abs(player.driftMs)).toBeLessThan(10);
  expect(player.actions('seek', sinceMs)).toEqual([]);
  expect(player.actions('pause', sinceMs)).toEqual([]);
});

test.each([200, -200, 150, -150, 101, -101])('a gap of %i ms is closed within 3 s, gently once it is small', (gapMs) => {
  const player = following();
  const sinceMs = player.nowMs;
  player.positionMs += gapMs - player.driftMs;
  while (player.nowMs < sinceMs + 3_000) {
    player.run(10);
    const most = Math.abs(player.driftMs) < 100 ? 0.05 : 0.1;
    expect(Math.abs(player.rate - 1)).toBeLessThanOrEqual(most + 1e-12);
  }
  expect(Math.abs(player.driftMs)).toBeLessThan(FRAME_MS);
  expect(player.actions('seek', sinceMs)).toEqual([]);
  expect(player.actions('pause', sinceMs)).toEqual([]);
});

test.each([240, -240])('a lasting gap of %i ms is ended by one new start', (gapMs) => {
  const player = following();
  const sinceMs = player.nowMs;
  player.positionMs += gapMs;
  player.run(3_000);
  expect(Math.abs(player.driftMs)).toBeLessThan(FRAME_MS);
  expect(player.actions('seek', sinceMs)).toHaveLength(1);
});

test('a short outlier of the position starts nothing anew', () => {
  const player = following();
  const sinceMs = player.nowMs;
  player.positionMs += 300;
  player.run(60);
  player.positionMs -= 300;
  player.run(3_000);
  expect(player.actions('seek', sinceMs)).toEqual([]);
  expect(player.actions('pause', sinceMs)).toEqual([]);
});

test('the nudge is a part of the room’s rate', () => {
  const player = following();
  player.commit({ status: 'playing', positionMs: player.positionMs, rate: 1.5 });
  player.positionMs -= 90;
  player.run(400);
  expect(player.rate).toBeGreaterThan(1.5);
  expect(player.rate).toBeLessThanOrEqual(1.5 * 1.05);
});

test('a pause stands on the committed position', () => {
  const player = following();
  player.run(60);
  player.commit({ status: 'paused', positionMs: player.roomPositionMs() - 150 });
  player.run(500);
  expect(player.paused).toBe(true);
  expect(player.driftMs).toBe(0);
});

test.each(['paused', 'waiting'] as const)('a player that runs on is put back to the room’s place, %s', (status) => {
  const player = following({ overrunMs: 27 });
  player.commit({ status, positionMs: player.roomPositionMs() });
  const sinceMs = player.nowMs;
  player.run(3_000);
  expect(player.driftMs).toBeCloseTo(0, 2);
  expect(player.actions('seek', sinceMs)).toHaveLength(1);
});

test('a player that cannot be placed exactly is sought once for each change', () => {
  const player = following({ gridMs: 100 });
  for (const positionMs of [30_030, 40_160, 45_050]) {
    player.commit({ status: 'paused', positionMs });
    const sinceMs = player.nowMs;
    player.run(5_000);
    expect(player.actions('seek', sinceMs)).toHaveLength(1);
  }
});

test('a barrier gets one ready, after the player stands there with data', () => {
  const player = new SimulatedPlayer({ seekMs: 700 });
  player.commit({});
  player.run(200);
  player.commit({ status: 'waiting', positionMs: 90_000, barrier: 7 });
  player.run(600);
  expect(player.actions('ready')).toEqual([]);
  player.run(2_000);
  expect(player.actions('ready').map(({ action }) => action)).toEqual([{ type: 'ready', version: 7 }]);
  player.commit({ status: 'waiting', positionMs: 10_000, barrier: 9 });
  player.run(2_000);
  expect(player.actions('ready').at(-1)?.action).toEqual({ type: 'ready', version: 9 });
});

test('a barrier for others gets no ready', () => {
  const player = new SimulatedPlayer();
  player.commit({ status: 'waiting', positionMs: 90_000 });
  player.run(3_000);
  expect(player.actions('ready')).toEqual([]);
});

test('a local pause is undone', () => {
  const player = following();
  player.userPauses();
  player.run(5_000);
  expect(player.paused).toBe(false);
  expect(Math.abs(player.driftMs)).toBeLessThan(FRAME_MS);
});

test.each([
  ['while playing', true],
  ['while paused', false],
])('a local seek is undone %s', (_name, plays) => {
  const player = following();
  if (!plays) player.commit({ status: 'paused', positionMs: player.roomPositionMs() });
  player.run(1_000);
  player.userSeeks(400_000);
  player.run(5_000);
  expect(player.paused).toBe(!plays);
  expect(Math.abs(player.driftMs)).toBeLessThan(FRAME_MS);
});

test('a local rate is undone', () => {
  const player = following();
  player.rate = 2;
  player.run(100);
  expect(player.rate).toBeLessThan(1.1);
});

test('a local play is undone while the room is paused', () => {
  const player = new SimulatedPlayer();
  player.commit({ status: 'paused', positionMs: 4_000 });
  player.run(1_000);
  player.paused = false;
  player.run(1_000);
  expect(player.paused).toBe(true);
  expect(Math.abs(player.driftMs)).toBeLessThanOrEqual(8);
});

test('a hidden page that the browser paused is left alone until it is seen again', () => {
  const player = following();
  player.hidden = true;
  player.userPauses();
  const hiddenMs = player.nowMs;
  player.run(20_000);
  expect(player.log.filter(({ atMs }) => atMs >= hiddenMs)).toEqual([]);
  player.hidden = false;
  player.run(5_000);
  expect(player.paused).toBe(false);
  expect(Math.abs(player.driftMs)).toBeLessThan(FRAME_MS);
});

test('after a stall the player comes back to the room', () => {
  const player = following();
  player.starve(4_000);
  player.run(200);
  expect(player.last?.phase).toBe('starved');
  player.run(10_000);
  expect(Math.abs(player.driftMs)).toBeLessThan(FRAME_MS);
});

test('seeks that never help are given up, until the room changes', () => {
  const player = new SimulatedPlayer({ seekMs: 200 });
  player.commit({ status: 'playing', positionMs: 0 });
  player.run(5_000);
  for (let stall = 0; stall < 12; stall += 1) {
    player.starve(700);
    player.run(3_000);
  }
  const inAMinute = player.actions('seek', player.nowMs - 36_000).length;
  expect(inAMinute).toBeLessThanOrEqual(5);
  expect(player.last?.degraded).toBe(true);
  expect(player.rate).toBeCloseTo(1.1, 5);
  player.commit({ status: 'playing', positionMs: 100_000 });
  player.run(5_000);
  expect(player.last?.degraded).toBe(false);
  expect(Math.abs(player.driftMs)).toBeLessThan(FRAME_MS);
});

test('where the browser wants a gesture nothing is played, then all is caught up', () => {
  const player = new SimulatedPlayer();
  player.blocked = true;
  player.commit({ status: 'playing', positionMs: 0 });
  player.run(5_000);
  expect(player.actions('play')).toEqual([]);
  player.blocked = false;
  player.run(5_000);
  expect(Math.abs(player.driftMs)).toBeLessThan(FRAME_MS);
});

test('the end is told once and nothing is played after it', () => {
  const player = new SimulatedPlayer({ durationMs: 10_000 });
  player.commit({ status: 'playing', positionMs: 0 });
  player.run(20_000);
  expect(player.actions('ended').map(({ action }) => action)).toEqual([{ type: 'ended', mediaId: 'm_1' }]);
  expect(player.actions('play', 10_100)).toEqual([]);
  player.commit({ status: 'playing', positionMs: 2_000 });
  player.run(3_000);
  expect(player.paused).toBe(false);
  expect(Math.abs(player.driftMs)).toBeLessThan(FRAME_MS);
});

test('a change of tracks re-anchors without a seek or a pause', () => {
  const player = following();
  const sinceMs = player.nowMs;
  player.commit({ status: 'playing', positionMs: Math.round(player.roomPositionMs()) });
  player.run(5_000);
  expect(player.actions('seek', sinceMs)).toEqual([]);
  expect(player.actions('pause', sinceMs)).toEqual([]);
});

test('a place that the media does not have is not sought for ever', () => {
  const player = new SimulatedPlayer({ durationMs: 10_000 });
  player.commit({ status: 'paused', positionMs: 12_000, durationMs: null });
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

test('without media or clock nothing is done but pausing', () => {
  const player = new SimulatedPlayer();
  player.paused = false;
  player.run(500);
  expect(player.log.map(({ action }) => action.type)).toEqual(['pause']);
});

test('a player without fine rates is never given one', () => {
  const player = new SimulatedPlayer({ continuousRate: false, skew: 1e-2 });
  player.commit({ status: 'playing', positionMs: 0 });
  player.run(30_000);
  expect(player.actions('rate')).toEqual([]);
});

function following(traits: Partial<PlayerTraits> = {}): SimulatedPlayer {
  const player = new SimulatedPlayer(traits);
  player.commit({});
  player.run(500);
  player.commit({ status: 'playing', positionMs: 20_000 });
  player.run(12_000);
  return player;
}
