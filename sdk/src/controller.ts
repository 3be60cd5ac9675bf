import { Leads } from './leads.js';
import { aheadOfAnchor, endOf, targetAt, type ControllerInputs, type Moment } from './moment.js';
import { Nudge } from './nudge.js';
import { clamp, median } from './number.js';
import { SeekBudget } from './seek-budget.js';
import { Standing } from './standing.js';
import { isOtherLine, passesAt, type Timeline } from './timeline.js';

/** Beyond this, only a new start helps; within it the rate closes the gap. */
const ALIGN_MS = 200;
/** A paused player waits for the room to come by, unless it stands this much further ahead than a seek would put it. */
const WAIT_MS = 350;
/** A start this late is not planned anew but caught up by rate. */
const LATE_MS = 120;
const START_TRIES = 3;
/** Timers fire a little late; within this an instant has come. */
const NOW_MS = 4;
const PLAN_FAR_MS = 3_000;
/** The start is judged by the drift between these two instants after `play`. */
const SETTLE_FROM_MS = 250;
const SETTLE_UNTIL_MS = 450;
const PLAY_AGAIN_MS = 500;
const JUMP_MS = 500;
const END_MS = 300;
const ENDED_EARLY_MS = 1_500;
const MEDIAN_OF = 5;
const RATE_STEP = 0.001;
/** What somebody else's seek or pause costs of the budget of own seeks. */
const FOREIGN_COST = 1 / 3;

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
  | 'finished';

export interface ControllerStep {
  actions: ControllerAction[];
  phase: ControllerPhase;
  driftMs: number | null;
  degraded: boolean;
  /** Local instant at which the next step should come at the latest. */
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
  readonly #budget = new SeekBudget();
  #degraded = false;
  readonly #leads = new Leads();
  #phaseSinceMs = 0;
  #startTries = 0;
  /** Whether the last start was on time, so that its error teaches the lead. */
  #onTime = false;
  #drifts: number[] = [];
  readonly #nudge = new Nudge();
  readonly #standing = new Standing();
  #readySent: number | null = null;
  #endedSent = false;
  #playedAtMs = -Infinity;
  #last: { localMs: number; positionMs: number; rate: number } | null = null;

  step(inputs: ControllerInputs): ControllerStep {
    this.#actions = [];
    this.#wakeAtMs = undefined;
    this.#driftMs = null;
    if (inputs.timeline === null || inputs.offsetMs === null) {
      this.#enter('idle', inputs.localMs);
      this.#timeline = null;
      if (!inputs.player.paused) this.#act({ type: 'pause' });
    } else {
      this.#follow(inputs as Moment);
    }
    const { positionMs, rate } = inputs.player;
    this.#last = { localMs: inputs.localMs, positionMs, rate };
    return {
      actions: this.#actions,
      phase: this.#phase,
      driftMs: this.#driftMs,
      degraded: this.#degraded,
      wakeAtMs: this.#wakeAtMs,
    };
  }

  #follow(now: Moment): void {
    const changed = this.#timeline === null || isOtherLine(this.#timeline, now.timeline);
    this.#timeline = now.timeline;
    if (changed) this.#forget();
    if (now.timeline.live) this.#followLive(now);
    else if (now.timeline.status !== 'playing') this.#stand(now, targetAt(now, now.localMs));
    else if (now.blocked) this.#standBlocked(now);
    else if (this.#isOver(now)) this.#finish(now);
    else this.#run(now, changed);
  }

