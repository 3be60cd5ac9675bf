// Finds out where a file really ends if its header says otherwise, and stands on its last picture there; fetched while a file loads.

import { lengthOf } from '../expected.js';
import type { Media } from '../wire.js';
import type { Expected, Measurement, PlayerAdapter } from './adapter.js';
import type { ElementAdapter } from './element.js';
import { PART_UNREACHABLE } from './failures.js';
import { ShownPicture } from './shown-picture.js';

/** An adapter that tells what it has measured. */
type Player = ElementAdapter & Required<Pick<PlayerAdapter, 'measured'>>;
/** What an adapter does by itself. */
type Own = Pick<Player, 'seek' | 'position' | 'duration' | 'ended' | 'ready' | 'measured'>;

/** At the very end there is no picture, but there is one this long before it; lengths are rounded to a millisecond. */
const LAST_MS = 0.9;
/** An element that ends this much before the end that it reports, or this long after its last picture, has nothing more. */
const EARLY_MS = 1_000;
/** A player that looks less often than this, as in a page that nobody sees, … */
const SELDOM_MS = 250;
/** … knows to within this where playback has ended. */
const PLAYED_MS = 60;
/** A length is right to within this. */
const STATED_MS = 250;
/** Elements decode up to this long before they show a picture: the file is sure to be whole until then. */
const BROKEN_MS = 500;
/** A file ends where it seemed to if nothing is found at a position less than this much later. */
const NOTHING_MOST_MS = 60_000;
/** A seek that misses by less has reached its target. */
const NEAR_MS = 1;
/** Playback that continues this far past an end that was found withdraws it. */
const PAST_MS = 100;
/** If the room is this far past that end, the room's film is longer. */
const CUT_SHORT_MS = 5_000;
/** An element that doesn't read on for so long won't reach the target of a seek. */
const STUCK_MS = 3_000;
/** The browser may report a picture this long after the end of the seek to it. */
const SHOWN_MS = 250;

/** Lets `player`, which was last sought to a position, notice where its file ends. `expected` is the argument of its `load`. */
export function watchEnd(player: Player, soughtMs: number, expected: Expected): void {
  if (player.over.aborted) return;
  const own: Own = {
    seek: player.seek.bind(player),
    position: player.position.bind(player),
    duration: player.duration.bind(player),
    ended: player.ended.bind(player),
    ready: player.ready.bind(player),
    measured: player.measured.bind(player),
  };
  const end = new FileEnd(player, own, expected);
  const moves: Partial<PlayerAdapter> = {
    seek: (positionMs) => end.seek(positionMs),
    position: () => end.position(),
    duration: () => end.duration(),
    ended: () => end.ended(),
    ready: () => own.ready() && !end.isElsewhere(),
    measured: () => end.measured(),
    learn: (media) => end.learn(media),
  };
  Object.assign(player, moves);
  end.begin(soughtMs);
}

class FileEnd {
  readonly #player: Player;
  readonly #own: Own;
  readonly #expected: Expected;
  readonly #video: HTMLVideoElement;
  /** Where the file was found to end. */
  #endMs: number | undefined;
  /** Where it has seemed to end, and how often: a connection may break off like a file, so one time says little. */
  #seemsMs = NaN;
  #seemed = 0;
  /** The target of a seek that the element falls short of, since it believes that the file ends before, … */
  #wantedMs: number | null = null;
  /** … and where it believed so at the last try, and when that was, or when data last arrived. */
  #believedMs = NaN;
  #believedAtMs = 0;
  /** How far it has played since the last seek, and when, by the clock of the page and by that of the device. */
  #playedMs = NaN;
  #playedAtMs = 0;
  #playedOnMs = 0;
  /** Whether it may have played since the last seek, seen or not. */
  #mayHavePlayed = false;
  readonly #picture: ShownPicture;
  /** The target of the last seek. A seek to the same one shows no other picture. */
  #soughtMs = NaN;
  /** Whether it has been put on its last picture since it played, or was sought elsewhere. */
  #hasRested = false;
  /** Since when it has stood where nothing is, which is said once. */
  #beyondSinceMs: number | undefined;
  #isSaid = false;

