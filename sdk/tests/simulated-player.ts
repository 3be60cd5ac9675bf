import { Controller, type ControllerStep } from '../src/player/controller.js';
import type { ControllerAction } from '../src/player/course.js';
import { Pulses } from '../src/player/pulses.js';
import type { Timeline } from '../src/player/timeline.js';
import type { SyncProfile } from '../src/types.js';
import { SimulatedMedia, type MediaTraits } from './simulated-media.js';

const TICK_MS = 50;
/** Alarms are this exact. */
const ALARM_MS = 0.2;
const GUESSED_LEAD_MS = 75;

/** A player and its controller in simulated time; the room clock is the local one plus an offset. */
export class SimulatedPlayer extends SimulatedMedia {
  offsetMs = 1_000_000;
  /** Between two steps; more in a hidden page, whose alarms are as slow. */
  tickMs = TICK_MS;
  /** What the player says of a position, if it can tell. */
  loaded: ((positionMs: number) => boolean) | undefined = undefined;
  /** What it says of data that come in, if it can tell. */
  arriving: boolean | undefined = undefined;
  blocked = false;
  held = false;
  profile: SyncProfile = 'default';
  timeline: Timeline | null = null;
  readonly log: { atMs: number; action: ControllerAction }[] = [];
  last: ControllerStep | null = null;
  readonly controller = controllerWithPulses();

  /** One that has followed a playing room for a while. */
  static following(traits: Partial<MediaTraits> = {}, room: Partial<Timeline> = {}): SimulatedPlayer {
    const player = new SimulatedPlayer(traits);
    player.commit({});
    player.run(500);
    player.commit({ status: 'playing', position_ms: 20_000, ...room });
    player.run(12_000);
    return player;
  }

  /** Position minus the room's. */
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
      status: 'paused',
      position_ms: 0,
      anchor_at_ms: 0,
      rate: 1,
      durationMs: this.traits.durationMs,
      live: false,
      barrier: null,
    };
    this.timeline = { ...(this.timeline ?? fresh), anchor_at_ms: this.nowMs + this.offsetMs, barrier: null, ...part };
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

  /** The page sleeps while the media plays on, or with it. */
  sleep(forMs: number, media: 'plays on' | 'sleeps too'): void {
    if (media === 'plays on') this.advance(this.nowMs + forMs);
    else this.nowMs += forMs;
  }

  /** The largest drift and rate deviation there is, looked at every 20 ms. */
  watch(forMs: number): { driftMs: number; rateOff: number } {
    const most = { driftMs: 0, rateOff: 0 };
    for (const untilMs = this.nowMs + forMs; this.nowMs < untilMs; this.run(20)) {
      most.driftMs = Math.max(most.driftMs, Math.abs(this.driftMs));
      most.rateOff = Math.max(most.rateOff, Math.abs(this.rate / this.timeline!.rate - 1));
    }
    return most;
  }

  /** What was done since, but for changes of rate. */
  moves(sinceMs = 0): string[] {
    return this.log.filter(({ atMs, action }) => atMs >= sinceMs && action.type !== 'rate').map(({ action }) => action.type);
  }

  actions<T extends ControllerAction['type']>(type: T, sinceMs = 0): { atMs: number; action: ControllerAction & { type: T } }[] {
    const is = (entry: { atMs: number; action: ControllerAction }): entry is { atMs: number; action: ControllerAction & { type: T } } =>
      entry.action.type === type && entry.atMs >= sinceMs;
    return this.log.filter(is);
  }

  #step(): ControllerStep {
    const { durationMs, rates, positionErrorMs } = this.traits;
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
  controller.usePacing(new Pulses());
  return controller;
}
