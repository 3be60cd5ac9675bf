// Maps between the time of the element and the positions of a live source.

import type { Media } from '../wire.js';
import { HlsTimeline } from './hls-timeline.js';
import { type InitPts, INTO_FRAME_MS, TIMESTAMP_EVENTS, watchTimestamps } from './hls-timestamps.js';

/** The part of an hls.js fragment that tells where it is. */
export interface LiveFragment {
  start: number;
  duration: number;
  programDateTime: number | null;
  elementaryStreams: { video?: { startPTS: number } | null; audiovideo?: { startPTS: number } | null };
}

/** The part of an hls.js playlist that tells where its edge is. */
export interface LiveDetails {
  live: boolean;
  edge: number;
  fragments: LiveFragment[];
}

/** The part of an hls.js instance that knows the playlist of what is playing. */
export interface LiveHls {
  readonly levels: { details?: LiveDetails }[];
  readonly currentLevel: number;
  readonly latestLevelDetails: LiveDetails | null;
  targetLatency: number | null;
  on(event: any, listener: (...args: any[]) => void): void;
}

/** The distance of positions from the element's times, as heard, is changed if it was this much too late … */
const UNDATED_STEP_MS = 100;
/** … or has become this much too early, since the stream has stood still. */
const UNDATED_LATE_MS = 15_000;
/** hls.js takes no distance of zero. */
const LATENCY_LEAST_S = 0.001;

/**
 * The timeline of a live source. Where its playlist has dates, they are the positions: each fragment begins at its own
 * date, for every viewer, whatever was loaded before it. Else the media's own timestamps are, from the origins that the
 * source states. Where neither tells, the newest media is taken to be where the room has the edge, which is right to
 * within the time that a viewer takes to hear of it.
 */
export class LiveTimeline {
  readonly #hls: LiveHls;
  readonly #media: Media;
  readonly #roomMs: () => number;
  /** The media's timestamps in the element; used if positions count them. */
  readonly #stamps = new HlsTimeline();
  /** Position minus element time, by when the newest media was heard of. */
  #offsetMs = Number.NaN;
  /** The fragment that was last played, which the playlist may have dropped since. */
  #held: LiveFragment | undefined;

  constructor(hls: LiveHls, media: Media, roomMs: () => number) {
    this.#hls = hls;
    this.#media = media;
    this.#roomMs = roomMs;
    this.#stamps.learn(media.timeline);
    if (!this.#stamps.counts) return;
    // Before its first range is appended: a discontinuity that the source doesn't know goes on where the one before ends.
    hls.on(TIMESTAMP_EVENTS.INIT_PTS_FOUND, (_event, { frag }: InitPts) => {
      if (!this.#stamps.knows(frag.cc)) this.#stamps.place(frag.cc, this.#stamps.isFilled ? this.#stamps.shiftMs : this.#offsetMs);
    });
    watchTimestamps(hls, this.#stamps);
  }

  /** Whether viewers may show different pictures at one position. */
  get isLoose(): boolean {
    return this.#media.timeline.kind !== 'program_date_time' && !this.#stamps.newest?.isStamped;
  }

  /** Notes that the playlist was read, and has hls.js load around the position `wantedMs`. */
  updated({ edge, live }: LiveDetails, wantedMs: number): void {
    if (!live) return;
    const { edge_ms, edge_at_ms } = this.#media;
    const seenMs = edge_ms! + this.#roomMs() - edge_at_ms! - edge * 1000;
    // The earliest sighting of a fragment places the edge best.
    const better = seenMs < this.#offsetMs - UNDATED_STEP_MS || seenMs > this.#offsetMs + UNDATED_LATE_MS;
    if (better || Number.isNaN(this.#offsetMs)) this.#offsetMs = seenMs;
    this.#stamps.aboutMs = this.#offsetMs;
    const { newest, shiftMs } = this.#stamps;
    // Timestamps so far from the clock have started over, or the stream has stood still.
    if (newest && Math.abs(shiftMs - this.#offsetMs) > UNDATED_LATE_MS) this.#stamps.place(newest.cc, this.#offsetMs);
    // Its own ideas of where to begin, and where to go when it is lost, then lead to the room.
    this.#hls.targetLatency = Math.max(LATENCY_LEAST_S, edge - this.elementAt(wantedMs));
  }

  /** The element is filled anew, and its times begin elsewhere. */
  forget(): void {
    this.#offsetMs = Number.NaN;
    this.#held = undefined;
    this.#stamps.forget();
  }

  /** Returns the position at a time of the element; NaN before the playlist is known. */
  positionAt(elementS: number): number {
    if (this.#stamps.isFilled) return this.#stamps.positionAt(elementS * 1000 - INTO_FRAME_MS);
    const fragment = this.#fragment((one) => startOf(one) <= elementS);
    if (!fragment) return elementS * 1000 + this.#offsetMs;
    if (elementS < startOf(fragment) + fragment.duration) this.#held = fragment;
    return fragment.programDateTime! + (elementS - startOf(fragment)) * 1000;
  }

  /** Returns the time of the element at a position, the nearest one that the playlist still has. */
  elementAt(positionMs: number): number {
    const details = this.#details();
    const firstS = details?.fragments[0] ? startOf(details.fragments[0]) : 0;
    if (this.#stamps.isFilled) {
      const appendedMs = this.#stamps.within(positionMs);
      if (appendedMs !== undefined) return (appendedMs + INTO_FRAME_MS) / 1000;
      return Math.max(firstS, (positionMs - this.#stamps.shiftMs + INTO_FRAME_MS) / 1000);
    }
    const fragment = this.#fragment((one) => one.programDateTime! <= positionMs);
    if (!fragment) return Math.max(firstS, (positionMs - this.#offsetMs) / 1000 || 0);
    const elementS = startOf(fragment) + (positionMs - fragment.programDateTime!) / 1000;
    if (fragment === this.#held) return elementS;
    // Where the dates jump, there are no pictures in between.
    const next = details!.fragments[details!.fragments.indexOf(fragment) + 1];
    return Math.max(firstS, next ? Math.min(elementS, startOf(next)) : elementS);
  }

  /** Returns the position of the end; NaN while the source is live. */
  endMs(): number {
    const details = this.#details();
    return details && !details.live ? this.positionAt(details.edge) : Number.NaN;
  }

  /**
   * Returns the last dated fragment for which `isBefore` holds, else the first; the one that is playing counts although
   * the playlist may have dropped it. Undefined without dates that the room counts by.
   */
  #fragment(isBefore: (one: LiveFragment) => boolean): LiveFragment | undefined {
    const fragments = this.#media.timeline.kind === 'program_date_time' ? (this.#details()?.fragments ?? []) : [];
    for (let at = fragments.length - 1; at >= 0; at -= 1) {
      const one = fragments[at]!;
      if (one.programDateTime !== null && isBefore(one)) return one;
    }
    const first = fragments.find((one) => one.programDateTime !== null);
    return first && this.#held && isBefore(this.#held) ? this.#held : first;
  }

  #details(): LiveDetails | null {
    const { levels, currentLevel, latestLevelDetails } = this.#hls;
    return levels[currentLevel]?.details ?? latestLevelDetails;
  }
}

/**
 * Returns when a fragment begins in the element. Once it is loaded its first picture counts, since sound may begin a
 * little earlier for those who have loaded what comes before.
 */
function startOf({ start, elementaryStreams }: LiveFragment): number {
  return (elementaryStreams?.video ?? elementaryStreams?.audiovideo)?.startPTS ?? start;
}
