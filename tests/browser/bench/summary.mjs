/** Turns the measurements of several runs into one row of the report. */
import { quantile, quantiles } from './quantile.mjs';

/** Returns one row of the report from what `measure` returned for each run of a scenario. */
export function summarise(scenario, runs) {
  const all = (key) => runs.flatMap((run) => run[key]);
  const sum = (key) => runs.reduce((total, run) => total + run[key], 0);
  const landed = (values) => timesOf(values.map((ms) => (ms === null ? Infinity : ms / 1000)));
  const counters = runs.map(({ counter }) => counter);
  const steadyS = scenario.steadyS * runs.length;
  return {
    scenario: scenario.name,
    kind: scenario.kind,
    runs: runs.length,
    steady_s: steadyS,
    skew_ms: quantiles(all('pairs')),
    skew_ms_by_run: runs.map(({ pairs }) => quantiles(pairs)),
    spread_ms: quantiles(all('spreads')),
    display_ms: quantiles(all('displays')),
    picture_ms: quantiles(all('pictures')),
    clock_error_ms: quantiles(all('clockErrors').flat().map(Math.abs)),
    clock_error_by_viewer_ms: runs[0].clockErrors.map((_, viewer) =>
      quantile(runs.flatMap(({ clockErrors }) => clockErrors[viewer]), 0.5),
    ),
    clock_beyond_uncertainty: { readings: sum('clockReadings'), beyond: sum('clockBeyond') },
    rate_deviation: Math.max(...all('rateDeviation')),
    rate_beyond_2_percent_s: Math.max(...all('rateLongS')),
    own_seeks: all('seeks'),
    not_playing_s: sum('idleS'),
    not_seen_s: sum('unseenS'),
    command_s: landed(all('commands').map(({ ms }) => ms)),
    commands: all('commands'),
    stall_s: landed(all('stalls').map(({ ms }) => ms)),
    stalls: all('stalls'),
    join_s: landed(all('joins')),
    new_guest_s: landed(all('newGuests')),
    counter: ['checked', 'equal', 'later', 'wrong'].reduce(
      (total, key) => ({ ...total, [key]: counters.reduce((count, one) => count + one[key], 0) }),
      {},
    ),
  };
}

function timesOf(seconds) {
  const never = seconds.filter((one) => one === Infinity).length;
  return { count: seconds.length, never, p50: quantile(seconds, 0.5), p95: quantile(seconds, 0.95), all: seconds };
}
