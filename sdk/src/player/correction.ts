import { clamp } from '../number.js';
import type { Correcting } from './profile.js';
import { CLOSE_MS, DEAF_MS, RATE_NEAR } from './tuning.js';


/** What the rate is decided from. */
export interface RateInputs {
  localMs: number;
  /** Since the last look, and so about until the next one. */
  stepMs: number;
  roomRate: number;
  /** The rate that the player says it has. */
  playerRate: number;
  rates: 'continuous' | readonly number[];
  minRate: number;
  maxRate: number;
  positionErrorMs: number;
  /** The player's drift without its outliers. */
  driftMs: number;
}

/** Has a say in the rate before a gap does. */
export interface Pacing {
  /** The rate to play at; null leaves it to the room and the gap. A gap that has to be closed is `engaged`. */
  rate(inputs: RateInputs, engaged: boolean, profile: Correcting): number | null;
  /** Forgets what was seen. */
  stop(): void;
}

/** Closes a gap by playing a little faster or slower than the room. */
export class Correction {
  /** A player that has a few rates alone plays at the room's without it. */
  pacing?: Pacing | null;
  #engaged = false;
  /** What the player was told last, if that isn't the room's rate. */
  #told: number | null = null;
  #seenRate = Number.NaN;
  #obeyedAtMs = 0;
  #deaf = false;

  /** Whether the player turned out to ignore the rates it is given. */
  get deaf(): boolean {
    return this.#deaf;
  }

  /** Forgets the gap, not what the player can do. */
  stop(): void {
    this.#engaged = false;
    this.pacing?.stop();
    this.#told = null;
  }

  /** The room changed: a player that did not do the rates it was given gets another chance. */
  forget(): void {
    this.#deaf = false;
    this.#obeyedAtMs = Infinity;
  }

  /** The rate to play at. */
  rate(inputs: RateInputs, profile: Correcting): number {
    const rate = this.#deaf ? inputs.roomRate : this.#choose(inputs, profile);
    this.#listen(inputs, rate);
    return rate;
  }

  #choose(inputs: RateInputs, profile: Correcting): number {
    const { driftMs, stepMs, roomRate, rates, positionErrorMs } = inputs;
    const fromMs = Math.max(profile.fromMs, positionErrorMs);
    const untilMs = Math.max(profile.untilMs, positionErrorMs / 4);
    this.#engaged = Math.abs(driftMs) > (this.#engaged ? untilMs : fromMs);
    const most = this.#engaged ? mostAt(profile, Math.abs(driftMs)) : 0;
    const paced = this.pacing?.rate(inputs, most > 0, profile) ?? null;
    if (paced !== null || rates !== 'continuous' || !this.#engaged) return paced ?? roomRate;
    const part = clamp(driftMs / Math.max(CLOSE_MS, 2 * stepMs), -most, most);
    return clamp(roomRate * (1 - part), inputs.minRate, inputs.maxRate);
  }

  #listen({ localMs, playerRate, roomRate }: RateInputs, rate: number): void {
    const told = this.#told ?? playerRate;
    // One that changes is on its way.
    if (this.#obeyedAtMs === Infinity || Math.abs(playerRate - told) < RATE_NEAR * told || playerRate !== this.#seenRate) this.#obeyedAtMs = localMs;
    else if (localMs - this.#obeyedAtMs >= DEAF_MS) this.#deaf = true;
    this.#seenRate = playerRate;
    this.#told = Math.abs(rate - roomRate) < RATE_NEAR ? null : rate;
  }
}

function mostAt(profile: Correcting, driftMs: number): number {
  const tier = profile.tiers.find(({ withinMs }) => driftMs <= withinMs) ?? profile.tiers.at(-1);
  return tier?.most ?? 0;
}
