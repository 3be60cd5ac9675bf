// Tests of players that are hidden, held, or have slept.
import { describe, expect, test } from 'vitest';
import { SimulatedPlayer } from './simulated-player.js';

const { following } = SimulatedPlayer;

describe('a page that is hidden', () => {
  test('and whose player the browser paused is left alone until it is shown again', () => {
    const player = following();
    player.hidden = true;
    player.interrupt();
    const hiddenMs = player.nowMs;
    player.run(20_000);
    expect(player.log.filter(({ atMs }) => atMs >= hiddenMs)).toEqual([]);
    expect(player.last?.phase).toBe('suspended');
    player.hidden = false;
    player.run(8_000);
    expect(player.paused).toBe(false);
    expect(Math.abs(player.driftMs)).toBeLessThan(1);
  });

  test('and keeps playing is kept in place', () => {
    const player = following({ skew: 1e-4 });
    player.hidden = true;
    const sinceMs = player.nowMs;
    player.run(20_000);
    expect(Math.abs(player.driftMs)).toBeLessThan(1);
    expect(player.moves(sinceMs)).toEqual([]);
  });

  test.each([1_000, 5_000, 60_000])('and is stepped every %i ms is kept in place without a seek', (tickMs) => {
    const player = following({ skew: 1e-4, durationMs: 20_000_000 });
    player.hidden = true;
    player.positionMs += 30;
    player.tickMs = tickMs;
    const sinceMs = player.nowMs;
    player.run(20 * tickMs);
    expect(player.moves(sinceMs)).toEqual([]);
    for (let look = 0; look < 20; look += 1) {
      player.run(tickMs);
      // The drift in between can't be known in advance.
      expect(Math.abs(player.driftMs)).toBeLessThan(1 + 2 * 1e-4 * tickMs);
    }
  });

  test('and is stepped every second is started anew not for one wrong step, but for three', () => {
    for (const looks of [1, 2, 3]) {
      const player = following({ playsHidden: true });
      player.hidden = true;
      player.tickMs = 1_000;
      player.run(10_000);
      const sinceMs = player.nowMs;
      player.positionMs += 300;
      player.run(1_000 * looks);
      // Its rate has changed by up to 5 % in between.
      expect(Math.abs(player.driftMs)).toBeGreaterThan(150);
      expect(player.actions('seek', sinceMs)).toHaveLength(looks < 3 ? 0 : 1);
    }
  });

  test.each(['paused', 'playing'])('and whose timers are slow, left %s, makes no start after a seek until it is shown', (left) => {
    const player = following({ playsHidden: true });
    player.hidden = true;
    player.tickMs = 1_000;
    if (left === 'paused') player.interrupt();
    player.run(3_000);
    const soughtMs = player.nowMs;
    player.commit({ status: 'waiting', position_ms: 200_000, barrier: 7 });
    player.run(2_000);
    expect(player.actions('ready', soughtMs)).toHaveLength(1);
    player.commit({ status: 'playing', position_ms: 200_000, anchor_at_ms: player.nowMs + player.offsetMs + 190 });
    player.run(20_000);
    expect(player.actions('play', soughtMs)).toEqual([]);
    expect(player.actions('seek', soughtMs)).toHaveLength(1);
    player.hidden = false;
    player.tickMs = 50;
    player.run(1_000);
    expect(player.paused).toBe(false);
    expect(Math.abs(player.driftMs)).toBeLessThan(34);
  });

  test('has forgotten all it tried in vain once it is shown', () => {
    const player = following({ playsHidden: true });
    player.hidden = true;
    player.traits.standsStill = true;
    player.run(40_000);
    player.traits.standsStill = false;
    player.hidden = false;
    player.run(1_500);
    expect(Math.abs(player.driftMs)).toBeLessThan(34);
  });

  test('is put in place with one seek after it was paused for an hour', () => {
    const player = following({ durationMs: 20_000_000 });
    player.hidden = true;
    player.interrupt();
    player.tickMs = 60_000;
    player.run(3_600_000);
    player.tickMs = 50;
    player.hidden = false;
    const sinceMs = player.nowMs;
    player.run(8_000);
    expect(player.actions('seek', sinceMs)).toHaveLength(1);
    expect(Math.abs(player.driftMs)).toBeLessThan(1);
  });
});

