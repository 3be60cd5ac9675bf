import { median } from '../number.js';
import { AlignGuard } from './align-guard.js';
import { Correction, type Pacing } from './correction.js';
import { Leads, type SeekKind } from './leads.js';
import { aheadOfAnchor, endOf, isOver, isRoomOver, rateFor, targetAt, type ControllerInputs, type Moment } from './moment.js';
import { PROFILES } from './profile.js';
import { Standing } from './standing.js';
import { isOtherLine, passesAt, type Timeline } from './timeline.js';

/** A command, and a stall, make a new start from here on: playback was interrupted anyway. */
const COMMAND_ALIGN_MS = 150;
const STARVED_ALIGN_MS = 40;
/** A paused player waits for the room to come by, unless it stands this much further ahead than a seek would put it. */
const WAIT_MS = 350;
/** A start this late is not planned anew but caught up by rate. */
const LATE_MS = 25;
const START_TRIES = 3;
/** A player that can play on has the data of the next moments on their way. */
const COMING_MS = 4_000;
const URGE_MS = 3_000;
/** Data that don't come are asked for anew after this, or after so many times what loading takes, and then twice as long. */
const ASK_AGAIN_MS = 1_000;
const ASK_AGAIN_TIMES = 1.25;
const ASK_AGAIN_MOST_MS = 30_000;
/** Each further try is planned this much later, … */
const RETRY_MS = 100;
const LATER_MAX_MS = 300;
/** … unless the last seek took so long that it waited for data, which says nothing about the next. */
const WAITED_MS = 800;
/** Within this an instant has come. */
const NOW_MS = 0.3;
/** A start that was called at most this late teaches the lead. */
const ON_TIME_MS = 8;
const PLAN_FAR_MS = 3_000;
/** The start is judged by the drift between these two instants after it should have moved. */
const SETTLE_FROM_MS = 140;
const SETTLE_UNTIL_MS = 230;
const SETTLE_LOOK_MS = 10;
/** A player that hasn't moved this far hasn't started. */
const MOVED_MS = 20;
const START_TIMEOUT_MS = 1_000;
const PLAY_AGAIN_MS = 500;
const JUMP_MS = 500;
const MEDIAN_OF = 5;
/** Steps further apart, as in a hidden page or after a sleep: what was seen before says nothing. */
const SLOW_MS = 250;
/** So many steps in a row must show a drift before a new start. */
const BEYOND_STEPS = 3;
const RATE_STEP = 1e-6;

export type ControllerAction =
  | { type: 'play' | 'pause' }
  | { type: 'seek'; positionMs: number }
  | { type: 'rate'; rate: number }
  | { type: 'ready'; version: number }
  | { type: 'ended'; mediaId: string };

export type ControllerPhase =
  | 'idle'
  | 'standing'
  | 'priming'
  | 'armed'
  | 'settling'
  | 'following'
  | 'starved'
  | 'suspended'
  | 'held'
  | 'finished';

export interface ControllerStep {
  actions: ControllerAction[];
  phase: ControllerPhase;
  /** Player minus room without outliers; null while it isn't followed. */
  driftMs: number | null;
  degraded: boolean;
  /** Local instant at which the next step should come at the latest, as exactly as can be. */
  wakeAtMs?: number;
}

/**
 * Keeps a player on the room's timeline. A deterministic machine: inputs in, actions out; it reads no clock
 * and touches no element, so that each rule can be tested as a table.
 */
export class Controller {
  #phase: ControllerPhase = 'idle';
  #actions: ControllerAction[] = [];
  #wakeAtMs: number | undefined;
  #driftMs: number | null = null;
  #timeline: Timeline | null = null;
  readonly #guard = new AlignGuard();
  readonly #leads: Leads;
  #phaseSinceMs = 0;
  #startTries = 0;
  /** Whether the last start was on time, so that its error teaches the lead. */
  #onTime = false;
  #startedAtMs = 0;
  #startedFromMs = 0;
  #drifts: number[] = [];
  #beyond = 0;
  /** Where the last seek should have led. */
  #soughtMs = 0;
  #seekKind: SeekKind = 'loading';
  #tookMs = 0;
  /** How much later than learned the next try is planned. */
  #laterMs = 0;
  /** Since when data are waited for, however often they were asked for. */
  #waitingSinceMs = 0;
  #askAgainMs = ASK_AGAIN_MS;
  /** Whether the player has been told to play so that it loads. */
  #urged = false;
  /** Suspended because `play` had no effect, not because the page is hidden. */
  #refused = false;
  readonly #correction = new Correction();
  #standing = new Standing();
  #readySent: number | null = null;
  #endedSent = false;
  #playedAtMs = -Infinity;
  #last: { localMs: number; positionMs: number; rate: number } | null = null;

