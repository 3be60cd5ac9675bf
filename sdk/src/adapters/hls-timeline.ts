// Where the media's own timestamps are in an element that hls.js fills.
//
// hls.js places the first fragment that it happens to load where the playlist says, and everything else by that: an
// element's time means another picture for each viewer if the playlist's durations aren't exact. Each range that is
// appended therefore keeps the distance between its times and the room's positions, which count the media's timestamps.

import type { Media } from '../wire.js';

/** Timestamps of MPEG-TS, of this timescale, start over after 2^33. */
const TS = { timescale: 90_000, wrapMs: 2 ** 33 / 90 };
/** A smaller distance is rounding. */
const SAME_MS = 0.02;
/** The element's time at a position for which it has to be filled anew. */
export const NO_ROOM_MS = Number.NEGATIVE_INFINITY;
/** Ranges with one base count as one across holes up to this. */
const HOLE_MS = 1_000;
/** So many ranges are kept; a live stream never ends. */
const PARTS_MAX = 256;

/** A timestamp of the media, in milliseconds, and the units that it is counted in. */
interface Stamp {
  atMs: number;
  timescale: number;
}

/** A range of the element's time, filled with a discontinuity, and the timestamp that is the element's time 0 there. */
interface Part {
  cc: number;
  fromMs: number;
  untilMs: number;
  base: Stamp | undefined;
}

export class HlsTimeline {
  /** Where each discontinuity begins, by its number. */
  readonly #origins = new Map<number, Stamp & { startMs: number }>();
  /** The newest base of each discontinuity. */
  readonly #bases = new Map<number, Stamp>();
  /** How much later positions are than the element's times, where that doesn't follow from timestamps. */
  readonly #placed = new Map<number, number>();
  /** What was appended, without overlaps, the newest last. */
  #parts: Part[] = [];
  /** About how much later positions are than the element's times: 0 of a film, and more the longer a live stream runs. */
  aboutMs = 0;

  /** Takes the origins of a source, which may come to be known while it plays. */
  learn(timeline: Media['timeline'] | undefined): void {
    this.#origins.clear();
    if (timeline?.kind !== 'media') return;
    for (const { discontinuity, start_ms, timestamp, timescale } of timeline.origins) {
      this.#origins.set(discontinuity, { startMs: start_ms, atMs: (timestamp * 1000) / timescale, timescale });
    }
  }

  /** Whether positions count the media's timestamps; otherwise they are the element's times. */
  get counts(): boolean {
    return this.#origins.size > 0;
  }

  /** Whether anything was appended. */
  get isFilled(): boolean {
    return this.#parts.length > 0;
  }

  /** Notes which timestamp hls.js now takes for the element's time 0 in a discontinuity. */
  found(cc: number, initPts: number, timescale: number): void {
    this.#bases.set(cc, { atMs: (initPts * 1000) / timescale, timescale });
  }

  /** Notes that this range of the element's time is filled with a discontinuity, by its newest base. */
  appended(cc: number, fromMs: number, untilMs: number): void {
    if (!(untilMs > fromMs)) return;
    const base = this.#bases.get(cc);
    const last = this.#parts.at(-1);
    const isSame = last !== undefined && last.cc === cc && last.base === base;
    if (isSame && fromMs <= last.untilMs + HOLE_MS && untilMs >= last.fromMs - HOLE_MS) {
      this.#parts.pop();
      this.#put({ cc, fromMs: Math.min(fromMs, last.fromMs), untilMs: Math.max(untilMs, last.untilMs), base });
    } else {
      this.#put({ cc, fromMs, untilMs, base });
    }
  }

  /** Takes positions of a discontinuity to be so much later than the element's times, whatever its timestamps are. */
  place(cc: number, shiftMs: number): void {
    this.#placed.set(cc, shiftMs);
  }

  /** Whether it is known where a discontinuity lies. */
  knows(cc: number): boolean {
    return this.#placed.has(cc) || this.#origins.has(cc);
  }

