import { median } from '../number.js';
import { type Cause, type Course } from './course.js';
import { Leads, type SeekKind } from './leads.js';
import { aheadOfAnchor, driftOf, targetAt, type ControllerInputs, type Moment } from './moment.js';
import { PROFILES } from './profile.js';
import { passesAt } from './timeline.js';
import {
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
  START_TIMEOUT_MS,
  START_TRIES,
  URGE_MS,
  WAITED_MS,
  WAIT_MS,
} from './tuning.js';


/** Starts a player on the room's timeline: seeks ahead, waits for data, plays as the room passes by, and learns. */
export class Start {
  readonly leads: Leads;
  readonly #course: Course;
  #tries = 0;
  /** Whether the last start was on time, so that its error teaches the lead. */
  #onTime = false;
  #startedAtMs = 0;
  #startedFromMs = 0;
  #playedAtMs = -Infinity;
  /** Where the last seek should have led. */
  #soughtMs = 0;
  #seekKind: SeekKind = 'loading';
  #tookMs = 0;
  /** How much later than learned the next try is planned. */
  #laterMs = 0;
  /** When the wait for data began, however often they were requested. */
  #waitingSinceMs = 0;
  #askAgainMs = ASK_AGAIN_MS;
  /** Whether `play` was called to make the player load. */
  #urged = false;

  constructor(course: Course, playLeadMs: number) {
    this.#course = course;
    this.leads = new Leads(playLeadMs);
  }

  /** The room changed: earlier tries say nothing. */
  forget(): void {
    this.#tries = 0;
    this.#laterMs = 0;
  }

  /** Whether data have been missing for longer than a quick start takes. */
  lacksData({ localMs, player }: ControllerInputs): boolean {
    return this.#course.phase === 'priming' && !player.ready && localMs - this.#waitingSinceMs > WAITED_MS;
  }

  /**
   * Makes a new start: stands where the room will be, loads, and plays at the instant the room passes by. Returns false
   * where the guard refuses one, and the player goes on from where it is.
   */
  align(now: Moment, cause: Cause): boolean {
    const { player } = now;
    const course = this.#course;
    this.#awaitData(now);
    if (player.paused && player.ready && !player.ended && this.#passesSoon(now, WAIT_MS)) {
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
    // Where the player can tell that data were missing, a long wait was theirs and not the player's.
    const waited = player.loaded && this.#seekKind !== 'loaded' && localMs - this.#waitingSinceMs > WAITED_MS;
    if (!waited) this.leads.learnSeek(this.#seekKind, this.#tookMs, player.positionMs - this.#soughtMs);
    this.#course.enter('armed', now);
    this.#startOnTime(now);
  }

  /** Waits, ready, for the room to pass by. */
  arm(now: Moment): void {
    this.#course.pause(now);
    if (!this.#isMisplaced(now)) this.#startOnTime(now);
  }

  /** The data ran out while playing: waits for more, at the room's rate. */
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

  /** Returns true once the start is over, and learns from it. */
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
    if (Math.abs(driftMs) <= PROFILES[now.profile].alignMs) this.#tries = 0;
    this.#laterMs = 0;
    course.drifts = [driftMs];
    return true;
  }

  /** Begins a wait for data. */
  #awaitData(now: Moment): void {
    this.#waitingSinceMs = now.localMs;
    this.#askAgainMs = Math.max(ASK_AGAIN_MS, ASK_AGAIN_TIMES * this.leads.planMs('loading'));
  }

  /** Data that stopped arriving are requested further on: where the player is, the room passed long ago. */
  #askAgain(now: Moment): void {
    const { arriving, loaded, positionMs } = now.player;
    if (arriving !== false || now.hidden || now.localMs - this.#course.sinceMs < this.#askAgainMs) return;
    // A slow device still has to decode what is there.
    if (loaded?.(positionMs)) return;
    this.#askAgainMs = Math.min(2 * this.#askAgainMs, ASK_AGAIN_MOST_MS);
    // Nobody knows when they arrive; if it is after the room has passed, a short way further is quickly gone.
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
    // What a player is loading from goes on to what comes soon.
    return ready && soonMs > positionMs && soonMs - positionMs < COMING_MS ? 'coming' : 'loading';
  }

  /** Starts anew where a command made this the wrong place to start from; else sets the room's rate. */
  #isMisplaced(now: Moment): boolean {
    const misplaced = now.changed && !this.#canStartHere(now);
    if (misplaced) this.align(now, 'agreed');
    else this.#course.setRate(now, now.timeline.rate);
    return misplaced;
  }

  /** Some browsers load nothing before `play`, or say only then that they want a gesture. */
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
    if (lateMs > LATE_MS && this.#tries < START_TRIES && this.#tryAgain(now)) return;
    this.#onTime = lateMs <= ON_TIME_MS;
    this.#start(now);
  }

  /** A start that is too late or too far off is planned anew; one that stays too far off, seldom. */
  #tryAgain(now: Moment): boolean {
    if (this.#tries < START_TRIES) this.#tries += 1;
    else if (!this.#course.guard.own(now.localMs, 'stuck')) return false;
    // A wait for data says nothing about a seek to what is there now.
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