  /** `playLeadMs` is what the player takes from `play` to its first movement, as far as that is known. */
  constructor(playLeadMs: number) {
    this.#leads = new Leads(playLeadMs);
  }

  /** The lead as it has been learned. */
  get playLeadMs(): number {
    return this.#leads.warmPlayMs;
  }

  /** Gives it what this player needs beside the correction of gaps. */
  usePacing(pacing: Pacing | null): void {
    this.#correction.pacing = pacing;
  }

  /** Tells how long the media took to load, from the question until it could be sent anywhere. */
  loaded(tookMs: number): void {
    this.#leads.guessLoading(tookMs);
  }

  step(inputs: ControllerInputs): ControllerStep {
    this.#actions = [];
    this.#wakeAtMs = undefined;
    this.#driftMs = null;
    if (inputs.timeline === null || inputs.offsetMs === null) {
      this.#enter('idle', inputs.localMs);
      this.#timeline = null;
      if (!inputs.held) this.#pause(inputs);
    } else {
      this.#follow(inputs as Moment);
    }
    const { localMs, player } = inputs;
    this.#last = { localMs, positionMs: player.positionMs, rate: player.rate };
    return {
      actions: this.#actions,
      phase: this.#lacksData(inputs) ? 'starved' : this.#phase,
      driftMs: this.#driftMs,
      degraded: this.#guard.isFutile(localMs),
      wakeAtMs: this.#wakeAtMs,
    };
  }

