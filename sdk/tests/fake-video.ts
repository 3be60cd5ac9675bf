/** A media element as adapters see it, that does what it is told. */
export class FakeVideo extends EventTarget {
  readyState = 0;
  paused = true;
  seeking = false;
  error: { code: number } | null = null;
  /** Each address that was given. */
  readonly sources: string[] = [];
  /** How often it was told to load the same again. */
  loads = 0;
  currentTime = 0;
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

  load(): void {
    this.loads += 1;
  }

  become(readyState: number, event: string): void {
    this.readyState = readyState;
    this.dispatchEvent(new Event(event));
  }
}
