import type { Media } from './wire.js';

export type AdapterErrorCode =
  | 'autoplay_blocked'
  | 'source_unreachable'
  | 'cors_missing'
  | 'format_unsupported'
  | 'decode_failed';

export type AdapterEvent =
  | { type: 'waiting' | 'playing' | 'ended' }
  | { type: 'error'; code: AdapterErrorCode; detail: string };

export interface AdapterCapabilities {
  /** Whether any rate works; false limits the controller to the room's rate and seeks. */
  continuousRate: boolean;
  minRate: number;
  maxRate: number;
}

export interface Selections {
  rendition: string;
  textTrack: string | null;
  audioTrack: string | null;
}

/** A player as the controller sees it. Positions and durations are milliseconds. */
export interface PlayerAdapter {
  readonly capabilities: AdapterCapabilities;
  /** Resolves when the metadata is known; failures are reported by `onEvent`, too. */
  load(media: Media, selections: Selections): Promise<void>;
  position(): number;
  /** NaN while unknown. */
  duration(): number;
  paused(): boolean;
  ended(): boolean;
  rate(): number;
  setRate(rate: number): void;
  seek(positionMs: number): void;
  /** Rejects with `autoplay_blocked` where the browser wants a gesture first. */
  play(): Promise<void>;
  pause(): void;
  /** Enough data to play on from here, and no seek under way. */
  ready(): boolean;
  setRendition(id: string): void;
  setTextTrack(id: string | null): void;
  setAudioTrack(id: string | null): void;
  /** Returns the function that stops the notices. */
  onEvent(listener: (event: AdapterEvent) => void): () => void;
  destroy(): void;
}
