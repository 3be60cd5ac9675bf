import { FLAGS } from './track.mjs';

const EVERY_MS = 20;
const READING_EVERY_MS = 250;
/** What is read between two instants further apart than this doesn't count. */
const BRACKET_MS = 0.35;
/** A minute and more of each; the driver takes them every few seconds. */
const KEPT_MAX = 10_000;
/** The burnt-in counter: 16 blocks along the bottom edge, least significant bit at the left, each height/18 high. */
const COUNTER = { bits: 16, rows: 18 };

/**
 * Runs in a page before anything else. It keeps the real clock for itself; the page's own, by which it also hears when
 * frames are shown, goes wrong by `ppm`.
 * Instants are milliseconds of `performance.now()` of the real clock.
 */
function sample({ ppm, seesFrames, readsCounter, everyMs, readingEveryMs, bracketMs, keptMax, counter, flagsOf }) {
  const real = performance.now.bind(performance);
  const ownMs = (ms) => ms * (1 + ppm * 1e-6);
  const askForFrame = HTMLVideoElement.prototype.requestVideoFrameCallback;
  if (ppm !== 0) {
    performance.now = () => ownMs(real());
    HTMLVideoElement.prototype.requestVideoFrameCallback = function (tell) {
      return askForFrame.call(this, (nowMs, shown) => {
        tell(ownMs(nowMs), { ...shown, expectedDisplayTime: ownMs(shown.expectedDisplayTime) });
      });
    };
  }

  const kept = { samples: [], frames: [], events: [], readings: [], commits: [], counted: [] };
  let video = null;
  let session = null;
  let seen = '';
  let looks = seesFrames;

  function note(list, row) {
    kept[list].push(row);
    if (kept[list].length > keptMax) kept[list].shift();
  }

  /**
   * Notes what `read` gives and when that was; nothing if this thread lost its processor in between. A second try would
   * not help: within one task an element gives the same position again.
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
    const order = `${epoch}-${version}`;
    if (order === seen) return;
    seen = order;
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
  }

  function watchFrames(element) {
    const onFrame = (_, { expectedDisplayTime, mediaTime }) => {
      if (element !== video || !looks) return;
      note('frames', [expectedDisplayTime, mediaTime]);
      if (pen !== null) readCounter(mediaTime);
      askForFrame.call(element, onFrame);
    };
    askForFrame.call(element, onFrame);
  }

  function tick() {
    const found = document.querySelector('video');
    if (found !== video) {
      video = found;
      if (video !== null && looks) watchFrames(video);
    }
    const opened = window.playhead?.session ?? null;
    if (opened !== session) {
      session = opened;
      session?.subscribe(readCommit);
      if (session !== null) readCommit();
    }
    if (video !== null) where();
  }

  // Media events don't bubble, but they can be seen on their way down.
  for (const type of ['pause', 'play', 'waiting', 'seeking', 'seeked', 'playing', 'click']) {
    document.addEventListener(type, () => note('events', [type, real()]), true);
  }
  setInterval(tick, everyMs);
  setInterval(() => session !== null && readClock(), readingEveryMs);

  // What another origin's film shows can only be read if it was asked for as such.
  if (readsCounter) {
    const { set, get } = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'src');
    Object.defineProperty(HTMLMediaElement.prototype, 'src', {
      get,
      set(url) {
        this.crossOrigin = 'anonymous';
        set.call(this, url);
      },
    });
  }

  window.bench = {
    now: real,
    /** Being told of each frame makes the page draw 60 times a second, which costs a tenth of a processor. */
    closeEyes() {
      looks = false;
    },
    drain() {
      const noted = Object.fromEntries(Object.entries(kept).map(([name, rows]) => [name, rows.splice(0)]));
      return { timeOrigin: performance.timeOrigin, ...noted };
    },
    /** Whether the film is loaded at a position, in milliseconds. */
    buffered(positionMs) {
      const { buffered } = video;
      const at = positionMs / 1000;
      return Array.from(buffered, (_, index) => index).some((i) => buffered.start(i) <= at && at < buffered.end(i));
    },
  };
}

/**
 * The script for a page, as text: its clock runs `ppm` too fast; `seesFrames` notes each frame, and `readsCounter` reads
 * its number.
 */
export function samplerOf({ ppm = 0, seesFrames = true, readsCounter = false } = {}) {
  const asked = { ppm, seesFrames, readsCounter };
  const settings = { ...asked, everyMs: EVERY_MS, readingEveryMs: READING_EVERY_MS, bracketMs: BRACKET_MS };
  return `(${sample})(${JSON.stringify({ ...settings, keptMax: KEPT_MAX, counter: COUNTER, flagsOf: FLAGS })})`;
}
