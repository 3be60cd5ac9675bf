// Where an element that hls.js fills is in the media, and how it gets to a position.

import type { Media } from '../wire.js';
import type { Measurement } from './adapter.js';
import { HlsLoading } from './hls-loading.js';
import { HlsTimeline, NO_ROOM_MS } from './hls-timeline.js';
import { type Appending, type HlsFragment, type InitPts, INTO_FRAME_MS, isMissing, TIMESTAMP_EVENTS, watchTimestamps } from './hls-timestamps.js';
import { ToldDurations } from './hls-told.js';
import { HAVE_CURRENT_DATA } from './tuning.js';

/** How many times a seek is corrected when data shows where its target really is. */
const CORRECTIONS = 8;
/** A seek is corrected if it is off by more. */
const SEEK_NEAR_MS = 0.5;
/** Beyond this distance from the playlist, subtitles wouldn't be loaded where they are shown. */
const FAR_MS = 2_000;
/** Where less follows, an element may show the last picture before its target and stay there once the rest has come. */
const PICTURE_S = 0.1;
/**
 * hls.js takes what begins this soon after a target for data of the target, and never loads the piece before it; from
 * this far aside it does.
 */
const ASIDE_MS = 250;
/** The piece before may never come; the first picture of the piece itself is the next best. */
const ASIDE_MOST_MS = 4_000;
/** If hls.js takes the hole for part of its range, the rest never comes. */
const THIN_MS = 1_000;
/**
 * hls.js lets the first picture after an untold jump of the timestamps last for the whole jump; no piece lasts
 * this much longer than the playlist says.
 */
const STRETCHED_MS = 60_000;
/** A seek is stuck once hls.js has loaded nothing for this long although the picture isn't there. */
const STUCK_MS = 3_000;
/** What the playlist lacks is said to be missing once hls.js has loaded nothing for this long. */
const MISSING_MS = 1_000;
/** So far behind missing pieces there is a picture, which may begin a little later than its piece. */
const PAST_GAP_MS = 100;
/** How many times the element is filled anew on the way to one picture, because a seek is stuck or the playlist leads elsewhere. */
const REFILLS = 4;
/** So far before a hole there is a whole picture. */
const LAST_PICTURE_MS = 150;
/** At its very end an element would be over. */
const BEFORE_END_MS = 50;

/** What it needs of hls.js. */
interface Placing {
  readonly levels: { details?: { startSN: number; endSN: number; fragments: HlsFragment[] } }[];
  on(event: any, listener: (...args: any[]) => void): void;
}

/** A failure of hls.js, as far as it is about a piece. */
interface PieceFailure {
  fatal: boolean;
  details: string;
  response?: { code: number };
  frag?: HlsFragment;
}

/** A seek under way: where it leads, and how often it may still be corrected. */
interface Sought {
  positionMs: number;
  corrections: number;
  /** Since when the element has stood where too little data is. */
  thinSinceMs?: number;
  /** Whether the element was put aside, so that the piece before is loaded, and whether it still is. */
  aside?: 'is' | 'was';
  /** When it was put aside. */
  asideAtMs?: number;
  /** Whether the element is being filled anew for it. */
  isRefilled?: boolean;
  /** Whether people were told that what it leads to is missing. */
  isMissing?: boolean;
}

/** Translates between positions in the media and the times of the element, and carries seeks through to their picture. */
export class HlsPosition {
  readonly #video: HTMLVideoElement;
  readonly #loadFromStart: () => void;
  readonly #fail: () => void;
  readonly #timeline = new HlsTimeline();
  /** The durations that the playlist tells, which the adapter stretches to the media's. */
  readonly told = new ToldDurations();
  #hls: Placing | null = null;
  #sought: Sought | null = null;
  /** Whether loading has begun at the first fragment, which nothing lies before. */
  #fromStart = false;
  /** Whether everything was loaded again from the first fragment on because the playlist is far off; done once. */
  #isRefilled = false;
  #refills = REFILLS;
  /** Whether the pieces are fragmented MP4. */
  #isFragmented = false;
  readonly #loading = new HlsLoading();
  /** The end of the media, in the element's time, once its last data is there. */
  #endMs: number | null = null;
  /** The last piece, once it is known to be missing. */
  #lost: HlsFragment | null = null;
  #origin: Measurement['origin'];
  /** The ranges of the element in which one picture stands for a jump of the timestamps, in milliseconds. */
  #stretched: { fromMs: number; untilMs: number }[] = [];
  #toldMs: number | null = null;