  #forget(): void {
    this.#budget.clear();
    this.#degraded = false;
    this.#drifts = [];
    this.#standing.reset();
    this.#startTries = 0;
    this.#endedSent = false;
  }

  /** Paused, waiting or ended: hold still in the right place and say so to a barrier. */
  #stand(now: Moment, targetMs: number): void {
    this.#enter('standing', now.localMs);
    const { player, timeline } = now;
    if (!player.paused) this.#act({ type: 'pause' });
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
    if (found === 'seek') this.#act({ type: 'seek', positionMs: targetMs });
    return found === 'there';
  }

  #standBlocked(now: Moment): void {
    this.#enter('standing', now.localMs);
    if (!now.player.paused) this.#act({ type: 'pause' });
  }

  /** A live edge has no common position; only playing and pausing are shared. */
  #followLive(now: Moment): void {
    const plays = now.timeline.status === 'playing' && !now.blocked;
    this.#enter(plays ? 'following' : 'standing', now.localMs);
    this.#setRate(now, now.timeline.rate);
    if (plays && now.player.paused && !now.hidden) this.#play(now);
    if (!plays && !now.player.paused) this.#act({ type: 'pause' });
    if (now.player.ready) this.#answerBarrier(now.timeline);
  }

  #isOver(now: Moment): boolean {
    const end = endOf(now);
    if (end === null) return false;
    const here = targetAt(now, now.localMs);
    return now.player.ended ? here >= end - ENDED_EARLY_MS : here >= end - END_MS && now.player.paused;
  }

  #finish(now: Moment): void {
    this.#enter('finished', now.localMs);
    const end = endOf(now);
    if (!now.player.ended && end !== null) this.#standsAt(now, end);
    if (this.#endedSent) return;
    this.#endedSent = true;
    this.#act({ type: 'ended', mediaId: now.timeline.mediaId });
  }

  #run(now: Moment, changed: boolean): void {
    const { player } = now;
    if (this.#phase === 'suspended') {
      if (now.hidden) return;
      this.#align(now, FOREIGN_COST);
    } else if (this.#phase === 'priming') {
      this.#prime(now, changed);
    } else if (this.#phase === 'armed') {
      this.#startOnTime(now, changed);
    } else if (this.#phase === 'settling' || this.#phase === 'following' || this.#phase === 'starved') {
      if (player.paused) this.#resume(now);
      else if (!player.ready) this.#starve(now);
      else this.#correct(now, changed);
    } else {
      this.#align(now, 0);
    }
  }

  /** Something that isn't the controller paused the player. */
  #resume(now: Moment): void {
    if (now.hidden) this.#enter('suspended', now.localMs);
    else if (this.#phase !== 'settling' || now.localMs - this.#phaseSinceMs >= PLAY_AGAIN_MS) {
      this.#align(now, FOREIGN_COST);
    }
  }

  #starve(now: Moment): void {
    this.#enter('starved', now.localMs);
    this.#drifts = [];
    this.#nudge.stop();
    this.#setRate(now, now.timeline.rate);
  }

  /** A new start: stand where the room will be, load, and play at the instant the room passes by. */
  #align(now: Moment, cost: number): void {
    const { player } = now;
    this.#drifts = [];
    this.#nudge.stop();
    this.#setRate(now, now.timeline.rate);
    if (player.paused && player.ready) {
      const waitMs = this.#startAtMs(now) - now.localMs;
      if (waitMs >= -LATE_MS && waitMs <= this.#leads.planMs + WAIT_MS + aheadOfAnchor(now)) {
        this.#enter('armed', now.localMs);
        this.#startOnTime(now, false);
        return;
      }
    }
    if (!this.#budget.spend(now.localMs, cost)) {
      this.#degraded = true;
      this.#enter('following', now.localMs);
      if (player.paused) this.#play(now);
      return;
    }
    this.#degraded = false;
    if (!player.paused) this.#act({ type: 'pause' });
    this.#act({ type: 'seek', positionMs: targetAt(now, now.localMs + this.#leads.planMs) });
    this.#enter('priming', now.localMs, true);
  }

  #prime(now: Moment, changed: boolean): void {
    if (!now.player.paused) this.#act({ type: 'pause' });
    if (changed && !this.#canStartHere(now)) {
      this.#align(now, 0);
      return;
    }
    this.#setRate(now, now.timeline.rate);
    if (!now.player.ready) return;
    this.#leads.learnSeek(now.localMs - this.#phaseSinceMs);
    this.#enter('armed', now.localMs);
    this.#startOnTime(now, false);
  }

  #startOnTime(now: Moment, changed: boolean): void {
    const { player } = now;
    if (!player.paused) this.#act({ type: 'pause' });
    if (changed && !this.#canStartHere(now)) {
      this.#align(now, 0);
      return;
    }
    this.#setRate(now, now.timeline.rate);
    const startAtMs = this.#startAtMs(now);
    const lateMs = now.localMs - startAtMs;
    if (lateMs < -NOW_MS) {
      const farMs = this.#leads.planMs + PLAN_FAR_MS + aheadOfAnchor(now);
      if (-lateMs > farMs) this.#align(now, FOREIGN_COST);
      else this.#wakeAtMs = startAtMs;
      return;
    }
    if (!player.ready) return;
    if (lateMs > LATE_MS && this.#startTries < START_TRIES) {
      this.#startTries += 1;
      this.#align(now, 1);
      return;
    }
    this.#onTime = lateMs <= 2 * NOW_MS;
    this.#enter('settling', now.localMs, true);
    this.#act({ type: 'play' });
  }

  #canStartHere(now: Moment): boolean {
    const waitMs = this.#startAtMs(now) - now.localMs;
    return waitMs >= -LATE_MS && waitMs <= this.#leads.planMs + PLAN_FAR_MS + aheadOfAnchor(now);
  }

  /** Local instant for `play`, so that the media moves when the room passes the player's position. */
  #startAtMs(now: Moment): number {
    return passesAt(now.timeline, now.player.positionMs) - now.offsetMs - this.#leads.playMs;
  }

  #correct(now: Moment, changed: boolean): void {
    const driftMs = now.player.positionMs - targetAt(now, now.localMs);
    this.#driftMs = driftMs;
    const jumped = this.#phase === 'following' && this.#jumped(now);
    if (Math.abs(driftMs) > ALIGN_MS && (changed || jumped || this.#phase === 'starved')) {
      this.#align(now, changed ? 0 : jumped ? FOREIGN_COST : 1);
      return;
    }
    if (this.#phase === 'settling' && !this.#settled(now, driftMs)) return;
    this.#enter('following', now.localMs);
    if (changed) this.#drifts = [];
    this.#drifts.push(driftMs);
    if (this.#drifts.length > MEDIAN_OF) this.#drifts.shift();
    const middle = median(this.#drifts);
    if (Math.abs(middle) > ALIGN_MS && this.#drifts.length === MEDIAN_OF && !this.#degraded) {
      this.#align(now, 1);
    } else {
      const part = this.#nudge.part(middle, driftMs);
      this.#setRate(now, now.timeline.rate * (1 - part), this.#nudge.active ? RATE_STEP : 0);
    }
  }

  /** True once the start is over; teaches the lead. */
  #settled(now: Moment, driftMs: number): boolean {
    const sinceMs = now.localMs - this.#phaseSinceMs;
    if (sinceMs < SETTLE_FROM_MS) return false;
    this.#drifts.push(driftMs);
    if (sinceMs < SETTLE_UNTIL_MS) return false;
    if (this.#onTime) this.#leads.learnStart(median(this.#drifts) / now.timeline.rate);
    this.#startTries = 0;
    this.#drifts = this.#drifts.slice(-MEDIAN_OF);
    return true;
  }

  #jumped(now: Moment): boolean {
    if (this.#last === null) return false;
    const movedMs = now.player.positionMs - this.#last.positionMs;
    const playedMs = (now.localMs - this.#last.localMs) * this.#last.rate;
    return Math.abs(movedMs - playedMs) > JUMP_MS;
  }

  #play(now: Moment): void {
    if (now.localMs - this.#playedAtMs < PLAY_AGAIN_MS) return;
    this.#playedAtMs = now.localMs;
    this.#enter('settling', now.localMs, true);
    this.#onTime = false;
    this.#act({ type: 'play' });
  }

  #setRate(now: Moment, rate: number, tolerance = 0): void {
    const { player } = now;
    const wanted = clamp(rate, player.minRate, player.maxRate);
    if (!player.continuousRate && wanted !== now.timeline.rate) return;
    if (Math.abs(player.rate - wanted) > Math.max(tolerance * wanted, 1e-6)) this.#act({ type: 'rate', rate: wanted });
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