  constructor(player: Player, own: Own, expected: Expected) {
    this.#player = player;
    this.#own = own;
    this.#expected = expected;
    this.#video = player.video;
    const heard = {
      play: () => (this.#mayHavePlayed = true),
      seeking: () => this.#leaves(),
      seeked: () => this.#goOn(),
      durationchange: () => this.#goOn(),
      // Firefox tells of the end of a seek before it has ended.
      ended: () => {
        this.#goOn();
        this.#rest();
      },
      error: () => this.#breaks(),
      emptied: () => this.#forget(),
    };
    for (const [type, listener] of Object.entries(heard)) this.#video.addEventListener(type, listener, { signal: player.over });
    this.#picture = new ShownPicture(player, (shownMs) => {
      this.#goesOn(shownMs);
      return !this.#mayHavePlayed && Math.abs(shownMs - this.#soughtMs) < EARLY_MS ? 'sought' : 'other';
    });
  }

  /** Does what it would have done if it had been there from the beginning. */
  begin(soughtMs: number): void {
    if (this.#video.paused && this.#own.position() < soughtMs - NEAR_MS) this.seek(soughtMs);
    this.#rest();
  }

  seek(positionMs: number): void {
    const { media } = this.#player;
    const endMs = lengthOf(media) ?? this.#endMs ?? Infinity;
    const statedMs = media?.duration_ms ?? NaN;
    let toMs = Math.min(positionMs, endMs - LAST_MS);
    // A room passes a stated end by the time that the report of it takes.
    if (toMs > statedMs - LAST_MS && toMs < statedMs + STATED_MS) toMs = statedMs - LAST_MS;
    const reachMs = this.#reachOf(toMs);
    this.#believes();
    // Chromium takes an element that has ended, if it is sought to where it is, to the end that it tells, for good.
    const isThere = this.ended() && Math.abs(this.#own.position() - reachMs) < LAST_MS / 2;
    if (!isThere) {
      this.#hasRested = false;
      this.#own.seek(toMs);
    }
    this.#wantedMs = this.#believedMs < reachMs && this.#own.position() < reachMs - NEAR_MS ? toMs : null;
  }

  position(): number {
    this.#goOn();
    if (this.#wantedMs !== null) return this.#wantedMs;
    const { paused, ended, seeking } = this.#video;
    if (this.#own.ended()) this.#noticeEnd();
    else if (!paused && !ended && !seeking) this.#plays();
    return this.#own.position();
  }

  duration(): number {
    const ownMs = this.#own.duration();
    const knownMs = lengthOf(this.#player.media);
    // As long as it reads on, an element may believe less.
    if (knownMs != null) return ownMs < knownMs && !this.#own.ended() ? knownMs : ownMs;
    // Where nothing is, the file has ended before.
    return this.#endMs ?? (this.#isBeyond() ? this.#beyondMs() : ownMs);
  }

  /** On its last picture an element that has ended no longer says so; but it has nothing more to play. */
  ended(): boolean {
    if (this.#own.ended()) return true;
    const endMs = this.#restingEndMs();
    const isResting = this.#hasRested && this.#video.paused && !this.#video.error;
    return isResting && Math.abs(this.#own.position() - (endMs - LAST_MS)) < NEAR_MS;
  }

  measured(): Measurement {
    if (this.#endMs !== undefined) return { durationMs: this.#endMs };
    // Whether sound is there shows only where it has played.
    const isHeard = this.#hasPicture() || this.#atMs() - this.#playedMs < EARLY_MS;
    return isHeard && Number.isNaN(this.#seemsMs) && !this.#isBeyond() ? this.#own.measured() : {};
  }

  learn(media: Media): void {
    this.#player.media = media;
    const endMs = lengthOf(media);
    if (endMs != null && this.#wantedMs !== null) {
      this.#wantedMs = Math.min(this.#wantedMs, endMs - LAST_MS);
      this.#goOn();
    }
    this.#rest();
  }

  /** Whether it isn't where it was sought, or where the room is. */
  isElsewhere(): boolean {
    return this.#wantedMs !== null || this.#isBeyond() || this.#isCutShort();
  }

  /** Whether the room is far past the end that was found: its film goes on there. */
  #isCutShort(): boolean {
    return !this.#isKnown() && this.#endMs !== undefined && this.#expected(0) > this.#endMs + CUT_SHORT_MS;
  }

  /** The position of the element itself, also while it is on its way elsewhere. */
  #atMs(): number {
    return this.#video.currentTime * 1000 - this.#player.originMs;
  }

  /** The length that the element reports. */
  #toldMs(): number {
    return this.#video.duration * 1000 - this.#player.originMs;
  }

  /** Whether the room knows the length for certain. */
  #isKnown(): boolean {
    return lengthOf(this.#player.media) != null;
  }

  #hasPicture(): boolean {
    return this.#video.videoWidth > 0;
  }

  /** Where a seek leads. Players differ a little about the end; one that is nearly right goes no further than its own. */
  #reachOf(toMs: number): number {
    const toldMs = this.#toldMs();
    const isRight = toldMs > (lengthOf(this.#player.media) ?? Infinity) - STATED_MS;
    return isRight ? Math.min(toMs, toldMs) : toMs;
  }

  /** Whether the element stands where the file has nothing: it shows some picture or none, and calls that its end. */
  #isBeyond(): boolean {
    if (this.#isKnown() || this.#endMs !== undefined || !this.#own.ended()) return false;
    const atMs = this.#atMs();
    if (atMs - this.#playedMs < EARLY_MS) return false;
    if (this.#hasJumped()) return true;
    const isEarly = this.#isEarly();
    if (!this.#hasPicture()) return isEarly;
    // Where nobody tells of pictures, an end that isn't the one that was told is enough.
    if (isEarly) return !(atMs - this.#picture.atMs <= EARLY_MS);
    // The last picture may stand still for long. A length that nobody has stated is the element's guess.
    return this.#player.media?.duration_ms == null && this.#picture.atMs === -Infinity;
  }

  /** Whether it calls something an end that isn't the one that it tells. */
  #isEarly(): boolean {
    return this.#toldMs() - this.#atMs() > EARLY_MS;
  }

  /** Whether it has gone to the end that it tells from where it was sought, without playing. */
  #hasJumped(): boolean {
    return !this.#mayHavePlayed && this.#atMs() - this.#soughtMs > EARLY_MS;
  }

  /** Where nothing is. */
  #beyondMs(): number {
    return this.#hasJumped() ? this.#soughtMs : this.#own.position();
  }

  /** The end before which it stands: the one that is known, or else the one that is stated, if it is there. */
  #restingEndMs(): number {
    const { media } = this.#player;
    const statedMs = media?.duration_ms ?? NaN;
    const isAsStated = Math.abs(this.#own.position() - statedMs) < STATED_MS;
    return lengthOf(media) ?? (isAsStated ? statedMs : NaN);
  }

  /** Shows the last picture: where playback ends, some elements show the one before. Others end again there, so it tries once. */
  #rest(): void {
    const endMs = this.#restingEndMs();
    if (this.#hasRested || !this.#own.ended() || !(this.#own.position() > endMs - STATED_MS)) return;
    this.seek(endMs);
    this.#hasRested = true;
  }

  /** Seeks on: as far as an element has read, it knows that there is more. */
  #goOn(): void {
    if (this.#wantedMs === null || this.#video.seeking) return;
    if (this.#own.position() >= this.#reachOf(this.#wantedMs) - NEAR_MS) {
      this.#wantedMs = null;
    } else if (this.#toldMs() > this.#believedMs) {
      this.#believes();
      this.#own.seek(this.#wantedMs);
    } else if (this.#video.ended || this.#isStuck()) {
      // It has read all.
      this.#wantedMs = null;
    }
  }

  #believes(): void {
    this.#believedMs = this.#toldMs();
    this.#believedAtMs = performance.now();
  }

  /** Whether it has read nothing for a while. */
  #isStuck(): boolean {
    if (this.#player.arriving()) this.#believedAtMs = performance.now();
    return performance.now() - this.#believedAtMs > STUCK_MS;
  }

  #plays(): void {
    const atMs = this.#atMs();
    this.#playedMs = atMs;
    this.#playedAtMs = performance.now();
    this.#playedOnMs = Date.now();
    this.#mayHavePlayed = true;
    this.#hasRested = false;
    this.#goesOn(atMs);
  }

  /** Withdraws an end past which there is more. */
  #goesOn(atMs: number): void {
    if (atMs > this.#seemsMs + EARLY_MS) this.#seemsMs = NaN;
    if (this.#endMs !== undefined && atMs > this.#endMs + PAST_MS) this.#endMs = undefined;
  }

  /** Looks at what the element calls an end. Some tell of it later than of the end of the seek to there. */
  #noticeEnd(): void {
    if (this.#isCutShort()) return this.#say();
    if (this.#isKnown() || this.#endMs !== undefined) return;
    this.#noticePlayed();
    // It has ended there again.
    if (this.#isEarly() && Math.abs(this.#atMs() - this.#seemsMs) < EARLY_MS) this.#endsAt(this.#seemsMs);
    if (!this.#isBeyond()) {
      this.#beyondSinceMs = undefined;
      return;
    }
    const sinceMs = this.#beyondMs() - this.#seemsMs;
    // That there is no picture at the end that is told says too little to end the film elsewhere.
    const isSure = this.#seemed > 1 || this.#isEarly() || this.#hasJumped();
    this.#beyondSinceMs ??= performance.now();
    if (isSure && sinceMs > -EARLY_MS && sinceMs < NOTHING_MOST_MS) {
      this.#endsAt(this.#seemsMs);
    } else if (performance.now() - this.#beyondSinceMs >= SHOWN_MS) this.#say();
  }

  /** Says once that a part is missing. */
  #say(): void {
    if (this.#isSaid) return;
    this.#isSaid = true;
    // The caller is in the middle of reading the position, so this is emitted afterwards.
    queueMicrotask(() => this.#player.over.aborted || this.#player.emit(PART_UNREACHABLE));
  }

  /** Playback that can't go on ends like any other, but at the end that was told, which the element takes for reached. */
  #noticePlayed(): void {
    const atMs = this.#atMs();
    const sinceMs = performance.now() - this.#playedAtMs;
    const playedMs = this.#playedMs + sinceMs * this.#video.playbackRate;
    if (Number.isNaN(playedMs)) return;
    // The clock of a page may stand still while the device sleeps, or plays the film on another screen.
    const hasSlept = Math.abs(Date.now() - this.#playedOnMs - sinceMs) > EARLY_MS;
    if (hasSlept || atMs - playedMs < EARLY_MS) {
      this.#playedMs = atMs;
      return;
    }
    const statedMs = this.#player.media?.duration_ms ?? NaN;
    const seenMs = sinceMs < SELDOM_MS ? this.#playedMs : playedMs - PLAYED_MS;
    // The element may tell more than what it presents, as by an edit list.
    if (Math.abs(playedMs - statedMs) < STATED_MS) this.#endsAt(statedMs);
    else if (this.#seems(seenMs) > 1) this.#endsAt(seenMs);
    else this.#loadAgain();
  }

  /** Notes where the file ends, in whole milliseconds as the room will: its last picture must not move once the room knows. */
  #endsAt(atMs: number): void {
    this.#endMs = Math.round(atMs);
  }

  /** Notes where the file seems to end; returns how often it has seemed so. */
  #seems(atMs: number): number {
    this.#seemed = Math.abs(atMs - this.#seemsMs) < EARLY_MS ? this.#seemed + 1 : 1;
    this.#seemsMs = atMs;
    return this.#seemed;
  }

  /** Loads the file once more, to see whether it ends again where it seemed to. */
  #loadAgain(): void {
    this.#forget();
    this.#video.load();
    this.#own.seek(Math.max(0, this.#seemsMs - EARLY_MS));
  }

  /** Notes where data can't be decoded. By now it may be on its way elsewhere. */
  #breaks(): void {
    if (this.#video.error?.code !== 3) return void (this.#seemsMs = NaN);
    const atMs = this.#playedMs > 0 ? this.#playedMs : this.#own.position();
    this.#seems(Math.max(0, atMs - BROKEN_MS));
  }

  #leaves(): void {
    const soughtMs = this.#own.position();
    this.#playedMs = NaN;
    this.#mayHavePlayed = !this.#video.paused;
    this.#beyondSinceMs = undefined;
    this.#isSaid = false;
    if (Math.abs(soughtMs - this.#soughtMs) < NEAR_MS) return;
    this.#soughtMs = soughtMs;
    this.#picture.leaves();
  }

  /** Forgets what was loaded before. */
  #forget(): void {
    this.#playedMs = NaN;
    this.#soughtMs = NaN;
    this.#picture.forget();
  }
}