  /**
   * `loadFromStart` makes hls.js load everything again, the first fragment first; `fail` says that a position can't be
   * loaded.
   */
  constructor(video: HTMLVideoElement, loadFromStart: () => void, fail: () => void) {
    this.#video = video;
    this.#loadFromStart = loadFromStart;
    this.#fail = fail;
  }

  /** Takes what is known of the media's timestamps. */
  learn(media: Media): void {
    this.#timeline.learn(media.timeline);
    this.told.learn(media);
    this.#toldMs = media.duration_ms ?? null;
  }

  /** The element is filled from `beginS` on, on the way to a position. */
  begin(positionMs: number, beginS: number): void {
    this.#timeline.forget();
    this.#stretched = [];
    this.#endMs = null;
    this.#lost = null;
    this.#fromStart = beginS === 0;
    this.#loading.begin();
    this.#sought = this.#timeline.counts ? { positionMs, corrections: CORRECTIONS } : null;
  }

  /** Keeps up with where hls.js places the media's timestamps. */
  watch(hls: Placing): void {
    this.#hls = hls;
    watchTimestamps(hls, this.#timeline);
    hls.on(TIMESTAMP_EVENTS.BUFFER_APPENDING, (_event, { type, parent, frag }: Appending) => {
      const times = parent === 'main' && frag.elementaryStreams?.[type];
      const told = frag.tagList?.find(([tag]) => tag === 'INF')?.[1];
      if (!times || times.endPTS - times.startPTS - Number(told ?? 0) < STRETCHED_MS / 1000) return;
      this.#stretched.push({ fromMs: times.startPTS * 1000, untilMs: times.endPTS * 1000 });
    });
    hls.on(TIMESTAMP_EVENTS.INIT_PTS_FOUND, (_event, found: InitPts) => this.#found(found));
    this.#loading.watch(hls);
    hls.on(TIMESTAMP_EVENTS.FRAG_BUFFERED, (_event, { frag }: { frag: HlsFragment }) => {
      if (frag.type !== 'main') return;
      this.#isFragmented = !!frag.initSegment;
      if (this.#isLast(frag)) this.#lost = null;
      this.#place(frag);
      this.correct(frag);
    });
    hls.on('hlsError', (_event, { fatal, details, response: { code } = { code: 0 }, frag }: PieceFailure) => {
      const isRefused = code >= 400 && code < 500;
      if (!frag || !details.startsWith('frag') || !this.#isLast(frag)) return;
      if (fatal || isRefused || isMissing(frag)) this.#lost = frag;
    });
    hls.on(TIMESTAMP_EVENTS.BUFFERED_TO_END, () => (this.#endMs = this.#video.duration * 1000));
  }

  /** Returns the position of the picture, or the target of a seek in progress. */
  position(): number {
    return this.#sought?.positionMs ?? this.#timeline.positionAt(this.#atMs());
  }

  /** Whether no seek is in progress. */
  get isSettled(): boolean {
    const now = performance.now();
    if (now - (this.#sought?.thinSinceMs ?? Infinity) > THIN_MS) this.#sought = null;
    const idleMs = now - this.#loading.idleSinceMs;
    // Nothing else would tell that the piece before doesn't come.
    if (this.#sought?.aside === 'is' && !this.#waitsAside(this.#sought)) this.correct();
    if (this.#sought !== null && idleMs > MISSING_MS) this.#stuck(this.#sought, idleMs);
    return this.#sought === null;
  }

  /** Whether the element shows one picture although its time moves, because the timestamps jump. */
  get standsStill(): boolean {
    const atMs = this.#atMs();
    return this.#stretched.some(({ fromMs, untilMs }) => fromMs <= atMs && atMs < untilMs);
  }

  /** Whether the picture is in a discontinuity without an origin, of media whose other positions count timestamps. */
  get isInexact(): boolean {
    return this.#timeline.isToldAt(this.#atMs());
  }

  /** Whether the media is over although the element goes on, because its timestamps jump. */
  get isPastEnd(): boolean {
    return this.#stretched.length > 0 && this.position() >= (this.#toldMs ?? Infinity);
  }

  /** Returns the end of what can be played, or null until it is known. */
  endMs(): number | null {
    // The element would end after the jump, hours later perhaps.
    if (this.#stretched.length > 0) return this.#toldMs;
    return this.#positionOf(this.#readToMs ?? (this.#lost && this.#lost.start * 1000 - LAST_PICTURE_MS));
  }

  measured(): Measurement {
    const durationMs = this.#stretched.length > 0 ? null : this.#positionOf(this.#readToMs);
    return { durationMs: durationMs ?? undefined, origin: this.#origin };
  }

  /** The element's time at the end of the media, once its last data is there. */
  get #readToMs(): number | null {
    return this.#video.ended ? this.#video.duration * 1000 : this.#endMs;
  }

  #positionOf(elementMs: number | null): number | null {
    return elementMs === null ? null : this.#timeline.positionAt(elementMs);
  }

  #isLast(frag: HlsFragment): boolean {
    return frag.type === 'main' && frag.sn === this.#details()?.endSN;
  }

  /** Returns the element's time at a position, in milliseconds, as far as it is known. */
  elementAt(positionMs: number): number {
    return this.#timeline.elementAt(positionMs, (cc) => {
      const first = this.#details()?.fragments.find((frag) => frag.cc === cc);
      return first && first.start * 1000;
    });
  }

  seek(positionMs: number): void {
    if (!this.#timeline.counts) {
      this.#video.currentTime = positionMs / 1000;
      return;
    }
    const elementMs = this.elementAt(positionMs);
    const { ended, duration } = this.#video;
    // It shows the last picture, behind which no seek leads.
    if (ended && elementMs > duration * 1000 - 2 * SEEK_NEAR_MS) return;
    if (elementMs === NO_ROOM_MS || (elementMs < -SEEK_NEAR_MS && !this.#fromStart)) return this.#fill(positionMs);
    if (this.#isElsewhere(positionMs)) return this.#fill(positionMs);
    this.#sought = { positionMs, corrections: CORRECTIONS };
    this.#loading.restart();
    this.#go(elementMs);
  }

  /** Returns the position at which media goes on if the playlist lacks the piece at `positionMs`, else that itself. */
  pastGap(positionMs: number): number {
    const atS = this.elementAt(positionMs) / 1000;
    const next = this.#isGap(atS) && this.#details()?.fragments.find((frag) => frag.start > atS && !isMissing(frag));
    return next ? positionMs + (next.start - atS) * 1000 + PAST_GAP_MS : positionMs;
  }

  /** Puts a seek right once data tells where its target is, and ends it once it is there. */
  correct(frag?: HlsFragment): void {
    const sought = this.#sought;
    const { readyState, seeking, duration } = this.#video;
    if (sought === null || readyState === 0 || !this.#timeline.isFilled) return;
    const isFar = frag && !frag.initSegment && Math.abs(this.#timeline.shiftMs) > FAR_MS;
    if (isFar && !this.#fromStart && !this.#isRefilled) return this.#fill(sought.positionMs);
    if (frag && this.#isElsewhere(sought.positionMs)) return this.#fill(sought.positionMs);
    if (this.#waitsAside(sought) && (seeking || readyState < HAVE_CURRENT_DATA)) return;
    // Until the element knows of more, it goes no further than its end.
    const endMs = duration * 1000 - BEFORE_END_MS || Infinity;
    const soughtMs = this.elementAt(sought.positionMs);
    if (soughtMs === NO_ROOM_MS && !sought.isRefilled) return this.#fill(sought.positionMs);
    const wantedMs = Math.max(0, soughtMs);
    const elementMs = Math.min(wantedMs, endMs);
    if (sought.aside === 'is') {
      sought.aside = 'was';
      this.#go(elementMs);
    } else if (Math.abs(elementMs - this.#atMs()) > SEEK_NEAR_MS && sought.corrections > 0) {
      // Each step towards the end tells of more.
      if (elementMs === wantedMs) sought.corrections -= 1;
      this.#go(elementMs);
    } else if (!seeking && readyState >= HAVE_CURRENT_DATA) {
      if (!sought.aside && this.#isInHole()) {
        [sought.aside, sought.asideAtMs] = ['is', performance.now()];
        return this.#go(elementMs - ASIDE_MS);
      }
      const { thinSinceMs } = sought;
      sought.thinSinceMs = this.#hasPicture() ? undefined : (thinSinceMs ?? performance.now());
      if (sought.thinSinceMs !== undefined) return;
      if (thinSinceMs === undefined) [this.#sought, this.#refills] = [null, REFILLS];
      else this.#go(elementMs);
    }
  }

  /**
   * Whether the element shows what begins only after its position. A range of fragmented MP4 begins with its sound and the
   * decoding of its first picture, which may be shown only later.
   */
  #isInHole(): boolean {
    const { buffered, currentTime } = this.#video;
    const asideS = ASIDE_MS / 1000;
    const mayBeginLaterS = this.#isFragmented ? asideS : 0;
    let isBefore = false;
    for (let part = 0; part < buffered.length; part += 1) {
      const [startS, endS] = [buffered.start(part), buffered.end(part)];
      if (startS + mayBeginLaterS <= currentTime && currentTime < endS) return false;
      isBefore ||= currentTime < startS + mayBeginLaterS && startS - currentTime < asideS && currentTime < endS;
    }
    return isBefore && currentTime > asideS && !this.#isGap(currentTime - asideS);
  }

  #waitsAside({ aside, asideAtMs = 0 }: Sought): boolean {
    return aside === 'is' && performance.now() - asideAtMs < ASIDE_MOST_MS;
  }

  /** Whether the data goes on far enough for the right picture. */
  #hasPicture(): boolean {
    const { buffered, currentTime, duration } = this.#video;
    const untilS = Math.min(currentTime + PICTURE_S, duration - PICTURE_S || Infinity);
    // At the very start, sound and picture may begin one after the other.
    const fromS = Math.max(currentTime, ASIDE_MS / 1000);
    for (let part = 0; part < buffered.length; part += 1) {
      if (buffered.start(part) <= fromS && untilS <= buffered.end(part)) return true;
    }
    return false;
  }

  #found({ frag, initPTS, timescale }: InitPts): void {
    const isFirst = frag.sn === this.#details()?.startSN;
    // The server reads all others; what isn't encrypted and has no origin has no timestamps, and hls.js made these up.
    if (!isFirst || !frag.encrypted || !Number.isSafeInteger(initPTS)) return;
    this.#origin = { discontinuity: frag.cc, start_ms: 0, timestamp: initPTS, timescale };
  }

  /** Notes where a fragment lies in the media. */
  #place(frag: HlsFragment): void {
    const { video, audiovideo, audio } = frag.elementaryStreams ?? {};
    const times = video ?? audiovideo ?? audio;
    if (!times || !this.#timeline.counts) return;
    const [fromMs, untilMs] = [times.startPTS * 1000, times.endPTS * 1000];
    const middleMs = (fromMs + untilMs) / 2;
    const shiftMs = this.#timeline.positionAt(middleMs) - middleMs;
    this.told.found(frag, fromMs + shiftMs, untilMs + shiftMs);
  }

  /** Whether hls.js has nothing of a position, and would look for it far away; counts how often that is put right. */
  #isElsewhere(positionMs: number): boolean {
    const isElsewhere = this.#timeline.within(positionMs) === undefined && this.told.isWrongAt(positionMs);
    return isElsewhere && this.#refills-- > 0;
  }

  /**
   * hls.js takes what it has for the target of the seek, and loads no more: the element is filled anew, or that fails.
   * Refilling doesn't help if the playlist itself lacks the piece.
   */
  #stuck(sought: Sought, idleMs: number): void {
    const { seeking, readyState } = this.#video;
    if (sought.isMissing || (!seeking && readyState >= HAVE_CURRENT_DATA)) return;
    sought.isMissing = this.#isGap(this.elementAt(sought.positionMs) / 1000);
    if (sought.isMissing) return this.#fail();
    if (idleMs <= STUCK_MS) return;
    if (this.#refills-- > 0) return this.#fill(sought.positionMs);
    this.#loading.begin();
    this.#fail();
  }

  /** Whether the playlist has nothing at a time of the element. */
  #isGap(elementS: number): boolean {
    const there = ({ start, duration }: HlsFragment) => start <= elementS && elementS < start + duration;
    const frag = this.#details()?.fragments.find(there);
    return frag !== undefined && isMissing(frag);
  }

  /** Fills the element anew, the first fragment first: hls.js can't place what lies before the element's time 0. */
  #fill(positionMs: number): void {
    this.#isRefilled = true;
    this.begin(positionMs, 0);
    this.#sought!.isRefilled = true;
    this.#loadFromStart();
  }

  #go(elementMs: number): void {
    this.#video.currentTime = Math.max(0, (elementMs + INTO_FRAME_MS) / 1000);
  }

  #atMs(): number {
    const intoMs = this.#timeline.counts ? INTO_FRAME_MS : 0;
    return this.#video.currentTime * 1000 - intoMs;
  }

  #details() {
    return this.#hls?.levels.find(({ details }) => details)?.details;
  }
}
