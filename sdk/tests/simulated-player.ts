import type { AdapterCapabilities } from '../src/adapter.js';
import { Controller, type ControllerAction, type ControllerStep } from '../src/controller.js';
import type { Timeline } from '../src/timeline.js';
import type { SyncProfile } from '../src/types.js';

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
  rates: AdapterCapabilities['rates'];
  /** The rate is said to be, but isn't. */
  ignoresRate: boolean;
  /** `play` does nothing. */
  refusesPlay: boolean;
  /** Plays, says the player, but the position stands. */
  standsStill: boolean;
  /** Where the media ends although it is longer by its own word. */
  endsAtMs: number;
  positionErrorMs: number;
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
  held = false;
  profile: SyncProfile = 'default';
  timeline: Timeline | null = null;
  readonly log: { atMs: number; action: ControllerAction }[] = [];
  last: ControllerStep | null = null;
  readonly #controller = new Controller(75);
  readonly traits: PlayerTraits;
  #readyAtMs = 0;
  #movesAtMs = 0;

  constructor(traits: Partial<PlayerTraits> = {}) {
    const exact = { gridMs: 1e-3, overrunMs: 0, skew: 0 };
    const able = { rates: 'continuous' as const, ignoresRate: false, refusesPlay: false, standsStill: false };
    const usual = { playLeadMs: 70, seekMs: 120, durationMs: 600_000, endsAtMs: Infinity, positionErrorMs: 0 };
    this.traits = { ...exact, ...able, ...usual, ...traits };
  }

  get ready(): boolean {
    return this.nowMs >= this.#readyAtMs;
  }

  get ended(): boolean {
    return this.positionMs >= Math.min(this.traits.durationMs ?? Infinity, this.traits.endsAtMs);
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
      durationMs: this.traits.durationMs,
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
        durationMs: this.traits.durationMs,
        paused: this.paused,
        ended: this.ended,
        ready: this.ready,
        rate: this.rate,
        capabilities: {
          kind: 'simulated',
          rates: this.traits.rates,
          minRate: 0.0625,
          maxRate: 16,
          positionErrorMs: this.traits.positionErrorMs,
          playLeadMs: 75,
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
    if (action.type === 'pause') this.#pause();
    if (action.type === 'seek') this.#seek(action.positionMs);
    if (action.type === 'rate' && !this.traits.ignoresRate) this.rate = action.rate;
    if (action.type === 'play' && !this.hidden && !this.traits.refusesPlay) {
      this.paused = false;
      this.#movesAtMs = this.nowMs + this.traits.playLeadMs;
    }
  }

  #pause(): void {
    this.paused = true;
    this.positionMs += this.traits.overrunMs;
  }

  #seek(positionMs: number): void {
    const { gridMs, durationMs, endsAtMs } = this.traits;
    this.positionMs = Math.min(Math.floor(positionMs / gridMs) * gridMs, durationMs ?? Infinity, endsAtMs);
    this.#readyAtMs = this.nowMs + this.traits.seekMs;
  }

  #advance(toMs: number): void {
    const fromMs = Math.max(this.nowMs, this.#movesAtMs, this.#readyAtMs);
    const stands = this.paused || this.traits.standsStill;
    const movedMs = stands ? 0 : Math.max(0, toMs - fromMs);
    const end = Math.min(this.traits.durationMs ?? Infinity, this.traits.endsAtMs);
    this.positionMs = Math.min(end, this.positionMs + movedMs * this.rate * (1 + this.traits.skew));
    this.nowMs = toMs;
    if (this.ended) this.paused = true;
  }
}
