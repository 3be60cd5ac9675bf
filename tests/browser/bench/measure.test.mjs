/** Tests of how a run's trace becomes measurements and a row of the report. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measure } from './measure.mjs';
import { summarise } from './summary.mjs';
import { FLAGS } from './track.mjs';

const ROOM_AHEAD_MS = 1_000_000;
const SCENARIO = { name: 'w', kind: 'shipped', steadyS: 2 };

test('a run is measured in its windows: steady play, commands of the host, stalls and joins', () => {
  const found = measure(trace());
  assert.equal(Math.max(...found.pairs), 4);
  assert.deepEqual(found.seeks, [0, 1]);
  assert.deepEqual(found.clockErrors, [[1], [-2]]);
  assert.deepEqual([found.clockReadings, found.clockBeyond], [3, 1]);
  assert.deepEqual(found.commands.map(({ name, ms }) => [name, ms]), [['seek', 100]]);
  assert.deepEqual(found.stalls, [{ starved: true, loadMs: 200, ms: 300 }]);
  assert.deepEqual(found.joins, [500]);
  assert.deepEqual(found.newGuests, [200]);
  assert.deepEqual(found.flaws, []);
});

test('several runs become one row, which counts those who never landed', () => {
  const late = trace();
  const ben = late.viewers[1];
  ben.samples = ben.samples.map(([atMs, positionMs, ...rest]) => [atMs, positionMs + 100, ...rest]);
  const row = summarise(SCENARIO, [measure(trace()), measure(late)]);
  assert.deepEqual([row.runs, row.steady_s], [2, 4]);
  assert.equal(row.skew_ms.max, 104);
  assert.deepEqual([row.command_s.count, row.command_s.never, row.command_s.p50], [2, 1, 0.1]);
  assert.equal(row.command_s.p95, null);
  assert.deepEqual(row.clock_error_by_viewer_ms, [1, -2]);
});

test('a failed page, a clock that differs from the truth clock and a moving room clock are reported as flaws', () => {
  const odd = trace();
  odd.viewers[0].complaints = ['TypeError: no'];
  odd.viewers[1].boundsMs = [0.4, 0.9];
  odd.room[1].offsetMs += 3;
  const flaws = measure(odd).flaws.join('; ');
  assert.match(flaws, /Ada's page: TypeError.*Ben's clock.*moved by 3\.00 ms/);
});

/** Two viewers: steady from 2 s, a seek at 5 s, a stall of the second viewer at 10 s, a guest at 20 s. */
function trace() {
  const commits = [
    { version: 1, positionMs: 0, anchorMs: 0, rate: 1, status: 'playing' },
    { version: 2, positionMs: 50_000, anchorMs: 5_000, rate: 1, status: 'playing' },
    { version: 3, positionMs: 90_000, anchorMs: 10_000, rate: 1, status: 'playing' },
  ];
  const expected = (atMs) => {
    const { positionMs, anchorMs } = commits.findLast((commit) => commit.anchorMs <= atMs);
    return positionMs + atMs - anchorMs;
  };
  const play = (errorAt, fromMs = 0, untilMs = 16_000) =>
    Array.from({ length: (untilMs - fromMs) / 20 }, (_, index) => {
      const atMs = fromMs + index * 20;
      const [errorMs, flags = 0] = errorAt(atMs);
      return [atMs, expected(atMs) + errorMs, 1, flags];
    });
  const clock = (atMs, errorMs, ofClock, ofPlayer) => [atMs, atMs + ROOM_AHEAD_MS + errorMs, ofClock, ofPlayer];
  const ada = viewer('Ada', play((atMs) => [atMs >= 5_000 && atMs < 5_100 ? 60 : 0]), [clock(3_000, 1, 5, null)]);
  const starving = (atMs) => {
    if (atMs >= 10_000 && atMs < 13_200) return [0, FLAGS.starved];
    return [atMs >= 13_200 && atMs < 13_500 ? 80 : 4];
  };
  const ben = viewer('Ben', play(starving), [clock(3_000, -2, 5, 3), clock(8_000, -2, 5, 1)]);
  ben.events = [['seeking', 3_500], ['seeking', 5_050]];
  const arrives = (sinceMs) => play((atMs) => [atMs < sinceMs ? -400 : 3], 20_000, 23_000);
  return {
    viewers: [ada, ben],
    visits: [
      { kind: 'join', ...viewer('Eve', arrives(20_500)), navigationMs: 20_000 },
      { kind: 'new guest', ...viewer('Eve', arrives(20_800)), navigationMs: 20_000, events: [['click', 20_600]] },
    ],
    commits,
    commands: [{ name: 'seek', version: 2, atMs: 4_900 }, { name: 'stall', version: 3, atMs: 9_900 }],
    stalls: [{ viewer: 1, version: 3, releasedMs: 13_000 }],
    marks: [{ name: 'end', atMs: 9_000 }, { name: 'data again', atMs: 13_000 }],
    steady: { fromMs: 2_000, untilMs: 4_000 },
    judged: { fromMs: 2_000, untilMs: 4_000 },
    room: [{ atMs: 0, offsetMs: ROOM_AHEAD_MS }, { atMs: 20_000, offsetMs: ROOM_AHEAD_MS }],
  };
}

function viewer(name, samples, readings = []) {
  const none = { frames: [], events: [], counted: [], complaints: [] };
  return { ...none, name, samples, readings, boundsMs: [-1, 1], navigationMs: 0 };
}
