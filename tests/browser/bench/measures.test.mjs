/** Tests of the single measures, the gates, the choice of scenarios and the tables. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clockErrorsIn } from './clock-error.mjs';
import { checkCounter, displayDifferencesIn, pictureSamplesIn } from './frames.mjs';
import { judge } from './gates.mjs';
import { longestOff, rateDeviationIn, seeksIn } from './pace.mjs';
import { roomClockOf } from './room-clock.mjs';
import { choose } from './scenarios.mjs';
import { errorsOver, thin } from './series.mjs';
import { align } from './tables.mjs';

const ALWAYS = { fromMs: -Infinity, untilMs: Infinity };

test('a frame that both screens displayed is compared, and one that only one of them displayed is not', () => {
  const one = [[100, 0], [133, 1 / 30], [166, 2 / 30]];
  const other = [[117, 0], [166, 2 / 30]];
  assert.deepEqual(displayDifferencesIn({ fromMs: 0, untilMs: 1_000 }, [one, other], 30), [17, 0]);
  assert.deepEqual(displayDifferencesIn({ fromMs: 120, untilMs: 1_000 }, [one, other], 30), [0]);
});

test('the pictures of a viewer are where their burnt-in numbers say, whatever the element’s times are', () => {
  const frames = [[100, 7, 240], [133, 7 + 1 / 30, 241], [166, 7 + 2 / 30, 243]];
  const [first] = pictureSamplesIn({ fromMs: 0, untilMs: 1_000 }, [[100, 7_000, 1, 0]], frames, 30);
  assert.deepEqual([Math.round(first[1]), ...first.slice(2)], [8_000, 1, 0]);
  const unread = frames.map(([atMs, mediaTimeS]) => [atMs, mediaTimeS]);
  assert.equal(pictureSamplesIn({ fromMs: 0, untilMs: 1_000 }, [], unread, 30), null);
  assert.equal(pictureSamplesIn({ fromMs: 500, untilMs: 1_000 }, [], frames, 30), null);
});

test('a burnt-in number matches the media time, is one frame later, or is wrong', () => {
  const rows = [[3, 0.1], [4, 0.1], [2, 0.1], [9, 0.1]];
  assert.deepEqual(checkCounter(rows, 30), { checked: 4, equal: 1, later: 1, wrong: 2 });
});

test('a clock is judged by the true one, and by its own uncertainty', () => {
  const { roomAt, truthAt } = roomClockOf([{ atMs: 0, offsetMs: 1_000 }, { atMs: 100, offsetMs: 1_010 }]);
  assert.equal(roomAt(50), 1_055);
  assert.equal(truthAt(1_055).toFixed(6), '50.000000');
  const readings = [[50, 1_056, 2], [50, 1_052, 2], [50, 2_000, null]];
  assert.deepEqual(clockErrorsIn(ALWAYS, readings, roomAt), { errors: [1, -3], beyond: 1 });
});

test('rates and seeks are counted within the window, the longest deviation over the whole run', () => {
  const samples = [[0, 0, 1.1, 0], [20, 0, 1.03, 0], [40, 0, 1.02, 0], [60, 0, 0.995, 0], [80, 0, 1.5, 0]];
  assert.equal(rateDeviationIn({ fromMs: 60, untilMs: 80 }, samples).toFixed(6), '0.005000');
  assert.equal(longestOff(samples, 0.02), 0.02);
  const events = [['seeking', 10], ['seeking', 70], ['waiting', 70]];
  assert.equal(seeksIn({ fromMs: 60, untilMs: 80 }, events), 1);
});

test('a curve follows the newest commit, breaks where there is no data, and keeps its peaks', () => {
  const commits = [
    { positionMs: 0, anchorMs: 0, rate: 1, status: 'playing' },
    { positionMs: 5_000, anchorMs: 60, rate: 1, status: 'paused' },
  ];
  const samples = [[20, 21, 1, 0], [40, 90, 1, 0], [60, 4_990, 1, 1], [80, 5_000, 1, 2]];
  const rows = errorsOver(ALWAYS, samples, commits);
  assert.deepEqual(rows, [[20, 1], [40, 50], [60, -10], [80, null]]);
  assert.deepEqual(thin(rows, 70), [[40, 50], [60, -10], [80, null]]);
});

test('a gate holds if its value was measured, is within the bound and has no flaw', () => {
  const sound = { flaws: [], stalls: [], counter: {} };
  const row = { ...sound, scenario: '3g', own_seeks: [0, 2, 0, 0], spread_ms: { p99: 150.1 } };
  const found = (gates) => gates.filter(({ id }) => id.startsWith('3g')).map(({ held, reason }) => [held, reason]);
  assert.deepEqual(found(judge([row], {})), [[true, undefined], [false, undefined]]);
  assert.deepEqual(found(judge([{ ...row, flaws: ['run 2 failed'] }], {}))[0], [false, 'run 2 failed']);
  assert.deepEqual(found(judge([], {}))[0], [false, 'not run']);
  assert.deepEqual(found(judge([row], { all: 'no namespaces' }))[0], [false, 'no namespaces']);
  assert.equal(new Set(judge([], {}).map(({ id }) => id)).size, judge([], {}).length);
});

test('a quantile that falls on time without playback has no value, and the reason says how long that time was', () => {
  const nobody = { p50: null, p99: null };
  const row = { scenario: 'far', skew_ms: nobody, not_playing_s: 3, not_seen_s: 0, flaws: [], stalls: [], counter: {} };
  const [gate] = judge([row], {}).filter(({ id }) => id === 'far_skew_p50');
  assert.deepEqual([gate.value, gate.held], [null, false]);
  assert.match(gate.reason, /didn't play for 3\.0 s/);
});

test('scenarios are chosen by name, unknown names are rejected, and the quick form is one run of W', () => {
  const names = (scenarios) => scenarios.map(({ name }) => name);
  assert.deepEqual(names(choose({ only: ['far', 'lan'] })), ['far', 'lan']);
  assert.throws(() => choose({ only: ['wan'] }), /no scenario wan/);
  const [short, ...others] = choose({ quick: true });
  assert.deepEqual([short.name, short.runs, others], ['w', 1, []]);
  assert.ok(!names(choose({ emulated: false })).includes('far'));
});

test('numbers are aligned to the right and words to the left', () => {
  assert.equal(align([['gate', 'ms'], ['3g', '12'], ['wide_one', '-']]), 'gate      ms\n3g        12\nwide_one   -');
});
