// Starts a player on the room's timeline.

import { median } from '../number.js';
import { type Cause, type Course } from './course.js';
import { Leads, type SeekKind } from './leads.js';
import { aheadOfAnchor, driftOf, targetAt, type ControllerInputs, type Moment } from './moment.js';
import { passesAt } from './timeline.js';
import {
  ALIGN_MS,
  ASK_AGAIN_MOST_MS,
  ASK_AGAIN_MS,
  ASK_AGAIN_TIMES,
  COMING_MS,
  LATER_MAX_MS,
  LATE_MS,
  MOVED_MS,
  NOW_MS,
  ON_TIME_MS,
  PLAN_FAR_MS,
  PLAY_AGAIN_MS,
  RATE_STEP,
  RETRY_MS,
  SETTLE_FROM_MS,
  SETTLE_LOOK_MS,
  SETTLE_UNTIL_MS,
  SLOW_MS,
  START_TIMEOUT_MS,
  START_TRIES,
  URGE_MS,
  WAITED_MS,
  WAIT_MS,
} from './tuning.js';


/** Seeks ahead, waits for data, plays at the instant the room passes by, and learns from the result. */
export class Start {
  readonly leads: Leads;
  readonly #course: Course;
  #tries = 0;
  /** Whether the last start was on time, so that its error teaches the lead. */
  #onTime = false;
  #startedAtMs = 0;
  #startedFromMs = 0;
  #playedAtMs = -Infinity;
  /** The target of the last seek. */
  #soughtMs = 0;
  #seekKind: SeekKind = 'loading';
  #tookMs = 0;
  /** How much later than the learned lead the next try is planned. */
  #laterMs = 0;
  /** When the wait for data began, however often the data was requested. */
  #waitingSinceMs = 0;
  #askAgainMs = ASK_AGAIN_MS;
  /** Whether `play` was called to make the player load. */
  #urged = false;

  constructor(course: Course, playLeadMs: number) {
    this.#course = course;
    this.leads = new Leads(playLeadMs);
  }

  /** Forgets earlier tries, because the room changed. */
  forget(): void {
    this.#tries = 0;
    this.#laterMs = 0;
  }

  /** Whether data has been missing for longer than a quick start takes. */
  lacksData({ localMs, player }: ControllerInputs): boolean {
    return this.#course.phase === 'priming' && !player.ready && localMs - this.#waitingSinceMs > WAITED_MS;
  }

  /**
   * Starts anew: seeks to where the room will be, loads, and plays at the instant the room passes by. Returns false if
   * the guard refuses; the player then continues from where it is.
   */
  align(now: Moment, cause: Cause): boolean {
    const { player } = now;
    const course = this.#course;
    this.#awaitData(now);
    if (player.paused && player.ready && !player.ended && this.#passesSoon(now, WAIT_MS)) {
      course.setRate(now, now.timeline.rate);
      course.enter('armed', now);
      this.#startOnTime(now);
      return true;
    }
    if (cause === 'foreign' && !course.guard.foreign(now.localMs)) {
      course.enter('following', now);
      if (player.paused) this.play(now);
      return false;
    }
    course.setRate(now, now.timeline.rate);
    course.pause(now);
    this.#seekAhead(now);
    return true;
  }

