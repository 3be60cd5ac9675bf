import type { Pacing, RateInputs } from './correction.js';
import type { Correcting } from './profile.js';

/** So often a picture is looked at, and so many looks are believed. */
const LOOK_MS = 400;
const LOOKS = 5;
/** Half a frame is what a browser can't help; a picture this much later than that is late. */
const BEYOND_MS = 1.5;
/** Further off it isn't the browser's rhythm, or the browser means something else by its instants. */
const STRANGE_MS = 100;
/** Enough for Chromium to leave its rhythm within half a second, and nothing that anybody hears. */
const FASTER = 0.005;
const PUSH_MOST_MS = 1_500;
/** So far that moves the player: a profile that wouldn't take it back gets none. */
const MOVES_MS = 3;
const REST_MS = 10_000;
const TRIES = 3;

/**
 * Chromium shows pictures in a rhythm of refreshes. After each that it loses, all later ones are a refresh late, up to
 * three, until the next start, while the sound is on time. Playing a trace faster makes it leave the rhythm and choose
 * pictures by the clock again.
 */
export class Pictures implements Pacing {
  readonly #video: HTMLVideoElement;
  /** How much later pictures were shown than the clock passed them, in milliseconds. */
  #lagsMs: number[] = [];
  /** The longest lag that is left alone. */
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

  /** Nothing begins while a gap is being closed. */
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

  /** Being told of every picture would make the page draw each time. */
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
