// Media in simulated time, with the weaknesses that a test gives it.
import type { AdapterCapabilities } from '../src/adapters/adapter.js';
import { Seeded } from './seeded.js';

export interface MediaTraits {
  /** The time from `play` to the first movement. */
  playLeadMs: number;
  /** The time from `seek` to enough data. */
  seekMs: number;
  /** A seek lands on a multiple of this … */
  gridMs: number;
  /** … on this side of its target. */
  lands: 'before' | 'after';
  /** How far the media keeps running after `pause`. */
  overrunMs: number;
  durationMs: number | null;
  /** The player's own rate error: 1e-4 is 100 ppm. */
  skew: number;
  rates: AdapterCapabilities['rates'];
  /** Ignores rates: openly if it reports its real rate, secretly if it reports what it was given. */
  ignoresRate: 'no' | 'openly' | 'secretly';
  /** `play` does nothing. */
  refusesPlay: boolean;
  /** Something else plays again whatever is paused. */
  refusesPause: boolean;
  /** Whether `play` has an effect in a hidden page, as it has with sound. */
  playsHidden: boolean;
  /** Reports that it plays, but the position stands still. */
  standsStill: boolean;
  /** Where the media ends although it claims to be longer. */
  endsAtMs: number;
  /** From where on its data never arrives. */
  lacksFromMs: number;
  /** The position reported while playing is off by up to this, differently each time. */
  positionErrorMs: number;
  /** Knows the positions of live media. */
  live: boolean;
}

const USUAL: MediaTraits = {
  playLeadMs: 70,
  seekMs: 120,
  gridMs: 1e-3,
  lands: 'before',
  overrunMs: 0,
  durationMs: 600_000,
  skew: 0,
  rates: 'continuous',
  ignoresRate: 'no',
  refusesPlay: false,
  refusesPause: false,
  playsHidden: false,
  standsStill: false,
  endsAtMs: Infinity,
  lacksFromMs: Infinity,
  positionErrorMs: 0,
  live: false,
};

/** A media element in simulated time, with configurable faults. */
export class SimulatedMedia {
  nowMs = 0;
  positionMs = 0;
  paused = true;
  rate = 1;
  hidden = false;
  /** May be changed while it plays. */
  readonly traits: MediaTraits;
  readonly #random = new Seeded(1);
  #readyAtMs = 0;
  #movesAtMs = 0;

  constructor(traits: Partial<MediaTraits> = {}) {
    this.traits = { ...USUAL, ...traits };
  }

  get ready(): boolean {
    return this.nowMs >= this.#readyAtMs && this.positionMs < this.traits.lacksFromMs;
  }

  get ended(): boolean {
    return this.positionMs >= this.#endMs;
  }

  get #endMs(): number {
    return Math.min(this.traits.durationMs ?? Infinity, this.traits.endsAtMs);
  }

  /** The position as the player reports it. */
  get toldMs(): number {
    const { positionErrorMs } = this.traits;
    return this.paused ? this.positionMs : this.positionMs + this.#random.between(-positionErrorMs, positionErrorMs);
  }

  play(): void {
    if (this.traits.refusesPlay || (this.hidden && !this.traits.playsHidden)) return;
    // As browsers do it.
    if (this.ended) this.seek(0);
    this.paused = false;
    this.#movesAtMs = this.nowMs + this.traits.playLeadMs;
  }

  pause(): void {
    if (!this.paused) this.positionMs += this.traits.overrunMs;
    this.paused = !this.traits.refusesPause;
  }

  seek(positionMs: number): void {
    const { gridMs, lands } = this.traits;
    const landed = (lands === 'before' ? Math.floor(positionMs / gridMs) : Math.ceil(positionMs / gridMs)) * gridMs;
    this.positionMs = Math.max(0, Math.min(landed, this.#endMs));
    this.#readyAtMs = this.nowMs + this.traits.seekMs;
  }

  setRate(rate: number): void {
    if (this.traits.ignoresRate !== 'openly') this.rate = rate;
  }

  /** What somebody at the element's own controls does, or the browser in a hidden page. */
  interrupt(): void {
    this.paused = true;
  }

  userSeeks(positionMs: number): void {
    this.seek(positionMs);
  }

  /** Takes the data away for a while. */
  starve(forMs: number): void {
    this.#readyAtMs = Math.max(this.#readyAtMs, this.nowMs + forMs);
  }

  advance(toMs: number): void {
    const fromMs = Math.max(this.nowMs, this.#movesAtMs, this.#readyAtMs);
    const stands = this.paused || this.traits.standsStill;
    const movedMs = stands ? 0 : Math.max(0, toMs - fromMs);
    const rate = this.traits.ignoresRate === 'no' ? this.rate : 1;
    const { lacksFromMs } = this.traits;
    const untilMs = this.positionMs < lacksFromMs ? Math.min(this.#endMs, lacksFromMs) : this.positionMs;
    this.positionMs = Math.min(untilMs, this.positionMs + movedMs * rate * (1 + this.traits.skew));
    this.nowMs = toMs;
    if (this.ended) this.paused = true;
  }
}
