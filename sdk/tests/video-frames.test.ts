// Tests of the resynchronisation of late frames.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { VideoFrames } from '../src/player/video-frames.js';
import { PROFILES } from '../src/player/profile.js';

const FRAME_MS = 1000 / 30;
const STEP_MS = 50;
const TRACE_FASTER = 1.005;

let screen: Screen;
let frames: VideoFrames;
let profile = PROFILES.default;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  screen = new Screen();
  frames = new VideoFrames(screen as unknown as HTMLVideoElement);
  profile = PROFILES.default;
});

afterEach(() => {
  vi.useRealTimers();
});

test('frames that stay late make the player slightly faster until they are on time', () => {
  screen.lagMs = 25;
  expect(playing(1_500)).toEqual([1]);
  expect(playing(1_500)).toContain(TRACE_FASTER);
  screen.lagMs = -8;
  expect(playing(5_000, 200)).toEqual([1]);
});

test.each([-16, 0, 17])('frames %i ms late, which a display can’t avoid, are left alone', (lagMs) => {
  screen.lagMs = lagMs;
  expect(playing(60_000)).toEqual([1]);
});

test('frames that are late three times out of four are not corrected', () => {
  let looks = 0;
  screen.lagOf = () => (looks++ % 4 === 0 ? 8 : 41);
  expect(playing(60_000)).toEqual([1]);
});

test('how late is late depends on the frame duration and the rate', () => {
  screen.frameMs = 1000 / 60;
  screen.lagMs = 12;
  expect(playing(5_000)).toContain(TRACE_FASTER);
  screen = new Screen();
  frames = new VideoFrames(screen as unknown as HTMLVideoElement);
  screen.playbackRate = 0.5;
  screen.lagMs = 25;
  expect(playing(60_000)).toEqual([1]);
});

test('a player on which it doesn’t help is left alone after three tries of at most 1.5 s', () => {
  screen.lagMs = 30;
  const fasterMs = () => rates(120_000).filter((rate) => rate === TRACE_FASTER).length * STEP_MS;
  expect(fasterMs()).toBe(3 * 1_500);
  expect(fasterMs()).toBe(0);
});

test('a player on which it helped is corrected again, but not at once', () => {
  for (let time = 0; time < 10; time += 1) {
    screen.lagMs = 25;
    expect(untilFasterMs()).toBeLessThan(3_000);
    screen.lagMs = 0;
    playing(500);
    screen.lagMs = 25;
    expect(playing(9_000)).toEqual([1]);
  }
});

test('a gap is closed first', () => {
  screen.lagMs = 25;
  expect(playing(10_000, 0, true)).toEqual([1]);
  expect(playing(1_000)).toContain(TRACE_FASTER);
});

test.each(['relaxed', 'free'] as const)('%s changes no rate for late frames and samples none', (name) => {
  profile = PROFILES[name];
  screen.lagMs = 25;
  expect(playing(60_000)).toEqual([1]);
  expect(screen.asked).toBe(0);
});

test('a new start clears earlier samples', () => {
  screen.lagMs = 25;
  expect(playing(1_900)).toEqual([1]);
  frames.stop();
  expect(playing(1_500)).toEqual([1]);
});

test.each([-400, 250])('lags of %i ms mean something else and are not believed', (lagMs) => {
  screen.lagMs = lagMs;
  expect(playing(60_000)).toEqual([1]);
});

test('a page that presents no frames, such as a hidden one, is sampled once', () => {
  screen.shows = false;
  expect(playing(60_000)).toEqual([1]);
  expect(screen.asked).toBe(1);
});

function untilFasterMs(): number {
  const fromMs = performance.now();
  while (rates(STEP_MS)[0] === 1) expect(performance.now() - fromMs).toBeLessThan(60_000);
  return performance.now() - fromMs;
}

/** The rates that differ, from `fromMs` on. */
function playing(forMs: number, fromMs = 0, engaged = false): number[] {
  return [...new Set(rates(forMs, engaged).slice(fromMs / STEP_MS))];
}

function rates(forMs: number, engaged = false): number[] {
  const seen: number[] = [];
  for (let atMs = 0; atMs < forMs; atMs += STEP_MS) {
    vi.advanceTimersByTime(STEP_MS);
    screen.show();
    const inputs = { localMs: performance.now(), roomRate: 1 } as Parameters<VideoFrames['rate']>[0];
    seen.push(frames.rate(inputs, engaged, profile) ?? 1);
  }
  return seen;
}

/** A video whose latest frame is `lagMs` behind its clock. */
class Screen {
  lagMs = 0;
  lagOf = (): number => this.lagMs;
  frameMs = FRAME_MS;
  playbackRate = 1;
  shows = true;
  asked = 0;
  #waiting: VideoFrameRequestCallback | null = null;
  readonly #fromMs = performance.now();

  get currentTime(): number {
    return ((performance.now() - this.#fromMs) / 1000) * this.playbackRate;
  }

  requestVideoFrameCallback(callback: VideoFrameRequestCallback): void {
    this.asked += 1;
    this.#waiting = callback;
  }

  show(): void {
    const callback = this.#waiting;
    if (callback === null || !this.shows) return;
    this.#waiting = null;
    const presentedFrames = Math.floor((this.currentTime * 1000) / this.frameMs);
    const mediaTime = (presentedFrames * this.frameMs) / 1000;
    const passedMs = performance.now() - ((this.currentTime - mediaTime) * 1000) / this.playbackRate;
    const shown = { presentedFrames, mediaTime, expectedDisplayTime: passedMs + this.lagOf() };
    callback(performance.now(), shown as VideoFrameCallbackMetadata);
  }
}
