import { Controller, type ControllerAction, type ControllerStep } from '../src/controller.js';
import type { Timeline } from '../src/timeline.js';

const TICK_MS = 50;

export interface PlayerTraits {
  /** From `play` to the first movement. */
  playLeadMs: number;
  /** From `seek` to enough data. */
  seekMs: number;
  /** A seek leads to a multiple of this. */
  gridMs: number;
  /** How far the media runs on after `pause`. */
  overrunMs: number;
  durationMs: number | null;
  /** The player's own rate error: 1e-4 is 100 ppm. */
  skew: number;
  continuousRate: boolean;
}

/** A player and its controller in simulated time; the room clock is the local one plus an offset. */
export class SimulatedPlayer {
  readonly offsetMs = 1_000_000;
  nowMs = 0;
  positionMs = 0;
  paused = true;
  rate = 1;
  hidden = false;
  blocked = false;
  timeline: Timeline | null = null;
  readonly log: { atMs: number; action: ControllerAction }[] = [];
  last: ControllerStep | null = null;
  readonly #controller = new Controller();
  readonly #traits: PlayerTraits;
  #readyAtMs = 0;
  #movesAtMs = 0;

  constructor(traits: Partial<PlayerTraits> = {}) {
    const exact = { gridMs: 1e-3, overrunMs: 0, skew: 0 };
    const usual = { ...exact, playLeadMs: 70, seekMs: 120, durationMs: 600_000, continuousRate: true };
    this.#traits = { ...usual, ...traits };
  }

  get ready(): boolean {
    return this.nowMs >= this.#readyAtMs;
  }

  get ended(): boolean {
    return this.#traits.durationMs !== null && this.positionMs >= this.#traits.durationMs;
  }

  /** Position minus the room's. */
  get driftMs(): number {
    return this.positionMs - this.roomPositionMs();
  }

  roomPositionMs(): number {
    const line = this.timeline!;
    const elapsed = line.status === 'playing' ? Math.max(0, this.nowMs + this.offsetMs - line.anchorAtMs) : 0;
    return Math.min(line.positionMs + elapsed * line.rate, line.durationMs ?? Infinity);
  }

  /** Commits a timeline, anchored now unless said otherwise. */
  commit(part: Partial<Timeline>): void {
    const fresh: Timeline = {
      mediaId: 'm_1',
      status: 'paused',
      positionMs: 0,
      anchorAtMs: 0,
      rate: 1,
      durationMs: this.#traits.durationMs,
      live: false,
      barrier: null,
    };
    this.timeline = { ...(this.timeline ?? fresh), anchorAtMs: this.nowMs + this.offsetMs, barrier: null, ...part };
  }

  /** Takes the data away for a while. */
  starve(forMs: number): void {
    this.#readyAtMs = this.nowMs + forMs;
  }

  /** What somebody at the element's own controls does. */
  userSeeks(positionMs: number): void {
    this.#seek(positionMs);
  }

  userPauses(): void {
    this.paused = true;
  }

  run(forMs: number): void {
    const until = this.nowMs + forMs;
    while (this.nowMs < until) {
      const step = this.#step();
      const next = Math.min(this.nowMs + TICK_MS, step.wakeAtMs ?? Infinity, until);
      this.#advance(Math.max(next, this.nowMs + 1));
    }
  }

  actions(type: ControllerAction['type'], sinceMs = 0): { atMs: number; action: ControllerAction }[] {
    return this.log.filter(({ atMs, action }) => action.type === type && atMs >= sinceMs);
  }

  #step(): ControllerStep {
    const step = this.#controller.step({
      localMs: this.nowMs,
      offsetMs: this.offsetMs,
      timeline: this.timeline,
      player: {
        positionMs: this.positionMs,
        durationMs: this.#traits.durationMs,
        paused: this.paused,
        ended: this.ended,
        ready: this.ready,
        rate: this.rate,
        continuousRate: this.#traits.continuousRate,
        minRate: 0.0625,
        maxRate: 16,
      },
      hidden: this.hidden,
      blocked: this.blocked,
    });
    for (const action of step.actions) this.#carryOut(action);
    this.last = step;
    return step;
  }

  #carryOut(action: ControllerAction): void {
    this.log.push({ atMs: this.nowMs, action });
    if (action.type === 'pause') this.#pause();
    if (action.type === 'seek') this.#seek(action.positionMs);
    if (action.type === 'rate') this.rate = action.rate;
    if (action.type === 'play' && !this.hidden) {
      this.paused = false;
      this.#movesAtMs = this.nowMs + this.#traits.playLeadMs;
    }
  }

  #pause(): void {
    this.paused = true;
    this.positionMs += this.#traits.overrunMs;
  }

  #seek(positionMs: number): void {
    const { gridMs, durationMs } = this.#traits;
    this.positionMs = Math.min(Math.round(positionMs / gridMs) * gridMs, durationMs ?? Infinity);
    this.#readyAtMs = this.nowMs + this.#traits.seekMs;
  }

  #advance(toMs: number): void {
    const fromMs = Math.max(this.nowMs, this.#movesAtMs, this.#readyAtMs);
    const movedMs = this.paused ? 0 : Math.max(0, toMs - fromMs);
    const end = this.#traits.durationMs ?? Infinity;
    this.positionMs = Math.min(end, this.positionMs + movedMs * this.rate * (1 + this.#traits.skew));
    this.nowMs = toMs;
    if (this.ended) this.paused = true;
  }
}
