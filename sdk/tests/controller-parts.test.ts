// Tests of the parts of the controller, each by itself.
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { Correction } from '../src/player/correction.js';
import { Course } from '../src/player/course.js';
import { Follow } from '../src/player/follow.js';
import type { Moment } from '../src/player/moment.js';
import { Start } from '../src/player/start.js';
import { SimulatedPlayer } from './simulated-player.js';

const START_TRIES = 3;
const LEAD_MS = 100;

let course: Course;
beforeEach(() => (course = new Course()));

describe('what asks for a new start', () => {
  const cases: [name: string, at: Partial<Moment>, driftMs: number, found: string | null][] = [
    ['a command with 150 ms of drift doesn’t', { changed: true }, 150, null],
    ['a command with more does', { changed: true }, 151, 'agreed'],
    ['such a drift alone doesn’t', {}, 151, null],
  ];
  test.each(cases)('%s', (_name, at, driftMs, found) => {
    const follow = followingAt(0);
    const now = moment({ driftMs, ...at });
    follow.begin(now);
    expect(follow.judge(now)).toBe(found);
  });

  test.each([
    [499, null],
    [501, 'foreign'],
    [-501, 'foreign'],
  ])('a jump of %i ms within one step: %s', (jumpMs, found) => {
    const follow = followingAt(0);
    const now = moment({ localMs: 50, driftMs: jumpMs });
    follow.begin(now);
    expect(follow.judge(now)).toBe(found);
  });

  test.each([
    [40, 'default', null],
    [41, 'default', 'agreed'],
    [41, 'free', null],
  ] as const)('%i ms after a stall, %s: %s', (driftMs, profile, found) => {
    const follow = followingAt(0);
    const now = moment({ localMs: 50, driftMs, profile });
    course.enter('starved', now);
    follow.begin(now);
    expect(follow.judge(now)).toBe(found);
  });

  test('a drift in three steps in a row does, unless it is forgotten in between', () => {
    const follow = followingAt(0);
    const correct = (step: number) => {
      const now = moment({ localMs: 50 * step, driftMs: 200 });
      follow.begin(now);
      return follow.correct(now);
    };
    expect([1, 2].map(correct)).toEqual([null, null]);
    follow.rest();
    expect([3, 4, 5].map(correct)).toEqual([null, null, 'agreed']);
  });
});

test('until what closes gaps is there, a player plays at the room’s rate, and from then on until there is none', () => {
  const follow = followingAt(0);
  const rates = () => {
    course.actions = [];
    const now = moment({ localMs: 50, driftMs: 30 });
    now.player.rate = 1.01;
    follow.begin(now);
    expect(follow.correct(now)).toBeNull();
    return course.actions;
  };
  expect(rates()).toEqual([{ type: 'rate', rate: 1 }]);
  follow.correction = new Correction();
  expect(rates()).toEqual([{ type: 'rate', rate: 0.98 }]);
});

test('a start that stays late is tried three times, and again after a change of the room', () => {
  const start = new Start(course, LEAD_MS);
  const tries = () => {
    course.actions = [];
    for (let seeks = 0; seeks <= START_TRIES; seeks += 1) start.arm(moment({ driftMs: -1_000, paused: true }));
    return course.actions.map(({ type }) => type);
  };
  expect(tries()).toEqual(['seek', 'seek', 'seek', 'play']);
  expect(tries()).toEqual(['play', 'play', 'play', 'play']);
  start.forget();
  expect(tries()).toEqual(['seek', 'seek', 'seek', 'play']);
});

test('a start that is due at once plays at the room’s rate, whatever rate the player had', () => {
  const start = new Start(course, LEAD_MS);
  const now = moment({ driftMs: LEAD_MS, paused: true });
  now.player.rate = 1.03;
  expect(start.align(now, 'agreed')).toBe(true);
  expect(course.actions.map(({ type }) => type)).toEqual(['rate', 'play']);
});

describe('what was observed before is forgotten', () => {
  const happenings: [name: string, happens: (player: SimulatedPlayer) => void][] = [
    ['a new start', (player) => player.commit({ position_ms: 200_000 })],
    ['a stall', (player) => player.starve(500)],
  ];
  test.each(happenings)('with %s', (_name, happens) => {
    const player = SimulatedPlayer.following({ durationMs: 600_000 });
    const pacing = { rate: () => null, stop: vi.fn() };
    player.controller.correctWith(new Correction(pacing));
    player.run(500);
    expect(pacing.stop).not.toHaveBeenCalled();
    happens(player);
    player.run(100);
    expect(pacing.stop).toHaveBeenCalled();
  });
});

/** Returns the part that follows, after a step at `localMs` with a player exactly in place. */
function followingAt(localMs: number): Follow {
  const follow = new Follow(course);
  const now = moment({ localMs });
  course.enter('following', now);
  follow.begin(now);
  return follow;
}

/** Returns a moment of a room that has played from 0 since the room clock was 0, and of a player that is `driftMs` ahead. */
function moment({ driftMs = 0, paused = false, ...part }: Partial<Moment> & { driftMs?: number; paused?: boolean }): Moment {
  const offsetMs = 10_000;
  const localMs = part.localMs ?? 0;
  return {
    localMs,
    offsetMs,
    aheadMs: 0,
    timeline: { media_id: 'm_1', version: 1, status: 'playing', position_ms: 0, anchor_at_ms: 0, rate: 1, durationMs: 600_000, live: false, barrier: null },
    player: {
      positionMs: localMs + offsetMs + driftMs,
      durationMs: 600_000,
      paused,
      ended: false,
      ready: true,
      rate: 1,
      capabilities: { kind: 'test', rates: 'continuous', minRate: 0.5, maxRate: 2, positionErrorMs: 0, playLeadMs: LEAD_MS },
    },
    hidden: false,
    blocked: false,
    held: false,
    profile: 'default',
    changed: false,
    ...part,
  };
}
