// Moves an element that can't seek everywhere: its server sends no byte ranges, so a seek may end at the beginning.

import { clamp } from '../number.js';
import { Alarm } from '../alarm.js';
import type { Expected, PlayerAdapter } from './adapter.js';

/** An adapter over an element, with the element's time at position 0. */
type Player = PlayerAdapter & { readonly originMs: number };
/** What an adapter does by itself. */
type Own = Pick<PlayerAdapter, 'play' | 'seek' | 'setRate'>;

const TICK_MS = 50;
/** The fastest that browsers play. */
const FASTEST = 16;
/** A run is planned to take this many steps, so that a late one doesn't overshoot. */
const STEPS = 6;
/** Further away than this, nobody wants to hear it pass by. */
const HEARD_MS = 2_000;
/** A room that moves is met this far ahead, in which time the player stops and starts again. */
const MEET_MS = 400;
/** A room that moves this much in a second is playing. */
const MOVES_MS = 50;
/** A player this close is there. */
const NEAR_MS = 1;
/** A room this far behind has started anew. */
const ANEW_MS = 5_000;
/** How exactly the beginning of a frame is known, as a part of the frame. */
const FRAME_ERROR = 0.02;
/** No film has more frames than one in this time. */
const FRAME_LEAST_MS = 8;
/** Where no frame is reported for this long, as in a hidden page, the time alone decides. */
const FRAMES_STOPPED_MS = 250;

/** Lets an adapter move forward only, by playing; `expected` is that of its `load`, and `over` aborts with it. */
export function onlyForward(player: Player, video: HTMLVideoElement, expected: Expected, over: AbortSignal): void {
  const own: Own = { play: player.play.bind(player), seek: player.seek.bind(player), setRate: player.setRate.bind(player) };
  const isReady = player.ready.bind(player);
  const isLoaded = player.loaded?.bind(player);
  const forward = new Forward(player, video, own, expected, over);
  const moves: Partial<PlayerAdapter> = {
    play: () => forward.play(),
    pause: () => forward.pause(),
    seek: (positionMs) => forward.seek(positionMs),
    setRate: (rate) => forward.setRate(rate),
    position: () => forward.position(),
    paused: () => forward.paused(),
    rate: () => forward.rate(),
    ready: () => !forward.runs && isReady(),
    // Data on the way there doesn't make it quicker.
    loaded: (positionMs) => forward.jumps(positionMs) && isLoaded?.(positionMs) === true,
  };
  Object.assign(player, moves);
}

/**
 * Plays an element forward to where it is wanted, silently and as fast as it can while that is far away: it is the only
 * way there. It never goes back, except to the beginning, which is loaded already or loaded anew.
 */
class Forward {
  readonly #player: Player;
  readonly #video: HTMLVideoElement;
  readonly #own: Own;
  readonly #expected: Expected;
  readonly #alarm = new Alarm(() => this.#step());
  readonly #over: AbortSignal;
  #targetMs: number | null = null;
  #steppedAtMs = 0;
  #wasMuted = false;
  #isSilent = false;
  #rate = 1;
  /** Whether to pause at the end of this task, unless a run begins before. */
  #pausing = false;
  /** The beginning of the frame that was shown last, in the element's time, and the shortest time between two. */
  #shownMs = 0;
  #frameMs = Infinity;
  #reportedAtMs = -Infinity;
  /** Whether the run ends by what is on display rather than by the time. */
  #stopsAtFrame = false;

