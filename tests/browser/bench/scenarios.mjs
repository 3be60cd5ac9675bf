/** The scenarios of the bench. */

/** The events of a run of W after its steady minute. */
const EVENTS = ['seek', 'seek far', 'pause', 'stall', 'stall', 'new guest', 'join', 'join', 'join', 'read counter'];
const SETTLE_S = 8;

/** The default scenario: four viewers, the host among them, on lines with `profile`. */
const party = {
  kind: 'shipped',
  profile: 'w',
  /** Profiles of single lines that differ from `profile`, by the viewer's number. */
  lineProfiles: {},
  hls: false,
  /** How much too fast each viewer's clock runs, in parts per million. */
  ppm: [0, 0, 0, 0],
  /** The time between the start and the steady time, and the length of the steady time. */
  settleS: SETTLE_S,
  steadyS: 60,
  events: [],
  /** The last part of the steady time, in which players are compared; all of it by default. */
  judgedS: Infinity,
  film: 'film',
  /** Whether two viewers come to the middle of the film, one by a reload, before the steady time. */
  comeLate: false,
  /** Whether all viewers read the frame numbers that they display. */
  readsCounter: false,
  runs: 1,
};
const SOAK_MINUTES = Number(process.env.SOAK_MINUTES ?? 60);

/** Everything that `make bench-sync` measures, in the order of its tables. */
export const SCENARIOS = [
  { ...party, name: 'w', runs: 5, events: EVENTS },
  { ...party, name: 'far', profile: 'far', ppm: [-50, 50, -25, 25] },
  { ...party, name: 'asymmetric', lineProfiles: { 4: 'asymmetric' }, steadyS: 45 },
  { ...party, name: 'baseline-seek', kind: 'baseline', baseline: 'seek', steadyS: 45 },
  { ...party, name: 'baseline-nudge', kind: 'baseline', baseline: 'nudge', steadyS: 45 },
  { ...party, name: 'baseline-mediasync', kind: 'baseline', baseline: 'mediasync', steadyS: 45 },
  { ...party, name: 'hls', hls: true, events: EVENTS },
  { ...party, name: 'inexact', film: 'inexact', comeLate: true, readsCounter: true, steadyS: 40 },
  { ...party, name: '3g', profile: '3g', steadyS: 40, settleS: 15 },
  { ...party, name: '4g', profile: '4g', steadyS: 40 },
  { ...party, name: 'wifi', profile: 'wifi', steadyS: 40 },
  { ...party, name: 'lan', profile: 'lan', steadyS: 40, events: ['join', 'join'] },
];

/** Runs only if `ONLY` names it: whether errors accumulate over an hour on clocks that drift apart. */
const SOAK = {
  ...party,
  name: 'soak',
  ppm: [-100, 100, -100, 100],
  film: 'long',
  steadyS: 60 * SOAK_MINUTES,
  judgedS: 60,
};

/** Chooses the scenarios to run: those named by `only`; `quick` makes one short run of each, or of W. */
export function choose({ only = [], quick = false, emulated = true }) {
  const all = [...SCENARIOS, SOAK];
  const unknown = only.filter((name) => !all.some((one) => one.name === name));
  if (unknown.length > 0) throw new Error(`ONLY: there is no scenario ${unknown.join(', ')}`);
  const once = (scenario) => ({ ...scenario, runs: 1 });
  const named = only.length === 0 ? SCENARIOS : all.filter(({ name }) => only.includes(name));
  const possible = emulated ? named : named.filter(differsOnLoopback).map(once);
  const wanted = quick && only.length === 0 ? ['w'] : only;
  const chosen = possible.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  return quick ? chosen.map(shorten) : chosen;
}

/** Over loopback all lines are alike, so scenarios that differ only in their lines aren't run. */
function differsOnLoopback({ profile, lineProfiles }) {
  return profile === 'w' && Object.keys(lineProfiles).length === 0;
}

function shorten(scenario) {
  // One event of each kind.
  return { ...scenario, runs: 1, steadyS: Math.min(scenario.steadyS, 30), events: [...new Set(scenario.events)] };
}
