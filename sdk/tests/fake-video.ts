import { setMaxListeners } from 'node:events';

// Each listener of an adapter ends with its signal, and Node.js takes more than ten for a mistake.
setMaxListeners(30);

/** A media element as adapters see it, controlled by the test. */
export class FakeVideo extends EventTarget {
  readyState = 0;
  paused = true;
  ended = false;
  seeking = false;
  error: { code: number } | null = null;
  /** Each address that was set. */
  readonly sources: string[] = [];
  /** How many times it was asked to load the same address again. */
  loads = 0;
  currentTime = 0;
  duration = NaN;
  buffered = { length: 1, start: () => 0, end: () => Infinity };
  played = { length: 0, start: () => 0, end: () => 0 };
  readonly textTracks = Object.assign(new EventTarget(), { length: 0 });
  #source = '';

  get src(): string {
    return this.#source;
  }

  set src(url: string) {
    this.#source = url;
    this.sources.push(url);
    this.readyState = 0;
    this.error = null;
  }

  canPlayType(): string {
    return '';
  }

  removeAttribute(): void {
    this.#source = '';
  }

  pause(): void {
    this.paused = true;
  }

  load(): void {
    this.loads += 1;
  }

  become(readyState: number, event: string): void {
    this.readyState = readyState;
    this.dispatchEvent(new Event(event));
  }
}
