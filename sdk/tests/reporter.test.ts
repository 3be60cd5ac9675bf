// Tests of what a player reports to the server.
import { describe, expect, test } from 'vitest';
import type { ControllerPhase } from '../src/player/course.js';
import { Reporter } from '../src/player/reporter.js';
import type { ConnectionState, RoomSession } from '../src/index.js';

const TICK_MS = 50;

describe('reports of sync', () => {
  test('come every 2 s while the player follows, with what it measured', async () => {
    const { session, watch } = watched();
    await watch(10_000, { driftMs: -1.5, uncertaintyMs: 40 });
    expect(session.reports.map(({ atMs }) => atMs)).toEqual([0, 2_000, 4_000, 6_000, 8_000]);
    expect(session.reports[0]).toMatchObject({ driftMs: -1.5, uncertaintyMs: 40 });
  });

  test('never come while one is unanswered', async () => {
    const { session, watch } = watched();
    session.answers = 'never';
    await watch(60_000);
    expect(session.reports).toHaveLength(1);
  });

  test('continue after one was refused', async () => {
    const { session, watch } = watched();
    session.answers = 'refused';
    await watch(10_000);
    expect(session.reports).toHaveLength(5);
  });

  test.each<ControllerPhase>(['idle', 'standing', 'priming', 'armed', 'settling', 'starved', 'suspended', 'held', 'finished'])(
    'don’t come while the player is %s',
    async (phase) => {
      const { session, watch } = watched();
      await watch(10_000, { phase });
      expect(session.reports).toEqual([]);
    },
  );

  test('don’t come before the drift and the clock are known', async () => {
    const { session, watch } = watched();
    await watch(5_000, { driftMs: null });
    await watch(5_000, { uncertaintyMs: null });
    expect(session.reports).toEqual([]);
  });

  test.each<ConnectionState>(['connecting', 'reconnecting', 'closed'])('don’t come while %s', async (connection) => {
    const { session, watch } = watched();
    session.connection = connection;
    await watch(10_000);
    expect(session.reports).toEqual([]);
  });
});

describe('a lack of data', () => {
  test('is reported after 1.5 s, and its end at once', async () => {
    const { session, watch } = watched({ followed: true });
    await watch(1_500, { phase: 'starved' });
    expect(session.bufferings).toEqual([]);
    await watch(5_000, { phase: 'starved' });
    expect(session.bufferings).toEqual([{ on: true, atMs: 1_500 }]);
    await watch(1_000);
    expect(session.bufferings.slice(1)).toEqual([{ on: false, atMs: 6_500 }]);
  });

  test('that is shorter is not reported, however often it occurs', async () => {
    const { session, watch } = watched({ followed: true });
    for (let stall = 0; stall < 10; stall += 1) {
      await watch(1_400, { phase: 'starved' });
      await watch(100);
    }
    expect(session.bufferings).toEqual([]);
  });

  test('is reported when the connection is back, if it still lasts', async () => {
    const { session, watch } = watched({ followed: true });
    session.connection = 'reconnecting';
    await watch(5_000, { phase: 'starved' });
    expect(session.bufferings).toEqual([]);
    session.connection = 'open';
    await watch(1_000, { phase: 'starved' });
    expect(session.bufferings).toEqual([{ on: true, atMs: 5_000 }]);
  });

  test('that couldn’t be reported stops nothing', async () => {
    const { session, watch } = watched({ followed: true });
    session.answers = 'refused';
    await watch(3_000, { phase: 'starved' });
    await watch(3_000);
    expect(session.bufferings.map(({ on }) => on)).toEqual([true, false]);
  });

  test('of a player that hasn’t followed yet holds up nobody', async () => {
    const { session, watch } = watched();
    await watch(5_000, { phase: 'starved' });
    expect(session.bufferings).toEqual([]);
  });
});

interface Seen {
  phase: ControllerPhase;
  driftMs: number | null;
  uncertaintyMs: number | null;
}

function watched({ followed = false } = {}): { session: NotedSession; watch: (forMs: number, seen?: Partial<Seen>) => Promise<void> } {
  const session = new NotedSession();
  const reporter = new Reporter(session as unknown as RoomSession);
  const first = { actions: [], phase: 'following' as const, driftMs: null, degraded: false };
  if (followed) reporter.saw(first, null, 0);
  const watch = async (forMs: number, seen: Partial<Seen> = {}) => {
    const { phase, driftMs, uncertaintyMs } = { phase: 'following' as const, driftMs: 0.1, uncertaintyMs: 1, ...seen };
    for (const untilMs = session.nowMs + forMs; session.nowMs < untilMs; session.nowMs += TICK_MS) {
      reporter.saw({ actions: [], phase, driftMs, degraded: false }, uncertaintyMs, session.nowMs);
      // Lets an answer arrive between two steps.
      await Promise.resolve();
      await Promise.resolve();
    }
  };
  return { session, watch };
}

/** Records what is reported, and when. */
class NotedSession {
  nowMs = 0;
  connection: ConnectionState = 'open';
  answers: 'at once' | 'refused' | 'never' = 'at once';
  readonly reports: { atMs: number; driftMs: number; uncertaintyMs: number }[] = [];
  readonly bufferings: { atMs: number; on: boolean }[] = [];

  getSnapshot = () => ({ connection: this.connection });

  syncReport = (driftMs: number, uncertaintyMs: number): Promise<void> => {
    this.reports.push({ atMs: this.nowMs, driftMs, uncertaintyMs });
    return this.#answer();
  };

  buffering = (on: boolean): Promise<void> => {
    this.bufferings.push({ atMs: this.nowMs, on });
    return this.#answer();
  };

  #answer(): Promise<void> {
    if (this.answers === 'never') return new Promise(() => undefined);
    return this.answers === 'refused' ? Promise.reject(new Error('refused')) : Promise.resolve();
  }
}
