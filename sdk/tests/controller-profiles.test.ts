// Tests of the sync profiles, and of players with few rates.
import { describe, expect, test } from 'vitest';
import type { MediaTraits } from './simulated-media.js';
import { SimulatedPlayer } from './simulated-player.js';
import type { SyncProfile } from '../src/index.js';

const PROFILES: SyncProfile[] = ['tight', 'default', 'relaxed', 'free'];
const STEPS = [0.25, 0.5, 1, 1.25, 1.5, 2];

describe('a gap, by profile', () => {
  test.each<[SyncProfile, number, number]>([
    ['tight', 11, 0.01],
    ['tight', 35, 0.02],
    ['tight', 120, 0.05],
    ['default', 11, 0.005],
    ['default', 35, 0.02],
    ['default', 120, 0.05],
    ['relaxed', 120, 0.02],
    ['relaxed', 400, 0.02],
  ])('%s: %i ms is closed at %d at most, without a seek', (profile, gapMs, most) => {
    const player = following(profile);
    player.positionMs -= gapMs + player.driftMs;
    const sinceMs = player.nowMs;
    const { rateOff } = player.watch(30_000);
    expect(rateOff).toBeGreaterThan(most / 2);
    expect(rateOff).toBeLessThanOrEqual(most + 1e-12);
    expect(Math.abs(player.driftMs)).toBeLessThan(profile === 'relaxed' ? 5.1 : 1);
    expect(player.moves(sinceMs)).toEqual([]);
  });

  test.each<[SyncProfile, number]>([
    ['tight', 160],
    ['default', 160],
    ['relaxed', 520],
  ])('%s: %i ms is a new start', (profile, gapMs) => {
    const player = following(profile);
    player.positionMs -= gapMs + player.driftMs;
    const sinceMs = player.nowMs;
    player.run(10_000);
    expect(player.moves(sinceMs)).toEqual(['pause', 'seek', 'play']);
    expect(Math.abs(player.driftMs)).toBeLessThan(profile === 'relaxed' ? 40 : 1);
  });
});

test('relaxed leaves 30 ms alone and closes 50 to 5', () => {
  const player = following('relaxed');
  player.positionMs += 30 - player.driftMs;
  const sinceMs = player.nowMs;
  player.run(20_000);
  expect(player.driftMs).toBeCloseTo(30, 6);
  expect(player.actions('rate', sinceMs)).toEqual([]);
  player.positionMs += 20;
  player.run(20_000);
  expect(Math.abs(player.driftMs)).toBeLessThan(5.1);
  expect(player.rate).toBe(1);
});

describe('free', () => {
  test.each([30, -400, 5_000, -100_000])('leaves a gap of %i ms alone between two commands', (gapMs) => {
    const player = following('free');
    player.positionMs += gapMs;
    const sinceMs = player.nowMs;
    player.run(60_000);
    expect(player.log.filter(({ atMs }) => atMs >= sinceMs)).toEqual([]);
  });

  test('leaves a stall alone', () => {
    const player = following('free');
    player.starve(3_000);
    const sinceMs = player.nowMs;
    player.run(60_000);
    expect(player.log.filter(({ atMs }) => atMs >= sinceMs)).toEqual([]);
  });

  test('follows commands', () => {
    const player = following('free');
    player.positionMs += 5_000;
    player.run(5_000);
    player.commit({ position_ms: 200_000 });
    player.run(5_000);
    expect(Math.abs(player.driftMs)).toBeLessThan(40);
    player.commit({ rate: 1.5, position_ms: player.roomPositionMs() });
    player.run(1_000);
    expect(player.rate).toBe(1.5);
    player.commit({ status: 'paused', position_ms: 90_000 });
    player.run(2_000);
    expect(player).toMatchObject({ paused: true, positionMs: 90_000 });
    player.commit({ status: 'playing', position_ms: 90_000 });
    player.run(2_000);
    expect(player.paused).toBe(false);
  });
});

test('a profile may be changed while playing', () => {
  const player = following('free');
  player.positionMs += 100;
  player.run(5_000);
  for (const profile of ['relaxed', 'default', 'tight'] as const) {
    player.profile = profile;
    player.run(20_000);
    expect(Math.abs(player.driftMs)).toBeLessThan(profile === 'relaxed' ? 40 : 1);
  }
});

describe('a player with a few rates', () => {
  const stepped: Partial<MediaTraits> = { rates: STEPS, positionErrorMs: 80 };

  test.each([0.5, 1, 1.25])('is kept near a room at %d by pulses, and is only given rates it supports', (rate) => {
    for (const skew of [-1e-3, 0, 1e-3]) {
      const player = SimulatedPlayer.following({ ...stepped, skew }, { rate });
      const sinceMs = player.nowMs;
      const { driftMs } = player.watch(300_000);
      // It shows from 80 ms on, and its position may hide as much again.
      expect(driftMs).toBeLessThan(160 + 20);
      expect(player.moves(sinceMs)).toEqual([]);
      for (const { action } of player.actions('rate')) expect(STEPS).toContain(action.rate);
    }
  });

  test.each([150, -150])('closes a gap of %i ms only by pulses', (gapMs) => {
    const player = SimulatedPlayer.following({ rates: STEPS });
    player.positionMs += gapMs - player.driftMs;
    const sinceMs = player.nowMs;
    player.run(6_000);
    expect(Math.abs(player.driftMs)).toBeLessThan(40);
    expect(player.moves(sinceMs)).toEqual([]);
    expect(player.rate).toBe(1);
  });

  test.each([0.75, 0.9, 1.1])('follows a room at %d, which it doesn’t support, by pulses between two rates that it does', (rate) => {
    const player = SimulatedPlayer.following(stepped, { rate });
    const { driftMs } = player.watch(60_000);
    expect(driftMs).toBeLessThan(600);
    for (const { action } of player.actions('rate')) expect(STEPS).toContain(action.rate);
  });
});

test.each(PROFILES)('a player that reports its position up to 80 ms off is left alone, %s', (profile) => {
  const player = new SimulatedPlayer({ positionErrorMs: 80 });
  player.profile = profile;
  player.commit({ status: 'playing', position_ms: 20_000 });
  player.run(20_000);
  const sinceMs = player.nowMs;
  const { driftMs } = player.watch(120_000);
  expect(player.moves(sinceMs)).toEqual([]);
  expect(driftMs).toBeLessThan(160);
});

test('a player that reports its position half a second off once is not started anew', () => {
  const player = SimulatedPlayer.following({ positionErrorMs: 500 });
  const sinceMs = player.nowMs;
  player.run(120_000);
  expect(player.moves(sinceMs)).toEqual([]);
});

function following(profile: SyncProfile): SimulatedPlayer {
  const player = new SimulatedPlayer();
  player.profile = profile;
  player.commit({});
  player.run(500);
  player.commit({ status: 'playing', position_ms: 150_000 });
  player.run(12_000);
  return player;
}
