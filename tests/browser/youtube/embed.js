// The iframe's half of the player API: a real video with fixed rates that reports its position four times a second, has
// loaded only a part and, on a seek beyond it, loads first and lands on a keyframe.
const { UNSTARTED, ENDED, PLAYING, PAUSED, BUFFERING, CUED } = {
  UNSTARTED: -1, ENDED: 0, PLAYING: 1, PAUSED: 2, BUFFERING: 3, CUED: 5,
};
const RATES = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];
const REPORT_MS = 250;
const START_MS = 120;
const LOAD_MS = 450;
const KEYFRAME_SECONDS = 2;
const LOADS_SECONDS = 8;

const video = document.querySelector('video');
const page = new URLSearchParams(location.search).get('origin');
let state = UNSTARTED;
/** What has been loaded, in seconds; null before the first start. */
let loaded = null;
/** Whether it plays once it has loaded: as in the API, a paused player stays paused, any other plays. */
let playsNext = false;
/** The number of the newest start or seek; an older one that is still waiting gives up. */
let turn = 0;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const happens = (type) => new Promise((resolve) => video.addEventListener(type, resolve, { once: true }));

function report(event, argument) {
  const { currentTime: seconds, playbackRate: rate, muted } = video;
  const duration = loaded === null ? 0 : video.duration;
  const news = { seconds, rate, muted, duration, state, rates: RATES, sentAt: Date.now() / 1000 };
  window.parent.postMessage({ event, argument, news }, page);
}

function becomes(next) {
  if (state === next) return;
  state = next;
  report('onStateChange', next);
}

async function start() {
  turn += 1;
  const mine = turn;
  playsNext = true;
  if (loaded === null) {
    video.src = video.dataset.media + decodeURIComponent(location.pathname.replace('/embed/', ''));
    becomes(BUFFERING);
    await happens('loadedmetadata');
    loaded = { from: 0, until: LOADS_SECONDS };
  }
  await pause(START_MS);
  if (mine !== turn || !playsNext) return;
  try {
    await video.play();
  } catch (error) {
    if (error.name !== 'NotAllowedError') return;
    becomes(UNSTARTED);
    report('onAutoplayBlocked');
  }
}

function halt() {
  playsNext = false;
  video.pause();
  if (state === PLAYING) becomes(PAUSED);
}

async function seek(seconds) {
  turn += 1;
  const mine = turn;
  playsNext = state === BUFFERING ? playsNext : state !== PAUSED;
  const isLoaded = loaded !== null && seconds >= loaded.from && seconds <= loaded.until;
  const target = isLoaded ? seconds : Math.floor(seconds / KEYFRAME_SECONDS) * KEYFRAME_SECONDS;
  if (!isLoaded) {
    video.pause();
    becomes(BUFFERING);
    await pause(LOAD_MS);
    if (mine !== turn) return;
    loaded = { from: target, until: target + LOADS_SECONDS };
  }
  const arrived = happens('seeked');
  video.currentTime = target;
  await arrived;
  if (mine !== turn) return;
  report();
  if (playsNext) await start();
  else becomes(PAUSED);
}

/** A rate between two fixed ones becomes the one nearer to 1. */
function setRate(asked) {
  const nearer = RATES.filter((rate) => (asked >= 1 ? rate >= 1 && rate <= asked : rate <= 1 && rate >= asked));
  const rate = nearer.sort((a, b) => Math.abs(a - asked) - Math.abs(b - asked))[0] ?? 1;
  if (rate === video.playbackRate) return;
  video.playbackRate = rate;
  report('onPlaybackRateChange', rate);
}

const COMMANDS = {
  playVideo: () => void start(),
  pauseVideo: halt,
  seekTo: (seconds) => void seek(seconds),
  setPlaybackRate: setRate,
  mute: () => (video.muted = true),
  unMute: () => (video.muted = false),
};

window.addEventListener('message', ({ source, origin, data }) => {
  if (source === window.parent && origin === page) COMMANDS[data.command]?.(data.argument);
});
video.addEventListener('playing', () => becomes(PLAYING));
video.addEventListener('waiting', () => becomes(BUFFERING));
video.addEventListener('ended', () => becomes(ENDED));
video.addEventListener('error', () => report('onError', 100));
video.addEventListener('timeupdate', () => {
  if (loaded !== null) loaded.until = Math.max(loaded.until, video.currentTime + LOADS_SECONDS);
});
setInterval(() => {
  if (state === PLAYING) report();
}, REPORT_MS);

report('onReady');
becomes(CUED);