  /** Waits after a seek until the player is ready. */
  prime(now: Moment): void {
    const { localMs, player } = now;
    if (player.ready || !this.#urged) this.#course.pause(now);
    if (this.#isMisplaced(now)) return;
    if (!player.ready) {
      this.#urge(now);
      this.#askAgain(now);
      return;
    }
    this.#tookMs = localMs - this.#course.sinceMs;
    // If the player knows that data was missing, a long wait says nothing about the player.
    const waited = player.loaded && this.#seekKind !== 'loaded' && localMs - this.#waitingSinceMs > WAITED_MS;
    if (!waited) this.leads.learnSeek(this.#seekKind, this.#tookMs, player.positionMs - this.#soughtMs);
    this.#course.enter('armed', now);
    this.#startOnTime(now);
  }

  /** Waits, ready to play, for the room to pass by. */
  arm(now: Moment): void {
    this.#course.pause(now);
    if (!this.#isMisplaced(now)) this.#startOnTime(now);
  }

  /** Waits for more data, at the room's rate, after playback ran out of it. */
  starve(now: Moment): void {
    const course = this.#course;
    if (course.phase !== 'starved') this.#awaitData(now);
    course.enter('starved', now);
    course.setRate(now, now.timeline.rate);
    this.#askAgain(now);
  }

  /** Plays from where the player is, at most twice a second. */
  play(now: Moment): void {
    if (now.localMs - this.#playedAtMs < PLAY_AGAIN_MS) return;
    this.#playedAtMs = now.localMs;
    this.#onTime = false;
    this.#start(now);
  }

  /** Returns true once the start is over, having learned from it. */
  settle(now: Moment): boolean {
    const { player, timeline } = now;
    const course = this.#course;
    const sinceMs = now.localMs - this.#startedAtMs;
    const moved = Math.abs(player.positionMs - this.#startedFromMs) > MOVED_MS || sinceMs > START_TIMEOUT_MS;
    if (sinceMs < SETTLE_FROM_MS || !moved) return false;
    course.drifts.push(driftOf(now));
    course.wakeAtMs = now.localMs + SETTLE_LOOK_MS;
    if (sinceMs < SETTLE_UNTIL_MS) return false;
    const driftMs = median(course.drifts);
    const isAtRate = Math.abs(player.rate - timeline.rate) < RATE_STEP;
    if (this.#onTime && isAtRate) this.leads.learnStart(driftMs / timeline.rate);
    if (Math.abs(driftMs) <= ALIGN_MS[now.profile]) this.#tries = 0;
    this.#laterMs = 0;
    course.drifts = [driftMs];
    return true;
  }

  /** Begins a wait for data. */
  #awaitData(now: Moment): void {
    this.#waitingSinceMs = now.localMs;
    this.#askAgainMs = Math.max(ASK_AGAIN_MS, ASK_AGAIN_TIMES * this.leads.planMs('loading'));
  }

  /** Requests data that stopped arriving further ahead: the room passed the player's position long ago. */
  #askAgain(now: Moment): void {
    const { arriving, loaded, positionMs } = now.player;
    if (arriving !== false || now.hidden || now.localMs - this.#course.sinceMs < this.#askAgainMs) return;
    // A slow device still has to decode what is there.
    if (loaded?.(positionMs)) return;
    this.#askAgainMs = Math.min(2 * this.#askAgainMs, ASK_AGAIN_MOST_MS);
    // Nobody knows when it arrives; if the room has passed by then, it is at least not far ahead.
    this.#seekAhead(now, 'coming');
  }

  /** Seeks to where the room will be once the player is there; `plan` says how long that takes. */
  #seekAhead(now: Moment, plan?: SeekKind): void {
    this.#seekKind = this.#kindOfSeek(now);
    this.#soughtMs = targetAt(now, now.localMs + this.leads.planMs(plan ?? this.#seekKind) + this.#laterMs);
    this.#course.act({ type: 'seek', positionMs: this.#soughtMs });
    this.#course.enter('priming', now, true);
  }

  #kindOfSeek(now: Moment): SeekKind {
    const { loaded, ready, positionMs } = now.player;
    if (!loaded) return 'loading';
    const soonMs = targetAt(now, now.localMs + this.leads.planMs('loaded'));
    if (loaded(soonMs)) return 'loaded';
    // What the player is loading now continues to what it needs next.
    return ready && soonMs > positionMs && soonMs - positionMs < COMING_MS ? 'coming' : 'loading';
  }

  /** Starts anew if a command made this the wrong place to start from; otherwise sets the room's rate. */
  #isMisplaced(now: Moment): boolean {
    const misplaced = now.changed && !this.#canStartHere(now);
    if (misplaced) this.align(now, 'agreed');
    else this.#course.setRate(now, now.timeline.rate);
    return misplaced;
  }

  /** Calls `play` for browsers that load nothing before it, or only then report that they require a gesture. */
  #urge(now: Moment): void {
    if (this.#urged || now.hidden || now.localMs - this.#waitingSinceMs < URGE_MS) return;
    this.#urged = true;
    this.#course.act({ type: 'play' });
  }

  #startOnTime(now: Moment): void {
    const startAtMs = this.#startAtMs(now);
    const lateMs = now.localMs - startAtMs;
    if (lateMs < -NOW_MS) {
      if (this.#canStartHere(now) || !this.#tryAgain(now)) this.#course.wakeAtMs = startAtMs;
      return;
    }
    if (!now.player.ready) return;
    // The timers of a page that is neither seen nor heard are slow: it would be late each time, for nobody.
    if (now.hidden && Math.min(lateMs, this.#course.stepMs) > SLOW_MS) return this.#course.enter('suspended', now);
    if (lateMs > LATE_MS && this.#tries < START_TRIES && this.#tryAgain(now)) return;
    this.#onTime = lateMs <= ON_TIME_MS;
    this.#start(now);
  }

  /** Plans a start that is too late or too far off anew; one that stays too far off, only rarely. */
  #tryAgain(now: Moment): boolean {
    if (this.#tries < START_TRIES) this.#tries += 1;
    else if (!this.#course.guard.own(now.localMs, 'stuck')) return false;
    // A wait for data says nothing about a seek to data that is there now.
    const waited = this.#seekKind === 'loading' && now.player.loaded;
    this.#laterMs = waited || this.#tookMs > WAITED_MS ? 0 : Math.min(this.#laterMs + RETRY_MS, LATER_MAX_MS);
    this.align(now, 'agreed');
    return true;
  }

  #start(now: Moment): void {
    this.#startedAtMs = now.localMs + this.leads.playMs;
    this.#startedFromMs = now.player.positionMs;
    this.#course.enter('settling', now, true);
    this.#course.act({ type: 'play' });
  }

  #canStartHere(now: Moment): boolean {
    return this.#passesSoon(now, this.leads.spreadMs + PLAN_FAR_MS);
  }

  /** Whether the room passes the player's position at most `mostMs` later than a seek would take. */
  #passesSoon(now: Moment, mostMs: number): boolean {
    const waitMs = this.#startAtMs(now) - now.localMs;
    return waitMs >= -LATE_MS && waitMs <= this.leads.planMs('loading') + mostMs + aheadOfAnchor(now);
  }

  /** Returns the local instant for `play`, so that the media moves when the room passes the player's position. */
  #startAtMs(now: Moment): number {
    return passesAt(now.timeline, now.player.positionMs) - now.offsetMs - this.leads.playMs;
  }
}
