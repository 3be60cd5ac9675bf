/** The script that records in a page where its player is, what it displays and what it publishes. */
import { READABLE } from '../harness/recorder.mjs';
import { FLAGS } from './track.mjs';

const EVERY_MS = 20;
const READING_EVERY_MS = 250;
/** A reading that took longer than this is discarded. */
const BRACKET_MS = 0.35;
/** More than a minute of each kind; the bench collects them every few seconds. */
const KEPT_MAX = 10_000;
/** The burnt-in frame number: 16 blocks along the bottom edge, least significant bit first, each height/18 high. */
const COUNTER = { bits: 16, rows: 18 };

/**
 * Runs in a page before its own scripts. It keeps the real clock for itself, and makes the page's clock, including the
 * times of displayed frames, run too fast by `ppm`.
 * Instants are in milliseconds of the real clock's `performance.now()`.
 */
function sample({ ppm, seesFrames, readsCounter, everyMs, readingEveryMs, bracketMs, keptMax, counter, flagsOf }) {
  const real = performance.now.bind(performance);
  const ownMs = (ms) => ms * (1 + ppm * 1e-6);
  const askForFrame = HTMLVideoElement.prototype.requestVideoFrameCallback;
  if (ppm !== 0) {
    performance.now = () => ownMs(real());
    HTMLVideoElement.prototype.requestVideoFrameCallback = function (callback) {
      return askForFrame.call(this, (nowMs, shown) => {
        callback(ownMs(nowMs), { ...shown, expectedDisplayTime: ownMs(shown.expectedDisplayTime) });
      });
    };
  }

  const kept = { samples: [], frames: [], events: [], readings: [], commits: [], counted: [] };
  let video = null;
  let session = null;
  let seen = '';
  let recordsFrames = seesFrames;

  function note(list, row) {
    kept[list].push(row);
    if (kept[list].length > keptMax) kept[list].shift();
  }

  /**
   * Records the result of `read` and its time, or nothing if this thread was interrupted meanwhile. Trying again wouldn't
   * help: within one task an element returns the same position.
   */
  function stamp(list, read, rest) {
    const before = real();
    const value = read();
    const after = real();
    if (after - before < bracketMs) note(list, [(before + after) / 2, value, ...rest]);
  }

  function where() {
    const flags =
      (video.paused ? flagsOf.paused : 0) +
      (video.seeking ? flagsOf.seeking : 0) +
      (video.readyState < 3 ? flagsOf.starved : 0);
    stamp('samples', () => video.currentTime * 1000, [video.playbackRate, flags]);
  }

  function readClock() {
    const { clock } = session.getSnapshot();
    const { state, driftMs, degraded, uncertaintyMs = null } = window.playhead.player.getSnapshot();
    stamp('readings', () => session.now(), [clock?.uncertaintyMs ?? null, uncertaintyMs, state, driftMs, degraded]);
  }

  function readCommit() {
    const { epoch, version, playback } = session.getSnapshot();
    const place = `${epoch}-${version}`;
    if (place === seen) return;
    seen = place;
    const { status, position_ms: positionMs, anchor_at_ms: anchorAtMs, rate } = playback;
    note('commits', { epoch, version, status, positionMs, anchorAtMs, rate });
  }

  const pen = readsCounter ? new OffscreenCanvas(counter.bits, 1).getContext('2d', { willReadFrequently: true }) : null;

  function readCounter(mediaTime) {
    const { videoWidth: width, videoHeight: height } = video;
    const row = height / counter.rows;
    pen.imageSmoothingEnabled = false;
    pen.drawImage(video, 0, height - 0.75 * row, width, 0.5 * row, 0, 0, counter.bits, 1);
    const { data } = pen.getImageData(0, 0, counter.bits, 1);
    let number = 0;
    for (let bit = 0; bit < counter.bits; bit += 1) if (data[4 * bit] > 127) number += 2 ** bit;
    note('counted', [number, mediaTime]);
    return number;
  }

  function watchFrames(element) {
    const onFrame = (_, { expectedDisplayTime, mediaTime }) => {
      if (element !== video || !recordsFrames) return;
      const number = pen === null ? [] : [readCounter(mediaTime)];
      note('frames', [expectedDisplayTime, mediaTime, ...number]);
      askForFrame.call(element, onFrame);
    };
    askForFrame.call(element, onFrame);
  }

  function tick() {
    const found = document.querySelector('video');
    if (found !== video) {
      video = found;
      if (video !== null && recordsFrames) watchFrames(video);
    }
    const opened = window.playhead?.session ?? null;
    if (opened !== session) {
      session = opened;
      session?.subscribe(readCommit);
      if (session !== null) readCommit();
    }
    if (video !== null) where();
  }

  // Media events don't bubble, but the capture phase sees them.
  for (const type of ['pause', 'play', 'waiting', 'seeking', 'seeked', 'playing', 'click']) {
    document.addEventListener(type, () => note('events', [type, real()]), true);
  }
  setInterval(tick, everyMs);
  setInterval(() => session !== null && readClock(), readingEveryMs);

  window.bench = {
    now: real,
    /** Stops recording frames: their callbacks make the page draw 60 times a second, a tenth of a processor. */
    stopFrames() {
      recordsFrames = false;
    },
    drain() {
      const noted = Object.fromEntries(Object.entries(kept).map(([name, rows]) => [name, rows.splice(0)]));
      return { timeOrigin: performance.timeOrigin, ...noted };
    },
    /** Whether the film is buffered at a position, in milliseconds. */
    buffered(positionMs) {
      const { buffered } = video;
      const at = positionMs / 1000;
      return Array.from(buffered, (_, index) => index).some((i) => buffered.start(i) <= at && at < buffered.end(i));
    },
  };
}

/**
 * Returns the sampler's script as text. The page's clock runs too fast by `ppm`; `seesFrames` records each frame, and
 * `readsCounter` also reads its burnt-in number.
 */
export function samplerOf({ ppm = 0, seesFrames = true, readsCounter = false } = {}) {
  const asked = { ppm, seesFrames, readsCounter };
  const settings = { ...asked, everyMs: EVERY_MS, readingEveryMs: READING_EVERY_MS, bracketMs: BRACKET_MS };
  const script = `(${sample})(${JSON.stringify({ ...settings, keptMax: KEPT_MAX, counter: COUNTER, flagsOf: FLAGS })})`;
  return readsCounter ? `${script};${READABLE}` : script;
}