  /** Sent to where its data take long: that is no quick new start any more. */
  #lacksData({ localMs, player }: ControllerInputs): boolean {
    return this.#phase === 'priming' && !player.ready && localMs - this.#waitingSinceMs > WAITED_MS;
  }

  #follow(now: Moment): void {
    const changed = this.#timeline === null || isOtherLine(this.#timeline, now.timeline);
    this.#timeline = now.timeline;
    if (changed) this.#forget();
    if (this.#sinceLastMs(now) > SLOW_MS) this.#drifts = [];
    if (now.held) this.#hold(now);
    else if (now.timeline.live) this.#followLive(now);
    else if (now.timeline.status !== 'playing') this.#stand(now, targetAt(now, now.localMs));
    else if (now.blocked) this.#standStill(now);
    else if (isOver(now)) this.#finish(now);
    else this.#run(now, changed);
  }

  #forget(): void {
    this.#guard.clear();
    this.#drifts = [];
    this.#standing = new Standing();
    this.#correction.forget();
    this.#startTries = 0;
    this.#laterMs = 0;
    this.#endedSent = false;
  }

  /** The page has the player for itself; nobody should wait for it. */
  #hold(now: Moment): void {
    this.#enter('held', now.localMs);
    this.#correction.stop();
    this.#answerBarrier(now.timeline);
  }

  /** Paused, waiting or ended: hold still in the right place and say so to a barrier. */
  #stand(now: Moment, targetMs: number): void {
    const { player, timeline } = now;
    this.#standStill(now);
    this.#setRate(now, timeline.rate);
    if (!this.#standsAt(now, targetMs) || !player.ready || !player.paused) return;
    this.#answerBarrier(timeline);
  }

  #answerBarrier({ barrier }: Timeline): void {
    if (barrier === null || this.#readySent === barrier) return;
    this.#readySent = barrier;
    this.#act({ type: 'ready', version: barrier });
  }

  #standsAt(now: Moment, targetMs: number): boolean {
    const found = this.#standing.check(now.localMs, now.player, targetMs);
    // A player that won't stay where it is put is put there so often, and no more.
    if (found === 'seek' && this.#guard.foreign(now.localMs)) this.#act({ type: 'seek', positionMs: targetMs });
    return found === 'there';
  }

  #standStill(now: Moment): void {
    this.#enter('standing', now.localMs);
    this.#pause(now);
  }

  /** A live edge has no common position; only playing and pausing are shared. */
  #followLive(now: Moment): void {
    const { player, timeline } = now;
    this.#setRate(now, timeline.rate);
    if (timeline.status !== 'playing' || now.blocked) {
      this.#standStill(now);
    } else if (player.ended) {
      // `play` would begin at the front.
      this.#finish(now);
    } else {
      this.#enter('following', now.localMs);
      if (player.paused && !now.hidden) this.#play(now);
    }
    if (player.ready) this.#answerBarrier(timeline);
  }

  #finish(now: Moment): void {
    this.#enter('finished', now.localMs);
    const end = endOf(now);
    if (!now.player.ended && end !== null) this.#standsAt(now, end);
    if (this.#endedSent || !isRoomOver(now)) return;
    this.#endedSent = true;
    this.#act({ type: 'ended', mediaId: now.timeline.mediaId });
  }

  #run(now: Moment, changed: boolean): void {
    const { player } = now;
    const ranOut = player.ended && (this.#phase !== 'priming' || player.ready);
    if (ranOut || (this.#phase === 'finished' && !changed)) {
      this.#goOn(now);
    } else if (this.#phase === 'suspended') {
      this.#wake(now);
    } else if (this.#phase === 'priming') {
      this.#prime(now, changed);
    } else if (this.#phase === 'armed') {
      this.#startOnTime(now, changed);
    } else if (this.#phase === 'settling' || this.#phase === 'following' || this.#phase === 'starved') {
      if (player.paused) this.#resume(now);
      else if (!player.ready) this.#starve(now);
      else this.#correct(now, changed);
    } else {
      this.#align(now, 'agreed');
    }
  }

  /** The media ended before the room did, but there may be more further on; `play` would begin at the front. */
  #goOn(now: Moment): void {
    if (this.#guard.own(now.localMs, 'stuck')) this.#align(now, 'agreed');
    else this.#enter('finished', now.localMs);
  }

  /** Something that isn't the controller paused the player, or it never played. */
  #resume(now: Moment): void {
    const refused = this.#phase === 'settling';
    if (refused && !now.hidden && now.localMs - this.#phaseSinceMs < PLAY_AGAIN_MS) return;
    this.#refused = refused && !now.hidden;
    if (now.hidden || refused) this.#enter('suspended', now.localMs);
    else this.#align(now, 'foreign');
  }

  #wake(now: Moment): void {
    if (now.hidden) return;
    if (!this.#refused || !now.player.paused) this.#align(now, 'foreign');
    else if (this.#guard.own(now.localMs, 'stuck')) this.#align(now, 'agreed');
  }

  #starve(now: Moment): void {
    if (this.#phase !== 'starved') this.#await(now);
    this.#enter('starved', now.localMs);
    this.#steady(now);
    this.#askAgain(now);
  }

  /** From now on data are waited for. */
  #await(now: Moment): void {
    this.#waitingSinceMs = now.localMs;
    this.#askAgainMs = Math.max(ASK_AGAIN_MS, ASK_AGAIN_TIMES * this.#leads.planMs('loading'));
  }

  /** At the room's rate, with nothing to go by. */
  #steady(now: Moment): void {
    this.#drifts = [];
    this.#beyond = 0;
    this.#correction.stop();
    this.#setRate(now, now.timeline.rate);
  }

  /**
   * A new start: stand where the room will be, load, and play at the instant the room passes by. `agreed` if a
   * command asked for it or the guard allowed it; `foreign` if something else moved the player.
   */
  #align(now: Moment, cause: 'agreed' | 'foreign'): void {
    const { player } = now;
    this.#await(now);
    if (player.paused && player.ready && !player.ended) {
      const waitMs = this.#startAtMs(now) - now.localMs;
      if (waitMs >= -LATE_MS && waitMs <= this.#leads.planMs('loading') + WAIT_MS + aheadOfAnchor(now)) {
        this.#steady(now);
        this.#enter('armed', now.localMs);
        this.#startOnTime(now, false);
        return;
      }
    }
    if (cause === 'foreign' && !this.#guard.foreign(now.localMs)) {
      this.#enter('following', now.localMs);
      if (player.paused) this.#play(now);
      return;
    }
    this.#steady(now);
    this.#pause(now);
    this.#seekAhead(now);
  }

  /** To where the room will be once the player is there; `plan` says how long that takes. */
  #seekAhead(now: Moment, plan?: SeekKind): void {
    this.#seekKind = this.#kindOfSeek(now);
    this.#soughtMs = targetAt(now, now.localMs + this.#leads.planMs(plan ?? this.#seekKind) + this.#laterMs);
    this.#act({ type: 'seek', positionMs: this.#soughtMs });
    this.#enter('priming', now.localMs, true);
  }

  #kindOfSeek(now: Moment): SeekKind {
    const { loaded, ready, positionMs } = now.player;
    if (loaded === undefined) return 'loading';
    const soonMs = targetAt(now, now.localMs + this.#leads.planMs('loaded'));
    if (loaded(soonMs)) return 'loaded';
    // What a player is loading from goes on to what comes soon.
    return ready && soonMs > positionMs && soonMs - positionMs < COMING_MS ? 'coming' : 'loading';
  }

  #prime(now: Moment, changed: boolean): void {
    const { player } = now;
    if (player.ready || !this.#urged) this.#pause(now);
    if (changed && !this.#canStartHere(now)) {
      this.#align(now, 'agreed');
      return;
    }
    this.#setRate(now, now.timeline.rate);
    if (!player.ready) {
      this.#urge(now);
      this.#askAgain(now);
      return;
    }
    this.#tookMs = now.localMs - this.#phaseSinceMs;
    // Where the player can tell that data were missing, a long wait was theirs and not the player's.
    const waitedMs = now.localMs - this.#waitingSinceMs;
    const waited = player.loaded !== undefined && this.#seekKind !== 'loaded' && waitedMs > WAITED_MS;
    if (!waited) this.#leads.learnSeek(this.#seekKind, this.#tookMs, player.positionMs - this.#soughtMs);
    this.#enter('armed', now.localMs);
    this.#startOnTime(now, false);
  }

  /** Some browsers load nothing until they are told to play, or say only then that they want a gesture. */
  #urge(now: Moment): void {
    if (this.#urged || now.hidden || now.localMs - this.#waitingSinceMs < URGE_MS) return;
    this.#urged = true;
    this.#act({ type: 'play' });
  }

  /** Where the player is, the room has long been: data that have stopped coming are wanted further on. */
  #askAgain(now: Moment): void {
    const { arriving, loaded, positionMs } = now.player;
    if (arriving !== false || now.hidden || now.localMs - this.#phaseSinceMs < this.#askAgainMs) return;
    // A slow device still has to decode what is there.
    if (loaded?.(positionMs)) return;
    this.#askAgainMs = Math.min(2 * this.#askAgainMs, ASK_AGAIN_MOST_MS);
    // Nobody knows when they come; if it is after the room has passed, a short way further is quickly gone.
    this.#seekAhead(now, 'coming');
  }

  #startOnTime(now: Moment, changed: boolean): void {
    const { player } = now;
    this.#pause(now);
    if (changed && !this.#canStartHere(now)) {
      this.#align(now, 'agreed');
      return;
    }
    this.#setRate(now, now.timeline.rate);
    const startAtMs = this.#startAtMs(now);
    const lateMs = now.localMs - startAtMs;
    if (lateMs < -NOW_MS) {
      if (-lateMs <= this.#mostWaitMs(now) || !this.#tryAgain(now)) this.#wakeAtMs = startAtMs;
      return;
    }
    if (!player.ready) return;
    if (lateMs > LATE_MS && this.#startTries < START_TRIES && this.#tryAgain(now)) return;
    this.#onTime = lateMs <= ON_TIME_MS;
    this.#start(now);
  }

  /** A start that is too late or too far off is planned anew; one that stays too far off, seldom. */
  #tryAgain(now: Moment): boolean {
    if (this.#startTries < START_TRIES) this.#startTries += 1;
    else if (!this.#guard.own(now.localMs, 'stuck')) return false;
    // A wait for data says nothing about a seek to what is there now.
    const waited = this.#seekKind === 'loading' && now.player.loaded !== undefined;
    this.#laterMs = waited || this.#tookMs > WAITED_MS ? 0 : Math.min(this.#laterMs + RETRY_MS, LATER_MAX_MS);
    this.#align(now, 'agreed');
    return true;
  }

  #mostWaitMs(now: Moment): number {
    return this.#leads.planMs('loading') + this.#leads.spreadMs + PLAN_FAR_MS + aheadOfAnchor(now);
  }

  #start(now: Moment): void {
    this.#startedAtMs = now.localMs + this.#leads.playMs;
    this.#startedFromMs = now.player.positionMs;
    this.#enter('settling', now.localMs, true);
    this.#act({ type: 'play' });
  }

  #canStartHere(now: Moment): boolean {
    const waitMs = this.#startAtMs(now) - now.localMs;
    return waitMs >= -LATE_MS && waitMs <= this.#mostWaitMs(now);
  }

  /** Local instant for `play`, so that the media moves when the room passes the player's position. */
  #startAtMs(now: Moment): number {
    return passesAt(now.timeline, now.player.positionMs) - now.offsetMs - this.#leads.playMs;
  }

  #correct(now: Moment, changed: boolean): void {
    const driftMs = now.player.positionMs - targetAt(now, now.localMs);
    const { positionErrorMs } = now.player.capabilities;
    const alignMs = Math.max(PROFILES[now.profile].alignMs, 2 * positionErrorMs);
    const off = Math.abs(driftMs);
    const jumped = this.#phase === 'following' && off > alignMs && this.#jumped(now);
    const starved = this.#phase === 'starved' && off > Math.max(STARVED_ALIGN_MS, positionErrorMs);
    if (changed && off > COMMAND_ALIGN_MS) {
      this.#align(now, 'agreed');
    } else if (jumped) {
      this.#align(now, 'foreign');
    } else if (starved && now.profile !== 'free' && this.#guard.own(now.localMs, 'starved')) {
      this.#align(now, 'agreed');
    } else if (this.#phase !== 'settling' || this.#settled(now, driftMs)) {
      this.#enter('following', now.localMs);
      if (changed) this.#drifts = [];
      this.#drifts.push(driftMs);
      if (this.#drifts.length > MEDIAN_OF) this.#drifts.shift();
      this.#keepUp(now, median(this.#drifts), alignMs);
    }
  }

  #keepUp(now: Moment, driftMs: number, alignMs: number): void {
    this.#driftMs = driftMs;
    this.#beyond = Math.abs(driftMs) > alignMs ? this.#beyond + 1 : 0;
    if (this.#beyond >= BEYOND_STEPS && this.#guard.own(now.localMs, 'drift')) {
      this.#align(now, 'agreed');
      return;
    }
    const { localMs, player, timeline } = now;
    const { capabilities, rate: playerRate } = player;
    const stepMs = this.#sinceLastMs(now);
    const inputs = { ...capabilities, localMs, stepMs, roomRate: timeline.rate, playerRate, driftMs };
    this.#setRate(now, this.#correction.rate(inputs, PROFILES[now.profile]));
  }

  /** True once the start is over; teaches the lead. */
  #settled(now: Moment, driftMs: number): boolean {
    const sinceMs = now.localMs - this.#startedAtMs;
    const moved = Math.abs(now.player.positionMs - this.#startedFromMs) > MOVED_MS || sinceMs > START_TIMEOUT_MS;
    if (sinceMs < SETTLE_FROM_MS || !moved) return false;
    this.#drifts.push(driftMs);
    this.#wakeAtMs = now.localMs + SETTLE_LOOK_MS;
    if (sinceMs < SETTLE_UNTIL_MS) return false;
    const isAtRate = Math.abs(now.player.rate - now.timeline.rate) < RATE_STEP;
    if (this.#onTime && isAtRate) this.#leads.learnStart(median(this.#drifts) / now.timeline.rate);
    if (Math.abs(median(this.#drifts)) <= PROFILES[now.profile].alignMs) this.#startTries = 0;
    this.#laterMs = 0;
    this.#drifts = [median(this.#drifts)];
    return true;
  }

  #sinceLastMs(now: Moment): number {
    return now.localMs - (this.#last?.localMs ?? now.localMs);
  }

  #jumped(now: Moment): boolean {
    if (this.#last === null) return false;
    const movedMs = now.player.positionMs - this.#last.positionMs;
    const playedMs = (now.localMs - this.#last.localMs) * this.#last.rate;
    return Math.abs(movedMs - playedMs) > JUMP_MS;
  }

  #pause({ player }: ControllerInputs): void {
    if (!player.paused) this.#act({ type: 'pause' });
  }

  #play(now: Moment): void {
    if (now.localMs - this.#playedAtMs < PLAY_AGAIN_MS) return;
    this.#playedAtMs = now.localMs;
    this.#onTime = false;
    this.#start(now);
  }

  #setRate({ player }: Moment, rate: number): void {
    const wanted = rateFor(player.capabilities, rate);
    if (Math.abs(player.rate - wanted) > RATE_STEP) this.#act({ type: 'rate', rate: wanted });
  }

  #enter(phase: ControllerPhase, localMs: number, again = false): void {
    if (phase === this.#phase && !again) return;
    if (phase === 'settling') this.#drifts = [];
    this.#phase = phase;
    this.#phaseSinceMs = localMs;
  }

  #act(action: ControllerAction): void {
    this.#actions.push(action);
  }
}
