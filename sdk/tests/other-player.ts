// A player that only the page knows, for the tests of `createPlayer`.
import type { AdapterEvent, Media, PlayerAdapter } from '../src/index.js';

/** A film that only `OtherPlayer` plays. */
export const FILM: Media = {
  media_id: 'm_1',
  provider: 'other',
  stream_id: 'film',
  title: 'Film',
  duration_ms: 600_000,
  duration_origin: 'media',
  timeline: { kind: 'media', origins: [] },
  live: false,
  delivery: [
    { type: 'embed', url: 'https://video.example/film', cors: 'not_needed', codecs: null, has_picture: null, has_sound: null },
  ],
  renditions: [],
  text_tracks: [],
  audio_tracks: [],
  control: { class: 'B', continuous_rate: false, seek: true },
  poster: null,
  availability: { state: 'available', evidence: 'test' },
};

/** A player in real time that records what it is asked to do. */
export class OtherPlayer implements PlayerAdapter {
  readonly capabilities = { kind: 'other', rates: 'continuous' as const, minRate: 0.5, maxRate: 2, positionErrorMs: 0, playLeadMs: 75 };
  readonly calls: string[] = [];
  /** Where the first seek led, relative to the room. */
  firstSeek: { aheadMs: number } | null = null;
  expected: () => number = () => 0;
  looks = 0;
  hasData = true;
  #atMs = 0;
  #playsSinceMs: number | null = null;
  #rate = 1;

  async load(media: Media, { textTrack }: { textTrack: string | null }): Promise<void> {
    this.calls.push(`load ${media.media_id} ${textTrack}`);
  }

  positionMs(): number {
    const playedMs = this.#playsSinceMs === null ? 0 : (performance.now() - this.#playsSinceMs) * this.#rate;
    return this.#atMs + playedMs;
  }

  position(): number {
    this.looks += 1;
    return this.positionMs();
  }

  duration = () => Number.NaN;
  paused = () => this.#playsSinceMs === null;
  ended = () => false;
  rate = () => this.#rate;
  ready = () => this.hasData;

  setRate(rate: number): void {
    this.#settle();
    this.#rate = rate;
  }

  seek(positionMs: number): void {
    this.calls.push('seek');
    this.firstSeek ??= { aheadMs: positionMs - this.expected() };
    this.#settle();
    this.#atMs = positionMs;
  }

  async play(): Promise<void> {
    this.calls.push('play');
    this.#playsSinceMs ??= performance.now();
  }

  pause(): void {
    this.calls.push('pause');
    this.interrupt();
  }

  /** What the browser does to a hidden page, or somebody to the player. */
  interrupt(): void {
    this.#settle();
    this.#playsSinceMs = null;
  }

  setRendition = (id: string) => void this.calls.push(`rendition ${id}`);
  setTextTrack = (id: string | null) => void this.calls.push(`text ${id}`);
  setAudioTrack = (id: string | null) => void this.calls.push(`audio ${id}`);
  onEvent = (_listener: (event: AdapterEvent) => void) => () => undefined;
  destroy = () => void this.calls.push('destroy');

  #settle(): void {
    this.#atMs = this.positionMs();
    if (this.#playsSinceMs !== null) this.#playsSinceMs = performance.now();
  }
}
