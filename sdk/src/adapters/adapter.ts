import type { AdapterErrorCode } from '../types.js';
import type { Media } from '../wire.js';

export type AdapterEvent =
  /** The player ran dry, moves, or came to its end: the controller looks at once instead of at its next tick. */
  | { type: 'waiting' | 'playing' | 'ended' }
  /** `detail` is a sentence for people. An error is over as soon as `ready()` is true again. */
  | { type: 'error'; code: AdapterErrorCode; detail: string };

export interface AdapterCapabilities {
  /** Names the kind of player and media, such as `file` or `hls`; what a device has learned is kept under it. */
  kind: string;
  /** `continuous` if any rate works, or the rates that do, such as `[0.5, 1, 2]`; `[]` where it plays at 1 only. */
  rates: 'continuous' | readonly number[];
  /** The slowest rate that still plays. */
  minRate: number;
  /** The fastest rate that still plays. */
  maxRate: number;
  /** How inexact `position()` is, in milliseconds: drift within it is left alone. */
  positionErrorMs: number;
  /** A first guess of the time from `play()` to the first movement, in milliseconds. */
  playLeadMs: number;
}

/** What the room has chosen; ids are those of the media. */
export interface Selections {
  /** `auto` or the id of a rendition. */
  rendition: string;
  /** Null for none. */
  textTrack: string | null;
  /** Null for the media's own choice. */
  audioTrack: string | null;
}

/**
 * A player as the controller sees it. Positions and durations are milliseconds. Reading members are called
 * every 50 ms and answer at once; acting ones return at once and show their effect in the reading ones.
 */
export interface PlayerAdapter {
  /** What the player can do; read at every step, so that a player may find it out while it plays. */
  readonly capabilities: AdapterCapabilities;
  /**
   * Called once. Resolves when it can be sent anywhere: the metadata is known, and what it loads by itself at first is
   * there; what goes wrong is told as an event, now or later. `expected` says about where the room will be in so many
   * milliseconds, so that a player that can begins to load there; where to go exactly is said by `seek`.
   */
  load(media: Media, selections: Selections, expected: (inMs: number) => number): Promise<void>;
  /** Where the player is, or is going by a seek; to a few milliseconds, or drift can't be seen. */
  position(): number;
  /** NaN while unknown. */
  duration(): number;
  /** True until `play`, after `pause` and whenever something else stops the player. */
  paused(): boolean;
  /** True at the end of the media. */
  ended(): boolean;
  /** The rate in force. */
  rate(): number;
  /** Called with fine values such as 1.013, often; never outside of the capabilities. */
  setRate(rate: number): void;
  /** Goes to a position as exactly as it can, without playing; `ready()` is false meanwhile. */
  seek(positionMs: number): void;
  /** Resolves when it plays. Where the browser wants a gesture first: an event `autoplay_blocked` and a rejection. */
  play(): Promise<void>;
  /** Stops at once and keeps the position. */
  pause(): void;
  /** Enough data to play on from here, and no seek under way. */
  ready(): boolean;
  /** Whether it could play on from there without loading first, as far as it knows; optional. */
  loaded?(positionMs: number): boolean;
  /** Whether data have come in within the last second or so; optional. */
  arriving?(): boolean;
  /** Shows a rendition, or the player's own choice for `auto`; unknown ids change nothing. */
  setRendition(id: string): void;
  /** Shows a text track, or none. */
  setTextTrack(id: string | null): void;
  /** Plays a sound track; null leaves it as it is. */
  setAudioTrack(id: string | null): void;
  /** Calls `listener` for each event; returns the function that stops it. */
  onEvent(listener: (event: AdapterEvent) => void): () => void;
  /** Lets go of the media, the element and the listeners; nothing is called afterwards. */
  destroy(): void;
}
