// A player with its controller, in simulated time.
import { Controller, type ControllerStep } from '../src/player/controller.js';
import { Correction } from '../src/player/correction.js';
import type { ControllerAction } from '../src/player/course.js';
import { Pulses } from '../src/player/pulses.js';
import type { Timeline } from '../src/player/timeline.js';
import type { SyncProfile } from '../src/types.js';
import { SimulatedMedia, type MediaTraits } from './simulated-media.js';

const TICK_MS = 50;
/** How exact alarms are. */
const ALARM_MS = 0.2;
const GUESSED_LEAD_MS = 75;

/** A player and its controller in simulated time; the room clock is the local one plus an offset. */
export class SimulatedPlayer extends SimulatedMedia {
  offsetMs = 1_000_000;
  /** The time between two steps; longer in a hidden page, whose alarms are as slow. */
  tickMs = TICK_MS;
  /** Whether the player has a position loaded, if it knows. */
  loaded: ((positionMs: number) => boolean) | undefined = undefined;
  /** Whether data is arriving, if it knows. */
  arriving: boolean | undefined = undefined;
  blocked = false;
  held = false;
  profile: SyncProfile = 'default';
  timeline: Timeline | null = null;
  readonly log: { atMs: number; action: ControllerAction }[] = [];
  last: ControllerStep | null = null;
  readonly controller = controllerWithPulses();

  /** Returns a player that has followed a playing room for a while. */
  static following(traits: Partial<MediaTraits> = {}, room: Partial<Timeline> = {}): SimulatedPlayer {
    const player = new SimulatedPlayer(traits);
    player.commit({});
    player.run(500);
    player.commit({ status: 'playing', position_ms: 20_000, ...room });
    player.run(12_000);
    return player;
  }

  /** The player's position minus the room's. */
  get driftMs(): number {
    return this.positionMs - this.roomPositionMs();
  }

  roomPositionMs(): number {
    const line = this.timeline!;
    const elapsed = line.status === 'playing' ? Math.max(0, this.nowMs + this.offsetMs - line.anchor_at_ms) : 0;
    return Math.min(line.position_ms + elapsed * line.rate, line.durationMs ?? Infinity);
  }

  /** Commits a timeline, anchored now unless said otherwise. */
  commit(part: Partial<Timeline>): void {
    const fresh: Timeline = {
      media_id: 'm_1',
      version: 0,
      status: 'paused',
      position_ms: 0,
      anchor_at_ms: 0,
      rate: 1,
      durationMs: this.traits.durationMs,
      live: false,
      barrier: null,
    };
    const before = this.timeline ?? fresh;
    const anchor_at_ms = this.nowMs + this.offsetMs;
    this.timeline = { ...before, version: before.version + 1, anchor_at_ms, barrier: null, ...part };
  }

  run(forMs: number): void {
    const until = this.nowMs + forMs;
    while (this.nowMs < until) {
      const step = this.#step();
      const alarmAtMs = this.tickMs > TICK_MS ? Infinity : (step.wakeAtMs ?? Infinity);
      const next = Math.min(this.nowMs + this.tickMs, alarmAtMs);
      this.advance(Math.min(Math.max(next, this.nowMs + ALARM_MS), until));
    }
  }

  /** Suspends the page, while the media keeps playing or stops with it. */
  sleep(forMs: number, media: 'plays on' | 'sleeps too'): void {
    if (media === 'plays on') this.advance(this.nowMs + forMs);
    else this.nowMs += forMs;
  }

  /** Returns the largest drift and rate deviation, sampled every 20 ms. */
  watch(forMs: number): { driftMs: number; rateOff: number } {
    const most = { driftMs: 0, rateOff: 0 };
    for (const untilMs = this.nowMs + forMs; this.nowMs < untilMs; this.run(20)) {
      most.driftMs = Math.max(most.driftMs, Math.abs(this.driftMs));
      most.rateOff = Math.max(most.rateOff, Math.abs(this.rate / this.timeline!.rate - 1));
    }
    return most;
  }

  /** Returns the actions since then, except changes of rate. */
  moves(sinceMs = 0): string[] {
    return this.log.filter(({ atMs, action }) => atMs >= sinceMs && action.type !== 'rate').map(({ action }) => action.type);
  }

  actions<T extends ControllerAction['type']>(type: T, sinceMs = 0): { atMs: number; action: ControllerAction & { type: T } }[] {
    const is = (entry: { atMs: number; action: ControllerAction }): entry is { atMs: number; action: ControllerAction & { type: T } } =>
      entry.action.type === type && entry.atMs >= sinceMs;
    return this.log.filter(is);
  }

  #step(): ControllerStep {
    const { durationMs, rates, positionErrorMs, live } = this.traits;
    const step = this.controller.step({
      localMs: this.nowMs,
      offsetMs: this.offsetMs,
      aheadMs: 0,
      timeline: this.timeline,
      player: {
        positionMs: this.toldMs,
        durationMs: durationMs ?? Number.NaN,
        paused: this.paused,
        ended: this.ended,
        ready: this.ready,
        rate: this.rate,
        loaded: this.loaded,
        arriving: this.arriving,
        capabilities: {
          kind: 'simulated',
          rates,
          minRate: 0.0625,
          maxRate: 16,
          positionErrorMs,
          playLeadMs: GUESSED_LEAD_MS,
          live,
        },
      },
      hidden: this.hidden,
      blocked: this.blocked,
      held: this.held,
      profile: this.profile,
    });
    for (const action of step.actions) this.#carryOut(action);
    this.last = step;
    return step;
  }

  #carryOut(action: ControllerAction): void {
    this.log.push({ atMs: this.nowMs, action });
    if (action.type === 'play') this.play();
    if (action.type === 'pause') this.pause();
    if (action.type === 'seek') this.seek(action.positionMs);
    if (action.type === 'rate') this.setRate(action.rate);
  }
}

function controllerWithPulses(): Controller {
  const controller = new Controller(GUESSED_LEAD_MS);
  controller.correctWith(new Correction(new Pulses()));
  return controller;
}
