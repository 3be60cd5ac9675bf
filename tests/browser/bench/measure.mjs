/** Turns the trace of a run into measurements. */
import { clockErrorsIn } from './clock-error.mjs';
import { checkCounter, displayDifferencesIn, pictureSamplesIn } from './frames.mjs';
import { dataAgain, landedAfter } from './landing.mjs';
import { FILM } from './origin.mjs';
import { longestOff, rateDeviationIn, seeksIn } from './pace.mjs';
import { roomClockOf } from './room-clock.mjs';
import { skewIn } from './skew.mjs';
import { FLAGS } from './track.mjs';

const FRAME_MS = 1000 / FILM.framesPerSecond;
/** A larger deviation of the rate counts as a correction at speed. */
const LARGE_RATE = 0.02;
/** A window that excludes nothing. */
const ALWAYS = { fromMs: -Infinity, untilMs: Infinity };
/** The truth clock may appear off by this much, since asking a page takes two threads that aren't always free. */
const BOUNDS_SLACK_MS = 0.05;

/** Measures one run: lists of single measurements, so that several runs can be judged together. */
export function measure(trace) {
  const { viewers, steady, judged, visits } = trace;
  const samples = viewers.map((viewer) => viewer.samples);
  const frames = viewers.map((viewer) => viewer.frames);
  const { roomAt } = roomClockOf(trace.room);
  const inSteady = viewers.map(({ readings }) => clockErrorsIn(steady, uncertain(readings), roomAt));
  const always = viewers.map(({ readings }) => clockErrorsIn(ALWAYS, uncertain(readings), roomAt));
  const joins = (kind) => visits.filter((visit) => visit.kind === kind);
  return {
    ...skewIn(judged, samples),
    displays: displayDifferencesIn(judged, frames, FILM.framesPerSecond),
    pictures: picturesIn(trace),
    clockErrors: inSteady.map(({ errors }) => errors),
    clockReadings: always.reduce((sum, { errors }) => sum + errors.length, 0),
    clockBeyond: always.reduce((sum, { beyond }) => sum + beyond, 0),
    rateDeviation: Math.max(...samples.map((rows) => rateDeviationIn(steady, rows))),
    rateLongS: Math.max(...samples.map((rows) => longestOff(rows, LARGE_RATE))),
    seeks: viewers.map(({ events }) => seeksIn(steady, events)),
    commands: commandsOf(trace),
    stalls: stallsOf(trace),
    joins: joins('join').map((visit) => joinedAfter(trace, visit, visit.navigationMs)),
    newGuests: joins('new guest').map((visit) => joinedAfter(trace, visit, clickOf(visit))),
    counter: checkCounter(joins('read counter').flatMap(({ counted }) => counted), FILM.framesPerSecond),
    flaws: flawsOf(trace),
  };
}

/** How far apart the pictures of each pair of viewers were, in milliseconds; nothing if nobody read their numbers. */
function picturesIn({ judged, viewers }) {
  const tracks = viewers.map(({ samples, frames }) => pictureSamplesIn(judged, samples, frames, FILM.framesPerSecond));
  return tracks.includes(null) ? [] : skewIn(judged, tracks).pairs;
}

// A page publishes its uncertainty in two places, and both have to hold.
function uncertain(readings) {
  const least = (a, b) => (a === null || b === null ? (a ?? b) : Math.min(a, b));
  return readings.map(([atMs, roomMs, ofClock, ofPlayer]) => [atMs, roomMs, least(ofClock, ofPlayer)]);
}

/** From the anchor of the host's command until the last viewer had landed, in milliseconds; null if one never did. */
function commandsOf({ commands, commits, marks, viewers }) {
  return commands.filter(({ name }) => name !== 'stall').map(({ name, version, buffered }) => {
    const timeline = timelineOf(commits, version);
    const span = { fromMs: timeline.anchorMs, untilMs: nextMark(marks, timeline.anchorMs) };
    const each = viewers.map(({ samples }) => landedAfter(samples, timeline, { ...span, withinMs: FRAME_MS }));
    return { name, buffered, each, ms: each.includes(null) ? null : Math.max(...each) };
  });
}

/** From the first data after a stall until the viewer had landed again, in milliseconds. */
function stallsOf({ stalls, commits, marks, viewers }) {
  return stalls.map(({ viewer, version, releasedMs }) => {
    const { samples } = viewers[viewer];
    const before = samples.findLast(([atMs]) => atMs < releasedMs);
    const starved = ((before?.[3] ?? 0) & (FLAGS.starved | FLAGS.seeking)) !== 0;
    const dataMs = dataAgain(samples, releasedMs);
    const untilMs = nextMark(marks, releasedMs + 1_000);
    const span = { fromMs: dataMs ?? Infinity, untilMs, withinMs: FRAME_MS };
    const ms = landedAfter(samples, timelineOf(commits, version), span);
    return { starved, loadMs: dataMs === null ? null : dataMs - releasedMs, ms };
  });
}

function joinedAfter({ commits, commands }, { samples, navigationMs }, fromMs) {
  const { version } = commands.findLast(({ atMs }) => atMs < navigationMs);
  return landedAfter(samples, timelineOf(commits, version), { fromMs, untilMs: Infinity, withinMs: FRAME_MS });
}

function clickOf({ events }) {
  return events.find(([type]) => type === 'click')?.[1] ?? Infinity;
}

function timelineOf(commits, version) {
  const { positionMs, anchorMs, rate, status } = commits.find((commit) => commit.version === version);
  return { positionMs, anchorMs, rate, playing: status === 'playing' };
}

function nextMark(marks, afterMs) {
  return marks.find(({ atMs }) => atMs > afterMs)?.atMs ?? Infinity;
}

/** Reasons not to trust the numbers of a run. */
function flawsOf({ viewers, visits, room }) {
  const flaws = [...viewers, ...visits].flatMap(({ name, complaints, boundsMs: [low, high] }) => [
    ...complaints.map((complaint) => `${name}'s page: ${complaint}`),
    ...(low > BOUNDS_SLACK_MS || high < -BOUNDS_SLACK_MS ? [`${name}'s clock differs from the truth clock`] : []),
  ]);
  const drift = Math.max(...room.map(({ offsetMs }) => offsetMs)) - Math.min(...room.map(({ offsetMs }) => offsetMs));
  if (drift > 1) flaws.push(`the room clock moved by ${drift.toFixed(2)} ms against the truth clock`);
  return flaws;
}
