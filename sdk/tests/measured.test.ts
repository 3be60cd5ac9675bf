// Tests of what a player measures of the media and reports.
import { describe, expect, test } from 'vitest';
import type { Measurement, PlayerAdapter } from '../src/adapters/adapter.js';
import type { Media, RoomSession } from '../src/index.js';
import type { ControllerPhase } from '../src/player/course.js';
import { Reporter } from '../src/player/reporter.js';
import type { Measured } from '../src/wire.js';

const ORIGIN = { discontinuity: 0, start_ms: 0, timestamp: 126_000, timescale: 90_000 };

describe('what the player measured is reported', () => {
  test.each(['host', 'co_host'])('by a %s, as long as the server has an estimate', (role) => {
    const { room, watch, reports } = watched({ role, found: { durationMs: 92_400 } });
    watch(0);
    watch(1_000);
    expect(reports).toEqual([{ media_id: 'm_1', duration_ms: 92_400 }]);
    watch(5_000);
    expect(reports).toHaveLength(2);
    room.media = { ...room.media, duration_origin: 'measured' };
    watch(20_000);
    expect(reports).toHaveLength(2);
  });

  test.each([
    ['to a guest', { role: 'guest', found: { durationMs: 92_400 } }],
    ['what is nearly right', { role: 'host', found: { durationMs: 90_200 } }],
    ['what isn’t known yet', { role: 'host', found: {} }],
    ['a length without an end', { role: 'host', found: { durationMs: Infinity } }],
    ['an exact length', { role: 'host', found: { durationMs: 92_400 }, media: { duration_origin: 'media' } }],
    ['the origin of media that has one', { role: 'host', found: { origin: ORIGIN } }],
    ['live media', { role: 'host', found: { durationMs: 92_400 }, media: { live: true } }],
  ])('never: %s', (_, given) => {
    const { watch, reports } = watched(given);
    for (let atMs = 0; atMs < 20_000; atMs += 50) watch(atMs);
    expect(reports).toEqual([]);
  });

  test('with the first timestamp of media whose origin the server couldn’t read', () => {
    const { watch, reports } = watched({ role: 'host', found: { origin: ORIGIN }, media: { timeline: { kind: 'playlist', origins: [] } } });
    watch(0);
    expect(reports).toEqual([{ media_id: 'm_1', origin: ORIGIN }]);
  });

  test.each([
    ['an estimated', { duration_ms: 99_000, duration_origin: 'header' }],
    ['a shorter estimated', { duration_ms: 90_000, duration_origin: 'header' }],
    ['an unknown', { duration_ms: null, duration_origin: null }],
  ])('of media with %s length by what its player says, once that has been at the end', (_, media) => {
    const { watch, reports } = watched({ role: 'host', found: undefined, media });
    watch(0);
    watch(20_000);
    expect(reports).toEqual([]);
    watch(20_050, 'finished');
    expect(reports).toEqual([{ media_id: 'm_1', duration_ms: 95_000 }]);
  });

  test('of a playlist with an unknown length as soon as its end is loaded', () => {
    const { watch, reports } = watched({ role: 'host', found: { durationMs: 92_400 }, media: { duration_ms: null } });
    watch(0);
    expect(reports).toEqual([{ media_id: 'm_1', duration_ms: 92_400 }]);
  });
});

interface Given {
  role: string;
  /** Undefined for a player that measures nothing but its duration. */
  found: Measurement | undefined;
  media?: object;
}

/** A reporter whose player has found something, in a room at which the test looks. */
function watched({ role, found, media = {} }: Given) {
  const stated = { media_id: 'm_1', live: false, duration_ms: 90_000, duration_origin: 'playlist', timeline: { kind: 'media', origins: [ORIGIN] } };
  const room = { connection: 'open', me: { participant_id: 'p', role }, media: { ...stated, ...media } as unknown as Media };
  const reports: Measured[] = [];
  const session = {
    getSnapshot: () => room,
    measured: async (facts: Measured) => reports.push(facts),
  } as unknown as RoomSession;
  const adapter = { duration: () => 95_000, measured: found && (() => found) };
  const reporter = new Reporter(session);
  reporter.adapter = adapter as unknown as PlayerAdapter;
  const step = { driftMs: null, degraded: false };
  const watch = (atMs: number, phase: ControllerPhase = 'standing') => reporter.saw({ ...step, phase, actions: [] }, null, atMs);
  return { room, reports, watch };
}
