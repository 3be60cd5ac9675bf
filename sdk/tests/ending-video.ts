import { vi } from 'vitest';
import type { Media, PlayerAdapter } from '../src/index.js';
import { FakeVideo } from './fake-video.js';

export const NONE = { rendition: 'auto', textTrack: null, audioTrack: null };
/** A file of unknown length. */
export const FILM = {
  delivery: [{ type: 'file', url: 'https://films.example/film.mp4', cors: 'not_needed' }],
  text_tracks: [],
  audio_tracks: [],
  duration_ms: null,
} as unknown as Media;

/** A file of this length. */
export function told(durationMs: number, origin: string): Media {
  return { ...FILM, duration_ms: durationMs, duration_origin: origin } as Media;
}

/** Loads a file whose element tells 20 seconds. */
export async function loadFilm(player: PlayerAdapter, video: EndingVideo, media: Media, expected = () => 0): Promise<void> {
  const loaded = player.load(media, NONE, expected);
  Object.assign(video, { duration: 20, seekable: { length: 1, start: () => 0, end: () => 20 } });
  video.become(4, 'loadedmetadata');
  await loaded;
  await vi.dynamicImportSettled();
}

/** A media element with a picture that may end anywhere; a seek of it is under way until it `lands`. */
export class EndingVideo extends FakeVideo {
  videoWidth = 640;
  playbackRate = 1;
  /** Whether it goes no further than its length. */
  clamps = false;
  /** What it goes no further than in any case. */
  seekableS = Infinity;
  seeks = 0;
  #timeS = 0;
  #shows: ((now: number, frame: { mediaTime: number }) => void) | undefined;

  constructor() {
    super();
    Object.defineProperty(this, 'currentTime', {
      get: () => this.#timeS,
      set: (toS: number) => {
        this.#timeS = this.clamps ? Math.min(toS, this.duration, this.seekableS) : toS;
        this.seeks += 1;
        this.seeking = true;
        this.ended = false;
        this.dispatchEvent(new Event('seeking'));
      },
    });
  }

  requestVideoFrameCallback(shows: (now: number, frame: { mediaTime: number }) => void): void {
    this.#shows = shows;
  }

  override load(): void {
    super.load();
    this.#timeS = 0;
    Object.assign(this, { ended: false, seeking: false, paused: true });
    this.become(0, 'emptied');
  }

  /** Ends playback, at the length that it tells. */
  endsAt(timeS: number): void {
    this.#timeS = timeS;
    Object.assign(this, { ended: true, paused: true });
  }

  /** Ends a seek, with the picture of this time if there is one. */
  lands({ ended = false, shownS }: { ended?: boolean; shownS?: number | undefined }): void {
    Object.assign(this, { seeking: false, ended });
    if (shownS !== undefined) this.#shows?.(0, { mediaTime: shownS });
    this.become(4, 'seeked');
  }
}