describe('a player that is held', () => {
  const happenings: [string, (player: SimulatedPlayer) => void][] = [
    ['nothing happens', () => undefined],
    ['the host seeks', (player) => player.commit({ position_ms: 100_000 })],
    ['the host pauses', (player) => player.commit({ status: 'paused', position_ms: 50_000 })],
    ['the host changes the rate', (player) => player.commit({ rate: 2 })],
    ['the page seeks', (player) => player.userSeeks(400_000)],
    ['the page pauses', (player) => player.interrupt()],
    ['the page plays at another rate', (player) => void (player.rate = 3)],
    ['data runs out', (player) => player.starve(3_000)],
    ['the page is hidden', (player) => void (player.hidden = true)],
    ['the media goes', (player) => void (player.timeline = null)],
    ['the page sleeps', (player) => player.sleep(60_000, 'plays on')],
    ['the media comes to its end', (player) => player.userSeeks(600_000)],
    ['it becomes a live edge', (player) => player.commit({ live: true })],
  ];
  test.each(happenings)('is left alone when %s', (_name, happens) => {
    const player = following();
    player.held = true;
    const sinceMs = player.nowMs;
    player.run(1_000);
    happens(player);
    player.run(30_000);
    expect(player.log.filter(({ atMs }) => atMs >= sinceMs)).toEqual([]);
  });

  test('answers a barrier once, so that nobody waits for it', () => {
    const player = following();
    player.held = true;
    player.commit({ status: 'waiting', position_ms: 90_000, barrier: 7 });
    const sinceMs = player.nowMs;
    player.run(5_000);
    expect(player.log.filter(({ atMs }) => atMs >= sinceMs).map(({ action }) => action)).toEqual([{ type: 'ready', version: 7 }]);
  });

  test.each(happenings.filter(([name]) => !/hidden|media|live/.test(name)))('is put in place after its release, when %s', (_name, happens) => {
    const player = following();
    player.held = true;
    happens(player);
    player.run(20_000);
    player.held = false;
    player.run(10_000);
    expect(Math.abs(player.driftMs)).toBeLessThan(1);
    expect(player.paused).toBe(player.timeline?.status === 'paused');
  });
});

describe('after a sleep', () => {
  test.each([
    ['in which the media stood', 'sleeps too', 1],
    ['in which the media played on', 'plays on', 0],
  ] as const)('%s the player is in place with %s and %i seeks', (_name, media, seeks) => {
    for (const forMs of [2_100, 10_000, 120_000]) {
      const player = following();
      player.sleep(forMs, media);
      const sinceMs = player.nowMs;
      player.run(8_000);
      expect(Math.abs(player.driftMs)).toBeLessThan(1);
      expect(player.actions('seek', sinceMs)).toHaveLength(seeks);
    }
  });

  test('during which the local clock stood still, the room has moved on: one new start', () => {
    const player = following({ durationMs: 20_000_000 });
    player.offsetMs += 3_600_000;
    const sinceMs = player.nowMs;
    player.run(8_000);
    expect(Math.abs(player.driftMs)).toBeLessThan(1);
    expect(player.actions('seek', sinceMs)).toHaveLength(1);
  });

  test('earlier drifts don’t count', () => {
    const player = following();
    player.positionMs += 100;
    player.run(100);
    player.positionMs -= 100 + player.driftMs;
    player.sleep(3_000, 'plays on');
    player.positionMs = player.roomPositionMs();
    player.run(60);
    expect(player.rate).toBe(1);
  });
});

describe('when the room waits', () => {
  test('for a gesture, the player takes its position without playing', () => {
    const player = following();
    player.blocked = true;
    player.run(5_000);
    expect(player.paused).toBe(true);
    player.blocked = false;
    player.run(8_000);
    expect(Math.abs(player.driftMs)).toBeLessThan(1);
  });

  test('and its media goes away, the player is paused and later put in place again', () => {
    const player = following();
    const line = player.timeline;
    player.timeline = null;
    player.run(5_000);
    expect(player.paused).toBe(true);
    player.timeline = line;
    player.run(8_000);
    expect(Math.abs(player.driftMs)).toBeLessThan(1);
  });
});
