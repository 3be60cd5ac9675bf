// The interface between the player and what plays: a media element, hls.js or an iframe.

import type { AdapterErrorCode } from '../types.js';
import type { Media, TimelineOrigin } from '../wire.js';

export type AdapterEvent =
  /** The player ran out of data, started to move, or reached its end: the controller looks at once, not at its next tick. */
  | { type: 'waiting' | 'playing' | 'ended' }
  /** `detail` is a sentence for people. An error is over once `ready()` is true again. */
  | { type: 'error'; code: AdapterErrorCode; detail: string };

export interface AdapterCapabilities {
  /** Names the kind of player and media, such as `file` or `hls`; what a device learns is stored under it. */
  kind: string;
  /** `continuous` if any rate works, otherwise the rates that do, such as `[0.5, 1, 2]`; `[]` if it only plays at 1. */
  rates: 'continuous' | readonly number[];
  /** The slowest rate that plays. */
  minRate: number;
  /** The fastest rate that plays. */
  maxRate: number;
  /** How inaccurate `position()` is, in milliseconds: drift below it is not corrected. */
  positionErrorMs: number;
  /** A first estimate of the time from `play()` to the first movement, in milliseconds. */
  playLeadMs: number;
  /** Whether `position()` and `seek` are the room's positions in live media too; otherwise only its status is followed. */
  live?: boolean;
}

/** What the room has selected, by the ids of its media. */
export interface Selections {
  /** `auto` or the id of a rendition. */
  rendition: string;
  /** Null for none. */
  textTrack: string | null;
  /** Null for the media's own choice. */
  audioTrack: string | null;
}

/** Returns roughly where the room will be in that many milliseconds. */
export type Expected = (inMs: number) => number;
/** What a player may ask of the session whose room it follows. */
export interface FollowedRoom {
  /** Returns the room clock, in milliseconds. */
  now(): number;
  /**
   * Reports to the server that the media can't be loaded. Once resolved, the snapshot has the media as the room has it,
   * perhaps with another address; rejects with `PlayheadError` if the server can't load it either.
   */
  mediaFailed(mediaId: string): Promise<unknown>;
  getSnapshot(): { readonly media: Media | null };
}
/** Facts of the media that a player has found out. */
export interface Measurement {
  /** Where the media really ends, in milliseconds; absent until that is known. */
  durationMs?: number;
  /** The first timestamp of media whose origin the server couldn't read. */
  origin?: TimelineOrigin;
}

/**
 * A player as the controller sees it. Positions and durations are milliseconds. Members that read are called every
 * 50 ms and return at once. Members that act return at once too; their effect shows in those that read.
 */
export interface PlayerAdapter {
  /** What the player can do; read at every step, because some players find out while playing. */
  readonly capabilities: AdapterCapabilities;
  /**
   * Called once. Resolves when the player can seek anywhere: the metadata is known, and the data it loads initially
   * has arrived. Failures are emitted as events, now or later. By `expected` a player may start loading where the room
   * will be; `seek` gives the exact position. Live media needs the clock of `room`, and media that can't be loaded its help.
   */
  load(media: Media, selections: Selections, expected: Expected, room?: FollowedRoom): Promise<void>;
  /** Returns the position, or the target of a seek in progress; accurate to a few milliseconds, or drift is invisible. */
  position(): number;
  /** Returns the duration, or NaN while it is unknown. */
  duration(): number;
  /** Returns true until `play`, after `pause`, and whenever something else stops the player. */
  paused(): boolean;
  /** Returns true at the end of the media. */
  ended(): boolean;
  /** Returns the current rate. */
  rate(): number;
  /** Sets the rate. Called often, with fine values such as 1.013, and only within the capabilities. */
  setRate(rate: number): void;
  /** Seeks as exactly as it can without starting playback; `ready()` is false meanwhile. */
  seek(positionMs: number): void;
  /** Resolves once it plays. If the browser requires a gesture first, emits `autoplay_blocked` and rejects. */
  play(): Promise<void>;
  /** Pauses at once, keeping the position. */
  pause(): void;
  /** Returns true if there is enough data to play on from here and no seek is in progress. */
  ready(): boolean;
  /** Returns true if it could play from there without loading first, as far as it knows. */
  loaded?(positionMs: number): boolean;
  /** Returns true if data has arrived within the last second or so. */
  arriving?(): boolean;
  /** Returns true while others may show different pictures at the same position: its distance from the room says little. */
  loose?(): boolean;
  /** Returns true while its positions are only those that a playlist tells: others may show pictures nearby. */
  inexact?(): boolean;
  /** Takes what has become known of the media while it plays. */
  learn?(media: Media): void;
  /** Returns what it has found out about the media; without it, `duration()` counts, once the end was reached. */
  measured?(): Measurement;
  /** Plays a rendition; `auto` leaves the choice to the player. Unknown ids change nothing. */
  setRendition(id: string): void;
  /** Shows a text track, or none for null. */
  setTextTrack(id: string | null): void;
  /** Plays an audio track; null leaves it as it is. */
  setAudioTrack(id: string | null): void;
  /** Calls `listener` for each event; returns a function that removes it. */
  onEvent(listener: (event: AdapterEvent) => void): () => void;
  /** Releases the media, the element and the listeners; nothing is called afterwards. */
  destroy(): void;
}
