// The adapter that plays what the browser supports natively.

import { lengthOf } from '../expected.js';
import type { Delivery, Media } from '../wire.js';
import type { Expected, FollowedRoom, Measurement, PlayerAdapter, Selections } from './adapter.js';
import { ElementAdapter } from './element.js';

/** A clock that begins earlier than this begins at 0. */
const ORIGIN_LEAST_MS = 1_000;

/** Plays what the browser supports natively: files, and HLS where it is built in. */
export function html5Adapter(video: HTMLVideoElement): PlayerAdapter {
  return new Html5Adapter(video);
}

/** Returns the delivery that a plain element can play, if there is one. */
export function nativeDelivery(media: Media, video: HTMLVideoElement): Delivery | undefined {
  const playsHls = video.canPlayType('application/vnd.apple.mpegurl') !== '';
  return media.delivery.find(({ type }) => type === 'file' || (type === 'hls' && playsHls));
}

class Html5Adapter extends ElementAdapter {
  #textTrack: string | null = null;
  #soughtMs = 0;
  /** Whether the element has stood where it was first sought, or where its clock begins. */
  #hasBegun = false;

  constructor(video: HTMLVideoElement) {
    super(video, 'file');
  }

  async load(media: Media, selections: Selections, expected: Expected, room?: FollowedRoom): Promise<void> {
    const delivery = nativeDelivery(media, this.video);
    if (!delivery) {
      this.fail('format_unsupported');
      return;
    }
    this.media = media;
    // Fetched beside the file; without it, files whose headers are right play just the same.
    const ends = delivery.type === 'file' ? import('./file-end.js').catch(() => undefined) : null;
    this.listen('error', () => this.#failed(expected, room));
    const [origin] = media.timeline?.kind === 'media' ? media.timeline.origins : [];
    if (origin) this.originMs = (origin.timestamp * 1000) / origin.timescale;
    // A fragment such as `#t=10` moves the element by itself.
    else if (delivery.type === 'file' && !/#.*\bt=/.test(delivery.url)) for (const type of ['loadeddata', 'seeked']) this.listen(type, () => this.#beginsAt());
    this.listen('progress', () => this.arrived());
    // Tracks inside the file appear once it is read.
    this.listen('addtrack', () => this.setTextTrack(this.#textTrack), this.video.textTracks);
    // Without `crossOrigin`, because a plain element may play what other sites may not read. The page may have started
    // loading it already.
    if (this.video.src !== delivery.url || this.video.error) this.video.src = delivery.url;
    await this.metadata();
    const { duration, seekable } = this.video;
    // Where no length tells whether it jumps everywhere, the server does.
    if (duration < Infinity ? !(seekable.length && seekable.end(0) > duration - 1) : media.control?.seek === false) {
      (await import('./forward.js')).onlyForward(this, this.video, expected, this.over);
    }
    void ends?.then((found) => found?.watchEnd(this, this.#soughtMs, expected));
    this.setTextTrack(selections.textTrack);
    this.setAudioTrack(selections.audioTrack);
  }

  /** Browsers estimate lengths, and Chromium raises them piece by piece as it reads beyond: only where it ends is the end. */
  override duration(): number {
    if (lengthOf(this.media) == null && !this.ended()) return NaN;
    const durationMs = super.duration();
    // Until all is loaded, Chromium's may lack the time at which the clock of a file begins.
    const known = this.media?.duration_origin === 'media' ? this.media.duration_ms : null;
    return this.originMs > 0 && known ? Math.max(durationMs, known) : durationMs;
  }

  learn(media: Media): void {
    this.media = media;
  }

  override seek(positionMs: number): void {
    this.#soughtMs = positionMs;
    super.seek(positionMs);
  }

  /**
   * Finds out where the file's clock begins: a paused element stands later than it was first sought only at its first
   * moment. While it seeks it tells the target; later the page may have moved it.
   */
  #beginsAt(): void {
    const { currentTime, paused, seeking } = this.video;
    if (this.#hasBegun || seeking) return;
    this.#hasBegun = true;
    if (this.originMs > 0 || !paused || currentTime * 1000 < this.#soughtMs + ORIGIN_LEAST_MS) return;
    this.originMs = currentTime * 1000;
    this.seek(this.#soughtMs);
  }

  measured(): Measurement {
    return { durationMs: this.ended() ? this.duration() : undefined };
  }

  /** Does nothing: a file has one rendition. */
  setRendition(): void {}

  setTextTrack(id: string | null): void {
    this.#textTrack = id;
    if (this.video.textTracks.length) this.#select(({ showText }) => showText(this, this.#textTrack));
  }

  setAudioTrack(id: string | null): void {
    // Not every browser has `audioTracks`.
    if ('audioTracks' in this.video) this.#select(({ playAudio }) => playAudio(this, id));
  }

  override destroy(): void {
    super.destroy();
    this.video.removeAttribute('src');
    this.video.load();
  }

  #select(select: (tracks: typeof import('./file-tracks.js')) => void): void {
    import('./file-tracks.js').then((tracks) => this.over.aborted || select(tracks), () => undefined);
  }

  #failed(expected: Expected, room?: FollowedRoom): void {
    const fetchAgainMs = 5_000;
    // It is loaded again where the room is.
    this.#hasBegun = true;
    // Fetched only after a failure; what can't be fetched now may be fetched later.
    import('./mending.js').then(({ mend }) => mend(this, expected, room)).catch(() => {
      this.fail('source_unreachable');
      setTimeout(() => this.over.aborted || this.#failed(expected, room), fetchAgainMs);
    });
  }
}
