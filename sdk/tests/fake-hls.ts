// A stand-in for hls.js, for the tests of the adapter.
import type { Media } from '../src/index.js';

/** A player's choices: none. */
export const NONE = { rendition: 'auto', textTrack: null, audioTrack: null };

/** A film of which only the address is known. */
export function film(live = false): Media {
  const delivery = [{ type: 'hls', url: 'https://films.example/film.m3u8', cors: 'needed' }];
  return { delivery, live, renditions: [], text_tracks: [], audio_tracks: [] } as unknown as Media;
}

/** Records what the adapter asks of hls.js, and emits its events. */
export class FakeHls {
  static isSupported = () => true;
  readonly levels: object[] = [];
  readonly currentLevel = -1;
  latestLevelDetails: unknown = null;
  targetLatency: number | null = null;
  readonly subtitleTracks = [];
  readonly audioTracks = [];
  /** What was requested, and from where, in seconds. */
  readonly asked: string[] = [];
  readonly #listeners: [event: string, listener: (event: string, data: unknown) => void][] = [];

  constructor(readonly config: { startPosition: number }) {}

  on(event: string, listener: (event: string, data: unknown) => void): void {
    this.#listeners.push([event, listener]);
  }

  tell(event: string, data: unknown): void {
    for (const [heard, listener] of this.#listeners) if (heard === event) listener(event, data);
  }

  loadSource(): void {
    this.asked.push(`source ${this.config.startPosition}`);
  }

  startLoad(positionS: number): void {
    this.asked.push(`start ${positionS}`);
  }

  attachMedia(): void {}
  destroy(): void {}
}
