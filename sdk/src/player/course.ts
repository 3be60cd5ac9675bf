// What all parts of the controller share.

import { AlignGuard } from './align-guard.js';
import { rateFor, type ControllerInputs } from './moment.js';
import { RATE_STEP } from './tuning.js';


export type ControllerAction =
  | { type: 'play' | 'pause' }
  | { type: 'seek'; positionMs: number }
  | { type: 'rate'; rate: number }
  | { type: 'ready'; version: number }
  | { type: 'ended'; mediaId: string; version: number };

export type ControllerPhase =
  | 'idle'
  | 'standing'
  /** Paused after a seek, until there is enough data to start. */
  | 'priming'
  /** Paused and ready, until the room passes by. */
  | 'armed'
  /** Just started; how accurately isn't known yet. */
  | 'settling'
  | 'following'
  | 'starved'
  | 'suspended'
  | 'held'
  | 'finished';

/** Why to start anew: a command, or the guard allowed it (`agreed`); or something else moved the player (`foreign`). */
export type Cause = 'agreed' | 'foreign';

/** The phase, the drifts observed in it, and the actions of this step. */
export class Course {
  phase: ControllerPhase = 'idle';
  /** Local instant at which the phase began. */
  sinceMs = 0;
  /** The time since the step before, in milliseconds. */
  stepMs = 0;
  drifts: number[] = [];
  actions: ControllerAction[] = [];
  wakeAtMs: number | undefined;
  readonly guard = new AlignGuard();

  /** Enters a phase; one that is already current begins anew only if `again`. */
  enter(phase: ControllerPhase, { localMs }: ControllerInputs, again = false): void {
    if (phase === this.phase && !again) return;
    if (phase === 'settling') this.drifts = [];
    this.phase = phase;
    this.sinceMs = localMs;
  }

  act(action: ControllerAction): void {
    this.actions.push(action);
  }

  pause({ player }: ControllerInputs): void {
    if (!player.paused) this.act({ type: 'pause' });
  }

  /** Sets the rate nearest to `rate` that the player supports. */
  setRate({ player }: ControllerInputs, rate: number): void {
    const wanted = rateFor(player.capabilities, rate);
    if (Math.abs(player.rate - wanted) > RATE_STEP) this.act({ type: 'rate', rate: wanted });
  }
}
