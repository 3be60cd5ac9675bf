// Decides, at every step, what a player has to do to stay on the room's timeline.

import type { Correction } from './correction.js';
import { Course, type Cause, type ControllerAction, type ControllerPhase } from './course.js';
import { Follow } from './follow.js';
import { endOf, isOver, isPlayingOut, isRoomOver, targetAt, type ControllerInputs, type Moment } from './moment.js';
import { Standing } from './standing.js';
import { Start } from './start.js';
import { leadsElsewhere, type Timeline } from './timeline.js';
import { PLAY_AGAIN_MS, REPORT_AGAIN_MS } from './tuning.js';

export interface ControllerStep {
  actions: ControllerAction[];
  phase: ControllerPhase;
  /** The player's distance from the room without outliers, in milliseconds; null while not following. */
  driftMs: number | null;
  degraded: boolean;
  /** Local instant by which the next step should come, as exactly as possible. */
  wakeAtMs?: number;
}

/**
 * Keeps a player on the room's timeline. It is deterministic: inputs in, actions out. It reads no clock and touches no
 * element, so every rule can be tested as a table. It decides what a moment requires; `Start` and `Follow` do it.
 */
export class Controller {
  readonly #course = new Course();
  readonly #start: Start;
  readonly #follow = new Follow(this.#course);
  #timeline: Timeline | null = null;
  /** Suspended because `play` had no effect, not because the page is hidden. */
  #refused = false;
  #standing = new Standing();
  #hidden = false;
  #readySent: number | null = null;
  /** The version of the room whose end was reported. */
  #endedVersion = -1;
  #endedAtMs = 0;

  /** `playLeadMs` is the time from `play` to the first movement, as far as it is known. */
  constructor(playLeadMs: number) {
    this.#start = new Start(this.#course, playLeadMs);
  }

  /** The lead as learned so far. */
  get playLeadMs(): number {
    return this.#start.leads.warmPlayMs;
  }

  /** Sets what closes this player's gaps; without it, only new starts do. */
  correctWith(correction: Correction): void {
    this.#follow.correction = correction;
  }

  /** Records how long the media took to load, from the request until the player could seek anywhere. */
  loaded(tookMs: number): void {
    this.#start.leads.guessLoading(tookMs);
  }

  step(inputs: ControllerInputs): ControllerStep {
    const course = this.#course;
    const { timeline, offsetMs } = inputs;
    course.actions = [];
    course.wakeAtMs = undefined;
    this.#follow.begin(inputs);
    if (!timeline || offsetMs === null) {
      course.enter('idle', inputs);
      this.#timeline = null;
      if (!inputs.held) course.pause(inputs);
    } else {
      // Where a page is seen again, nothing that was tried while it was hidden counts.
      const isBack = this.#hidden && !inputs.hidden;
      const changed = isBack || !this.#timeline || leadsElsewhere(this.#timeline, timeline);
      this.#timeline = timeline;
      if (changed) this.#forget();
      this.#route({ ...inputs, timeline, offsetMs, changed });
    }
    this.#hidden = inputs.hidden;
    return {
      actions: course.actions,
      // A start whose data takes long is no longer a quick one.
      phase: this.#start.lacksData(inputs) ? 'starved' : course.phase,
      driftMs: this.#follow.driftMs,
      degraded: course.guard.isFutile(inputs.localMs),
      wakeAtMs: course.wakeAtMs,
    };
  }

