// The picture that an element shows after a seek, as far as the browser tells.

import type { ElementAdapter } from './element.js';

/** Whether this browser has told of a picture that it showed after a seek while paused. Not all do. */
let tellsWhilePaused = false;

/** What a browser tells of the pictures of an element. */
export class ShownPicture {
  /** The position of the picture since the last seek; NaN where nobody tells, -Infinity for none. */
  atMs = NaN;
  readonly #player: ElementAdapter;
  readonly #shows: (atMs: number) => 'sought' | 'other';

  /** Calls `shows` for each picture; it returns whether that is the one that was sought. */
  constructor(player: ElementAdapter, shows: (atMs: number) => 'sought' | 'other') {
    this.#player = player;
    this.#shows = shows;
    // Nobody sees what it shows from now on, and a browser tells of none of it.
    const hides = () => {
      if (this.atMs === -Infinity) this.forget();
    };
    globalThis.document?.addEventListener('visibilitychange', hides, { signal: player.over });
    this.#watch();
  }

  /** Waits for the picture of a seek. */
  leaves(): void {
    this.atMs = tellsWhilePaused && !globalThis.document?.hidden ? -Infinity : NaN;
  }

  /** Forgets the picture of what was loaded before. */
  forget(): void {
    this.atMs = NaN;
  }

  #watch(): void {
    const { video, over } = this.#player;
    // Not every browser has it.
    video.requestVideoFrameCallback?.((_now, { mediaTime }) => {
      if (over.aborted) return;
      this.atMs = mediaTime * 1000 - this.#player.originMs;
      if (this.#shows(this.atMs) === 'sought' && video.paused) tellsWhilePaused = true;
      this.#watch();
    });
  }
}
