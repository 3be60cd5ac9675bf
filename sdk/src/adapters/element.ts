// What all adapters over a media element have in common.

import { Emitter } from '../emitter.js';
import type { AdapterErrorCode } from '../types.js';
import type { Media } from '../wire.js';
import type { AdapterCapabilities, AdapterEvent, Expected, FollowedRoom, PlayerAdapter, Selections } from './adapter.js';
import { ARRIVING_MS, CORRECTION_MOST, HAVE_FUTURE_DATA, LOADED_S } from './tuning.js';

/** A start with sound takes as long as the buffer of the audio device. */
const ELEMENT = { rates: 'continuous', minRate: 0.0625, maxRate: 16, positionErrorMs: 0, playLeadMs: 75 } as const;
/** A sentence for people about each error that can come before anything else is fetched. */
export const DETAILS = {
  autoplay_blocked: 'tap to start',
  source_unreachable: 'the media could not be loaded',
  format_unsupported: 'this browser cannot play it',
} satisfies Partial<Record<AdapterErrorCode, string>>;

/** Drives the element; subclasses load the media and select its tracks. */
export abstract class ElementAdapter implements PlayerAdapter {
  readonly capabilities: AdapterCapabilities;
  readonly video: HTMLVideoElement;
  media: Media | null = null;
  /** The element's time at position 0, in milliseconds: the clocks of some files begin elsewhere. */
  originMs = 0;
  readonly #emitter = new Emitter<{ event: [AdapterEvent] }>();
  readonly #listening = new AbortController();
  #arrivedAtMs = -Infinity;

  constructor(video: HTMLVideoElement, kind: string) {
    this.capabilities = { ...ELEMENT, kind };
    this.video = video;
    video.preload = 'auto';
    video.playsInline = true;
    video.preservesPitch = false;
    for (const type of ['waiting', 'playing', 'ended'] as const) this.listen(type, () => this.emit({ type }));
  }

  abstract load(media: Media, selections: Selections, expected: Expected, room?: FollowedRoom): Promise<void>;
  abstract setRendition(id: string): void;
  abstract setTextTrack(id: string | null): void;
  abstract setAudioTrack(id: string | null): void;

  position(): number {
    return this.video.currentTime * 1000 - this.originMs;
  }

  duration(): number {
    return this.video.duration * 1000 - this.originMs;
  }

  paused(): boolean {
    return this.video.paused;
  }

  /** While a seek to the end waits for data, the element already claims to have ended. */
  ended(): boolean {
    return this.video.ended && !this.video.seeking;
  }

  rate(): number {
    return this.video.playbackRate;
  }

  setRate(rate: number): void {
    // Time stretching makes fine rates inexact and the media clock jump; plain resampling doesn't. But at a rate that
    // people chose, as opposed to a correction, voices should keep their pitch.
    const keepsPitch = Math.abs(rate - 1) > CORRECTION_MOST;
    if (this.video.preservesPitch !== keepsPitch) this.video.preservesPitch = keepsPitch;
    this.video.playbackRate = rate;
  }

  seek(positionMs: number): void {
    this.video.currentTime = (positionMs + this.originMs) / 1000;
  }

  async play(): Promise<void> {
    try {
      await this.video.play();
    } catch (error) {
      // Other rejections are a pause or a load in between, which the controller sees by itself.
      if ((error as DOMException).name === 'NotAllowedError') this.fail('autoplay_blocked');
      throw error;
    }
  }

  pause(): void {
    this.video.pause();
  }

  ready(): boolean {
    // After some errors it still has a picture.
    return this.video.readyState >= HAVE_FUTURE_DATA && !this.video.seeking && !this.video.error;
  }

  loaded(positionMs: number): boolean {
    const { buffered } = this.video;
    const fromS = (positionMs + this.originMs) / 1000;
    for (let part = 0; part < buffered.length; part += 1) {
      if (buffered.start(part) <= fromS && fromS + LOADED_S <= buffered.end(part)) return true;
    }
    return false;
  }

  arriving(): boolean {
    return performance.now() - this.#arrivedAtMs < ARRIVING_MS;
  }

  onEvent(listener: (event: AdapterEvent) => void): () => void {
    return this.#emitter.on('event', listener);
  }

  /** Aborted once the adapter is destroyed. */
  get over(): AbortSignal {
    return this.#listening.signal;
  }

  destroy(): void {
    this.#listening.abort();
    this.#emitter.clear();
    this.media = null;
  }

  /** Notes that data has just arrived. */
  protected arrived(): void {
    this.#arrivedAtMs = performance.now();
  }

  /** Adds a listener that is removed when the adapter is destroyed. */
  protected listen(type: string, listener: () => void, target: EventTarget = this.video): void {
    target.addEventListener(type, listener, { signal: this.over });
  }

  /** Resolves once the element has its metadata; never if the adapter is destroyed first. */
  protected metadata(): Promise<void> {
    return new Promise((resolve) => {
      if (this.video.readyState > 0) resolve();
      this.listen('loadedmetadata', resolve);
    });
  }

  emit(event: AdapterEvent): void {
    this.#emitter.emit('event', event);
  }

  fail(code: keyof typeof DETAILS): void {
    this.emit({ type: 'error', code, detail: DETAILS[code] });
  }
}