  #forget(): void {
    this.#course.guard.clear();
    this.#course.drifts = [];
    this.#standing = new Standing();
    this.#follow.correction?.forget();
    this.#start.forget();
    this.#endedVersion = -1;
  }

  #route(now: Moment): void {
    if (now.held) this.#hold(now);
    else if (now.timeline.live && !now.player.capabilities.live) this.#followLive(now);
    else if (isPlayingOut(now)) this.#course.setRate(now, now.timeline.rate);
    else if (now.timeline.status !== 'playing') this.#stand(now);
    else if (now.blocked) this.#standStill(now);
    else if (isOver(now)) this.#finish(now);
    else this.#run(now);
  }

  /** Leaves the player to the page; nobody should wait for it. */
  #hold(now: Moment): void {
    this.#course.enter('held', now);
    this.#follow.correction?.stop();
    this.#answerBarrier(now.timeline);
  }

  /** While the room is paused, waiting or over: holds the player in the right place and answers a barrier. */
  #stand(now: Moment): void {
    const { player, timeline } = now;
    this.#standStill(now);
    this.#course.setRate(now, timeline.rate);
    if (this.#standsAt(now, targetAt(now, now.localMs)) && player.ready && player.paused) this.#answerBarrier(timeline);
  }

  #answerBarrier({ barrier }: Timeline): void {
    if (barrier === null || this.#readySent === barrier) return;
    this.#readySent = barrier;
    this.#course.act({ type: 'ready', version: barrier });
  }

  #standsAt(now: Moment, targetMs: number): boolean {
    const found = this.#standing.check(now.localMs, now.player, targetMs);
    // A player that doesn't stay in place is put back a limited number of times.
    if (found === 'seek' && this.#course.guard.foreign(now.localMs)) this.#course.act({ type: 'seek', positionMs: targetMs });
    return found === 'there';
  }

  #standStill(now: Moment): void {
    this.#course.enter('standing', now);
    this.#course.pause(now);
  }

  /** Shares only playing and pausing, with a player that doesn't know the positions of live media. */
  #followLive(now: Moment): void {
    const { player, timeline } = now;
    this.#course.setRate(now, timeline.rate);
    if (timeline.status !== 'playing' || now.blocked) {
      this.#standStill(now);
    } else if (player.ended) {
      // `play` would restart from the beginning.
      this.#finish(now);
    } else {
      this.#course.enter('following', now);
      if (player.paused && !now.hidden) this.#start.play(now);
    }
    if (player.ready) this.#answerBarrier(timeline);
  }

  #finish(now: Moment): void {
    this.#course.enter('finished', now);
    if (!now.player.ended) this.#standsAt(now, endOf(now));
    const { media_id, version } = now.timeline;
    // A report about an earlier version may have been refused, and one that couldn't be stored is lost.
    const isReported = this.#endedVersion === version && now.localMs - this.#endedAtMs < REPORT_AGAIN_MS;
    if (isReported || !isRoomOver(now)) return;
    this.#endedVersion = version;
    this.#endedAtMs = now.localMs;
    this.#course.act({ type: 'ended', mediaId: media_id!, version });
  }

  #run(now: Moment): void {
    const { player } = now;
    const { phase } = this.#course;
    const ranOut = player.ended && (phase !== 'priming' || player.ready);
    if (ranOut || (phase === 'finished' && !now.changed)) {
      this.#goOn(now);
    } else if (phase === 'suspended') {
      this.#wake(now);
    } else if (phase === 'priming') {
      this.#start.prime(now);
    } else if (phase === 'armed') {
      this.#start.arm(now);
    } else if (phase === 'settling' || phase === 'following' || phase === 'starved') {
      if (player.paused) this.#resume(now);
      else if (!player.ready) this.#starve(now);
      else this.#keepUp(now);
    } else {
      this.#align(now, 'agreed');
    }
  }

  #align(now: Moment, cause: Cause): void {
    if (this.#start.align(now, cause)) this.#follow.rest();
  }

  /** The media ended before the room did. There may be more further on, but `play` would restart from the beginning. */
  #goOn(now: Moment): void {
    if (this.#course.guard.own(now.localMs, 'stuck')) this.#align(now, 'agreed');
    else this.#course.enter('finished', now);
  }

  /** Something other than the controller paused the player, or it never played. */
  #resume(now: Moment): void {
    const refused = this.#course.phase === 'settling';
    if (refused && !now.hidden && now.localMs - this.#course.sinceMs < PLAY_AGAIN_MS) return;
    this.#refused = refused && !now.hidden;
    if (now.hidden || refused) this.#course.enter('suspended', now);
    else this.#align(now, 'foreign');
  }

  #wake(now: Moment): void {
    if (now.hidden) return;
    if (!this.#refused || !now.player.paused) this.#align(now, 'foreign');
    else if (this.#course.guard.own(now.localMs, 'stuck')) this.#align(now, 'agreed');
  }

  #starve(now: Moment): void {
    this.#start.starve(now);
    this.#follow.rest();
  }

  #keepUp(now: Moment): void {
    let cause = this.#follow.judge(now);
    const started = this.#course.phase !== 'settling';
    if (!cause && (started || this.#start.settle(now))) cause = this.#follow.correct(now);
    if (cause) this.#align(now, cause);
  }
}
