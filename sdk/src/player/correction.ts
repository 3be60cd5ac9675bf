// Closes gaps by rate.

import { clamp } from '../number.js';
import type { SyncProfile } from '../types.js';
import { PROFILES, type Correcting } from './profile.js';
import { CLOSE_MS, DEAF_MS, RATE_NEAR } from './tuning.js';

/** What the rate depends on. */
export interface RateInputs {
  localMs: number;
  /** The time since the last step, and so roughly until the next one. */
  stepMs: number;
  roomRate: number;
  /** The rate that the player reports. */
  playerRate: number;
  rates: 'continuous' | readonly number[];
  minRate: number;
  maxRate: number;
  positionErrorMs: number;
  /** The player's drift without its outliers. */
  driftMs: number;
}

/** Chooses the rate before the gap does. */
export interface Pacing {
  /** Returns the rate to play at, or null to leave it to the gap, which is `engaged` if it has to be closed. */
  rate(inputs: RateInputs, engaged: boolean, profile: Correcting): number | null;
  /** Forgets what it has observed. */
  stop(): void;
}

/** Plays a little faster or slower than the room until the gap is closed. */
export class Correction {
  /** Without it, a player that only has a few rates plays at the room's. */
  readonly #pacing: Pacing | undefined;
  #engaged = false;
  /** The rate last requested, unless it is the room's. */
  #requested: number | null = null;
  #seenRate = 0;
  #obeyedAtMs = 0;
  #deaf = false;

  constructor(pacing?: Pacing) {
    this.#pacing = pacing;
  }

  /** Whether the player has turned out to ignore the rates it is given. */
  get deaf(): boolean {
    return this.#deaf;
  }

  /** Forgets the gap, but not what the player can do. */
  stop(): void {
    this.#engaged = false;
    this.#pacing?.stop();
    this.#requested = null;
  }

  /** Gives a player that ignored its rates another chance, because the room changed. */
  forget(): void {
    this.#deaf = false;
    this.#obeyedAtMs = Infinity;
  }

  /** Returns the rate to play at. */
  rate(inputs: RateInputs, profile: SyncProfile): number {
    const rate = this.#deaf ? inputs.roomRate : this.#choose(inputs, PROFILES[profile]);
    this.#listen(inputs, rate);
    return rate;
  }

  #choose(inputs: RateInputs, profile: Correcting): number {
    const { driftMs, stepMs, roomRate, rates, positionErrorMs } = inputs;
    const fromMs = Math.max(profile.fromMs, positionErrorMs);
    const untilMs = Math.max(profile.untilMs, positionErrorMs / 4);
    this.#engaged = Math.abs(driftMs) > (this.#engaged ? untilMs : fromMs);
    const most = this.#engaged ? mostAt(profile, Math.abs(driftMs)) : 0;
    const paced = this.#pacing?.rate(inputs, most > 0, profile) ?? null;
    if (paced !== null || rates !== 'continuous' || !this.#engaged) return paced ?? roomRate;
    const part = clamp(driftMs / Math.max(CLOSE_MS, 2 * stepMs), -most, most);
    return clamp(roomRate * (1 - part), inputs.minRate, inputs.maxRate);
  }

  #listen({ localMs, playerRate, roomRate }: RateInputs, rate: number): void {
    const requested = this.#requested ?? playerRate;
    // A rate that is still changing is on its way.
    if (this.#obeyedAtMs === Infinity || Math.abs(playerRate - requested) < RATE_NEAR * requested || playerRate !== this.#seenRate) this.#obeyedAtMs = localMs;
    else if (localMs - this.#obeyedAtMs >= DEAF_MS) this.#deaf = true;
    this.#seenRate = playerRate;
    this.#requested = Math.abs(rate - roomRate) < RATE_NEAR ? null : rate;
  }
}

function mostAt(profile: Correcting, driftMs: number): number {
  const tier = profile.tiers.find(({ withinMs }) => driftMs <= withinMs) ?? profile.tiers.at(-1);
  return tier?.most ?? 0;
}
