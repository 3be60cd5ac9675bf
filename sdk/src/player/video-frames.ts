// Resynchronises frames that Chromium keeps presenting late.

import type { Pacing, RateInputs } from './correction.js';
import type { Correcting } from './profile.js';

/** How often a frame is sampled, and how many samples are believed. */
const LOOK_MS = 400;
const LOOKS = 5;
/** A browser can't avoid half a frame; a frame is late if it is this much later than that. */
const BEYOND_MS = 1.5;
/** A larger lag isn't the browser's rhythm, or the browser reports something else. */
const STRANGE_MS = 100;
/** Enough for Chromium to leave its rhythm within half a second, and inaudible. */
const FASTER = 0.005;
const PUSH_MOST_MS = 1_500;
/** How far that moves the player: a profile that wouldn't correct it gets none. */
const MOVES_MS = 3;
const REST_MS = 10_000;
const TRIES = 3;

/**
 * Chromium presents frames in a fixed rhythm of display refreshes. After each dropped frame all later frames are one
 * refresh late, up to three, until the next start, while the sound is on time. Playing very slightly faster makes it
 * leave the rhythm and choose frames by the clock again.
 */
export class VideoFrames implements Pacing {
  readonly #video: HTMLVideoElement;
  /** How much later frames were presented than the clock passed them, in milliseconds. */
  #lagsMs: number[] = [];
  /** The longest lag that is not corrected. */
  #mostMs = Infinity;
  #last: VideoFrameCallbackMetadata | null = null;
  #looks = false;
  #lookedAtMs = -Infinity;
  #pushedAtMs: number | null = null;
  #restUntilMs = -Infinity;
  #tries = TRIES;

  constructor(video: HTMLVideoElement) {
    this.#video = video;
  }

  stop(): void {
    this.#lagsMs = [];
    this.#pushedAtMs = null;
  }

  /** Starts nothing while a gap is being closed. */
  rate({ localMs, roomRate }: RateInputs, engaged: boolean, { fromMs }: Correcting): number | null {
    if (fromMs > MOVES_MS) return null;
    this.#look(localMs);
    if (this.#pushedAtMs === null) {
      if (engaged || this.#tries === 0 || localMs < this.#restUntilMs || !this.#areLate()) return null;
      this.#pushedAtMs = localMs;
      this.#tries -= 1;
    }
    const isOnTime = this.#lagsMs.at(-1)! <= this.#mostMs;
    if (isOnTime) this.#tries = TRIES;
    if (!isOnTime && localMs - this.#pushedAtMs < PUSH_MOST_MS) return roomRate * (1 + FASTER);
    this.stop();
    this.#restUntilMs = localMs + REST_MS;
    return null;
  }

  #areLate(): boolean {
    return this.#lagsMs.length === LOOKS && this.#lagsMs.every((lagMs) => lagMs > this.#mostMs);
  }

  /** Requests one frame at a time: a callback for every frame would make the page render each time. */
  #look(localMs: number): void {
    if (this.#looks || (this.#pushedAtMs === null && localMs - this.#lookedAtMs < LOOK_MS)) return;
    this.#looks = true;
    this.#lookedAtMs = localMs;
    this.#video.requestVideoFrameCallback((_, shown) => this.#saw(shown));
  }

  #saw(shown: VideoFrameCallbackMetadata): void {
    const { currentTime, playbackRate } = this.#video;
    const passedMs = performance.now() - ((currentTime - shown.mediaTime) * 1000) / playbackRate;
    const lagMs = shown.expectedDisplayTime - passedMs;
    const last = this.#last;
    this.#looks = false;
    this.#last = shown;
    const frames = shown.presentedFrames - (last?.presentedFrames ?? Infinity);
    if (last === null || frames <= 0 || Math.abs(lagMs) > STRANGE_MS) return;
    this.#mostMs = ((shown.mediaTime - last.mediaTime) * 500) / frames / playbackRate + BEYOND_MS;
    this.#lagsMs = [...this.#lagsMs, lagMs].slice(-LOOKS);
  }
}
