/** The script that records what a page plays. */
const EVERY_MS = 40;
const KEPT_MAX = 2_000;
/** The burnt-in frame number: 16 blocks along the bottom edge, least significant bit first, each height/18 high. */
const COUNTER = { bits: 16, rows: 18 };

/** Runs in the page before its own scripts: records the position in the film, and each pause, stall, seek and rate change. */
function record({ everyMs, keptMax, counter }) {
  const samples = [];
  const events = [];
  const clockMs = () => performance.timeOrigin + performance.now();
  let pen = newPen();

  function newPen() {
    const canvas = new OffscreenCanvas(counter.bits, 1);
    const made = canvas.getContext('2d', { willReadFrequently: true });
    made.imageSmoothingEnabled = false;
    return made;
  }

  function frameOnScreen(video) {
    const { videoWidth: width, videoHeight: height, readyState } = video;
    // Nothing would be drawn, and the pen would still show the frame before.
    if (width === 0 || readyState < video.HAVE_CURRENT_DATA) return null;
    const row = height / counter.rows;
    pen.drawImage(video, 0, height - 0.75 * row, width, 0.5 * row, 0, 0, counter.bits, 1);
    try {
      const { data } = pen.getImageData(0, 0, counter.bits, 1);
      let frame = 0;
      for (let bit = 0; bit < counter.bits; bit += 1) if (data[4 * bit] > 127) frame += 2 ** bit;
      return frame;
    } catch {
      // Its origin forbids reading, and a canvas tainted by such a frame stays unreadable.
      pen = newPen();
      return null;
    }
  }

  function visibleCue(video) {
    const shown = [...video.textTracks].filter((track) => track.mode === 'showing');
    const cue = shown.flatMap((track) => [...(track.activeCues ?? [])])[0];
    return cue?.text ?? null;
  }

  function sample() {
    const video = document.querySelector('[data-testid="video"]');
    const playhead = window.playhead;
    if (!video || !playhead) return;
    const at = clockMs();
    // An element's time may be another than the position of its picture.
    const ofPlayer = playhead.player.position?.();
    const positionMs = Number.isFinite(ofPlayer) ? ofPlayer : video.currentTime * 1000;
    const { epoch, version, connection, playback } = playhead.session.getSnapshot();
    samples.push({
      at,
      positionMs,
      expectedMs: playhead.session.expected(),
      paused: video.paused,
      seeking: video.seeking,
      ready: video.readyState >= 3,
      rate: video.playbackRate,
      height: video.videoHeight,
      cue: visibleCue(video),
      frame: frameOnScreen(video),
      state: playhead.player.getSnapshot().state,
      status: playback.status,
      connection,
      epoch,
      version,
    });
    if (samples.length > keptMax) samples.shift();
  }

  // Media events don't bubble, but the capture phase sees them.
  for (const type of ['pause', 'waiting', 'seeking', 'ratechange']) {
    const note = () => {
      events.push({ type, at: clockMs() });
      if (events.length > keptMax) events.shift();
    };
    document.addEventListener(type, note, true);
  }
  setInterval(sample, everyMs);
  window.recorder = { drain: () => ({ samples: samples.splice(0), events: events.splice(0) }) };
}

/** The script, as text. */
export const RECORDER = `(${record})(${JSON.stringify({ everyMs: EVERY_MS, keptMax: KEPT_MAX, counter: COUNTER })})`;

/** The expression that takes what a page has recorded since the last call; nothing while it is loading. */
export const DRAIN = 'window.recorder?.drain() ?? { samples: [], events: [] }';

/** Lets the page load files so that a canvas may read their pictures, which it doesn't need itself. */
function makeReadable() {
  const { prototype } = HTMLMediaElement;
  const source = Object.getOwnPropertyDescriptor(prototype, 'src');
  Object.defineProperty(prototype, 'src', {
    ...source,
    set(address) {
      this.crossOrigin = 'anonymous';
      source.set.call(this, address);
    },
  });
}

/** The script for that, as text. */
export const READABLE = `(${makeReadable})()`;