  constructor(player: Player, video: HTMLVideoElement, own: Own, expected: Expected, over: AbortSignal) {
    this.#player = player;
    this.#video = video;
    this.#own = own;
    this.#expected = expected;
    this.#over = over;
    over.addEventListener('abort', () => this.#stop());
    this.#watchFrames();
  }

  get runs(): boolean {
    return this.#targetMs !== null;
  }

  /** Whether the element can seek there; some browsers can within what is loaded, others only to the beginning. */
  jumps(positionMs: number): boolean {
    const { seekable } = this.#video;
    const toS = (positionMs + this.#player.originMs) / 1000;
    const parts = Array.from({ length: seekable.length }, (_, part) => [seekable.start(part), seekable.end(part)] as const);
    return parts.some(([startS, endS]) => startS <= toS && toS <= endS);
  }

  seek(positionMs: number): void {
    if (positionMs > 0 && this.jumps(positionMs)) {
      this.#stop();
      return this.#own.seek(positionMs);
    }
    let behindMs = positionMs - this.#atMs();
    if (behindMs < -ANEW_MS || (positionMs <= 0 && behindMs < 0)) {
      this.#stop();
      this.#own.seek(0);
      behindMs = positionMs;
    }
    if (behindMs <= NEAR_MS) {
      this.#stop();
    } else if (this.#targetMs !== null) {
      this.#targetMs = positionMs;
    } else {
      this.#start(positionMs);
    }
  }

  /** Returns the target of a run. */
  position(): number {
    return this.#targetMs ?? this.#atMs();
  }

  paused(): boolean {
    return this.runs || this.#pausing || this.#video.paused;
  }

  /** Returns the rate that was asked for, not the one of a run. */
  rate(): number {
    return this.runs ? this.#rate : this.#video.playbackRate;
  }

  play(): Promise<void> {
    this.#pausing = false;
    return this.#own.play();
  }

  pause(): void {
    this.#stop();
    this.#pausing = true;
    // A seek that follows at once plays on.
    queueMicrotask(() => {
      if (this.#pausing && !this.#over.aborted) this.#video.pause();
      this.#pausing = false;
    });
  }

  setRate(rate: number): void {
    this.#rate = rate;
    if (!this.runs) this.#own.setRate(rate);
  }

  #start(targetMs: number): void {
    this.#pausing = false;
    this.#targetMs = targetMs;
    this.#rate = this.#video.playbackRate;
    this.#steppedAtMs = performance.now() - TICK_MS;
    this.#step();
    // Silent playback needs no gesture; otherwise the browser asks for one, as at any start.
    if (this.runs) this.#own.play().catch(() => this.#stop());
  }

  #step(): void {
    const nowMs = performance.now();
    if (this.#targetMs === null) return;
    const sinceMs = nowMs - this.#steppedAtMs;
    this.#steppedAtMs = nowMs;
    const soonMs = this.#expected(MEET_MS);
    const moves = soonMs - this.#expected(MEET_MS - 1_000) > MOVES_MS;
    const leftMs = Math.max(this.#targetMs, moves ? soonMs : 0) - this.#atMs();
    this.#stopsAtFrame = !moves && this.#frameMs < Infinity && nowMs - this.#reportedAtMs < FRAMES_STOPPED_MS;
    if (this.#stopsAtFrame && this.#shows(this.#targetMs)) return this.#stop();
    // The frame that is wanted is reported a little later than it is due.
    if (leftMs <= NEAR_MS - (this.#stopsAtFrame ? 2 * this.#frameMs : 0)) return this.#stop();
    if (leftMs > HEARD_MS) this.#hush();
    const least = moves ? 2 * this.#rate : this.#rate;
    const rate = this.#isSilent || moves ? clamp(leftMs / (STEPS * Math.max(sinceMs, TICK_MS)), least, FASTEST) : least;
    this.#own.setRate(rate);
    const arrivesMs = Math.max(NEAR_MS, leftMs / rate);
    this.#alarm.set(nowMs + Math.min(TICK_MS, arrivesMs), arrivesMs <= TICK_MS);
  }

  /** Ends a run where the element is. */
  #stop(): void {
    if (this.#targetMs === null) return;
    this.#alarm.clear();
    this.#targetMs = null;
    this.#video.pause();
    this.#own.setRate(this.#rate);
    // If somebody has turned the sound on meanwhile, it stays on.
    if (this.#isSilent && this.#video.muted) this.#video.muted = this.#wasMuted;
    this.#isSilent = false;
  }

  #hush(): void {
    if (this.#isSilent) return;
    this.#isSilent = true;
    this.#wasMuted = this.#video.muted;
    this.#video.muted = true;
  }

  /** Whether the frame of a position is on display, or a later one. */
  #shows(positionMs: number): boolean {
    return this.#shownMs + (1 - FRAME_ERROR) * this.#frameMs > positionMs + this.#player.originMs;
  }

  /** Stops at the frame that is wanted once it is on display: displays don't show a frame at the same time. */
  #watchFrames(): void {
    // Not every browser has it.
    this.#video.requestVideoFrameCallback?.((_now, { mediaTime }) => {
      const shownMs = mediaTime * 1000;
      const stepMs = shownMs - this.#shownMs;
      if (stepMs >= FRAME_LEAST_MS) this.#frameMs = Math.min(this.#frameMs, stepMs);
      this.#shownMs = shownMs;
      this.#reportedAtMs = performance.now();
      if (this.#targetMs !== null && this.#stopsAtFrame && this.#shows(this.#targetMs)) this.#stop();
      if (!this.#over.aborted) this.#watchFrames();
    });
  }

  #atMs(): number {
    return this.#video.currentTime * 1000 - this.#player.originMs;
  }
}