  /** The newest range's discontinuity, and whether its positions follow from its timestamps; undefined without one. */
  get newest(): { cc: number; isStamped: boolean } | undefined {
    const cc = this.#parts.at(-1)?.cc;
    return cc === undefined ? undefined : { cc, isStamped: !this.#placed.has(cc) && this.#origins.has(cc) };
  }

  /** Forgets what was appended, because the element is filled anew. */
  forget(): void {
    this.#bases.clear();
    this.#placed.clear();
    this.#parts = [];
  }

  /** Returns how much later positions are than the element's times in the newest range; 0 without one. */
  get shiftMs(): number {
    const part = this.#parts.at(-1);
    return part === undefined ? 0 : this.#shiftOf(part);
  }

  /** Returns the room's position at a time of the element. */
  positionAt(elementMs: number): number {
    const part = this.#partAt(elementMs);
    return elementMs + (part === undefined ? 0 : this.#shiftOf(part));
  }

  /** Whether only the playlist tells positions at a time of the element, although timestamps tell others. */
  isToldAt(elementMs: number): boolean {
    const part = this.#partAt(elementMs);
    return this.counts && part !== undefined && !this.knows(part.cc);
  }

  /** Returns the element's time at a position that was appended, else undefined. */
  within(positionMs: number): number | undefined {
    const here = this.#parts.filter((part) => this.#apart(part, positionMs) === 0).at(-1);
    return here && positionMs - this.#shiftOf(here);
  }

  /**
   * Returns the element's time at a position, `NO_ROOM_MS` where other pictures leave no room; `startOf` returns where a
   * discontinuity begins in the element, if known.
   */
  elementAt(positionMs: number, startOf: (cc: number) => number | undefined): number {
    const appended = this.within(positionMs);
    if (appended !== undefined) return appended;
    const begun = [...this.#origins].filter(([, { startMs }]) => startMs <= positionMs).at(-1);
    if (begun === undefined) return positionMs;
    const [cc, { startMs }] = begun;
    const near = nearest(this.#parts.filter((part) => part.cc === cc), (part) => this.#apart(part, positionMs));
    if (near) return this.#between(near, positionMs) ?? positionMs - this.#shiftOf(near);
    const beginsMs = startOf(cc);
    return beginsMs === undefined ? positionMs : positionMs - startMs + beginsMs;
  }

  /**
   * Where a part would place a position at other pictures: the time between the parts before and after it, as far along
   * as the position is. hls.js places each piece of fragmented MP4 that it jumps to where the playlist says, so each of
   * them bounds the search from one side.
   */
  #between(near: Part, positionMs: number): number | undefined {
    const toMs = positionMs - this.#shiftOf(near);
    const same = this.#parts.filter(({ cc }) => cc === near.cc);
    const isOthers = same.some(({ fromMs, untilMs }) => fromMs <= toMs && toMs < untilMs);
    if (!isOthers) return undefined;
    let [below, above] = [{ ms: 0, positionMs: this.#origins.get(near.cc)?.startMs ?? 0 }, { ms: Infinity, positionMs: Infinity }];
    for (const part of same) {
      const shiftMs = this.#shiftOf(part);
      const [first, last] = [part.fromMs + shiftMs, part.untilMs + shiftMs];
      if (last <= positionMs && last > below.positionMs) below = { ms: part.untilMs, positionMs: last };
      if (first > positionMs && first < above.positionMs) above = { ms: part.fromMs, positionMs: first };
    }
    // The parts lie so close that nothing can be loaded between them.
    if (above.ms === Infinity || above.ms <= below.ms || below.positionMs > positionMs) return NO_ROOM_MS;
    return below.ms + ((positionMs - below.positionMs) * (above.ms - below.ms)) / (above.positionMs - below.positionMs);
  }

  #partAt(elementMs: number): Part | undefined {
    return nearest(this.#parts, ({ fromMs, untilMs }) => outside(elementMs, fromMs, untilMs));
  }

  #apart(part: Part, positionMs: number): number {
    return outside(positionMs - this.#shiftOf(part), part.fromMs, part.untilMs);
  }

  #shiftOf({ cc, base }: Part): number {
    const placedMs = this.#placed.get(cc);
    if (placedMs !== undefined) return placedMs;
    const origin = this.#origins.get(cc);
    if (origin === undefined || base === undefined) return 0;
    const shiftMs = origin.startMs + base.atMs - origin.atMs;
    const wraps = base.timescale === TS.timescale && origin.timescale === TS.timescale;
    const nearMs = wraps ? shiftMs - Math.round((shiftMs - this.aboutMs) / TS.wrapMs) * TS.wrapMs : shiftMs;
    return Math.abs(nearMs) < SAME_MS ? 0 : nearMs;
  }

  /** The newest range replaces what it covers of the others. */
  #put(part: Part): void {
    const rest = this.#parts.flatMap((old) => [
      { ...old, untilMs: Math.min(old.untilMs, part.fromMs) },
      { ...old, fromMs: Math.max(old.fromMs, part.untilMs) },
    ]);
    this.#parts = [...rest.filter(({ fromMs, untilMs }) => untilMs > fromMs), part].slice(-PARTS_MAX);
  }
}

function outside(ms: number, fromMs: number, untilMs: number): number {
  return Math.max(fromMs - ms, ms - untilMs, 0);
}

function nearest(parts: Part[], apart: (part: Part) => number): Part | undefined {
  let best: Part | undefined;
  for (const part of parts) if (best === undefined || apart(part) <= apart(best)) best = part;
  return best;
}
