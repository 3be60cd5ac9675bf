// What hls.js loads, as far as no picture comes without it.

import { type HlsFragment, isMissing, TIMESTAMP_EVENTS } from './hls-timestamps.js';

/** The events between which hls.js loads something else than pieces, and how the names of its failures begin. */
const LOADS = [
  ['hlsLevelLoading', 'hlsLevelLoaded', 'level'],
  ['hlsAudioTrackLoading', 'hlsAudioTrackLoaded', 'audioTrack'],
  ['hlsKeyLoading', 'hlsKeyLoaded', 'key'],
] as const;
/** The action of hls.js after a failure by which it tries the same again. */
const RETRY_REQUEST = 5;

/** A failure, as far as it is about something that was loaded. */
interface LoadFailure {
  fatal: boolean;
  details: string;
  frag?: HlsFragment;
  errorAction?: { action: number };
  /** Whether it reads a playlist again. */
  levelRetry?: boolean;
}

/** Tells how long hls.js has loaded nothing. */
export class HlsLoading {
  /** What it loads, by kind. */
  readonly #kinds = new Set<string>();
  #idleSinceMs = Infinity;

  /** Since when it has loaded nothing; infinite while it loads, and until it has loaded anything. */
  get idleSinceMs(): number {
    return this.#idleSinceMs;
  }

  watch(hls: { on(event: any, listener: (...args: any[]) => void): void }): void {
    for (const [begins, ends] of LOADS) {
      hls.on(begins, () => this.#begun(begins));
      hls.on(ends, () => this.#over(begins));
    }
    hls.on(TIMESTAMP_EVENTS.FRAG_LOADING, (_event, { frag }: { frag: HlsFragment }) => {
      // It says so even of what the playlist lacks, and loads nothing.
      if (frag.type !== 'subtitle' && !isMissing(frag)) this.#begun(frag.type);
    });
    hls.on(TIMESTAMP_EVENTS.FRAG_BUFFERED, (_event, { frag }: { frag: HlsFragment }) => this.#over(frag.type));
    hls.on('hlsFragLoadEmergencyAborted', (_event, { frag }: { frag: HlsFragment }) => this.#givenUp(frag.type));
    hls.on('hlsAudioTrackSwitching', () => ['audio', 'hlsAudioTrackLoading'].forEach((kind) => this.#givenUp(kind)));
    hls.on('hlsError', (_event, failure: LoadFailure) => this.#failed(failure));
  }

  /** Nothing counts that was loaded until now. */
  begin(): void {
    this.#kinds.clear();
    this.#idleSinceMs = Infinity;
  }

  /** What it does from now on counts, if it is idle. */
  restart(): void {
    if (this.#idleSinceMs < Infinity) this.#idleSinceMs = performance.now();
  }

  #begun(kind: string): void {
    this.#kinds.add(kind);
    this.#idleSinceMs = Infinity;
  }

  #over(kind: string): void {
    this.#kinds.delete(kind);
    if (this.#kinds.size === 0) this.#idleSinceMs = performance.now();
  }

  #givenUp(kind: string): void {
    if (this.#kinds.has(kind)) this.#over(kind);
  }

  #failed({ fatal, details, frag, errorAction, levelRetry }: LoadFailure): void {
    // After a fatal one all is loaded anew.
    if (fatal || levelRetry || errorAction?.action === RETRY_REQUEST) return;
    const kind = details.startsWith('frag') ? frag?.type : LOADS.find(([, , failure]) => details.startsWith(failure))?.[0];
    if (kind) this.#givenUp(kind);
  }
}
