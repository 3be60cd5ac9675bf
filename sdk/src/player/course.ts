import { AlignGuard } from './align-guard.js';
import { rateFor, type ControllerInputs } from './moment.js';
import { RATE_STEP } from './tuning.js';


export type ControllerAction =
  | { type: 'play' | 'pause' }
  | { type: 'seek'; positionMs: number }
  | { type: 'rate'; rate: number }
  | { type: 'ready'; version: number }
  | { type: 'ended'; mediaId: string };

export type ControllerPhase =
  | 'idle'
  | 'standing'
  /** Paused after a seek, until there is enough data to start. */
  | 'priming'
  /** Paused and ready, until the room passes by. */
  | 'armed'
  /** Started a moment ago; how exactly isn't known yet. */
  | 'settling'
  | 'following'
  | 'starved'
  | 'suspended'
  | 'held'
  | 'finished';

/** What asks for a new start: a command or the guard (`agreed`), or something else that moved the player (`foreign`). */
export type Cause = 'agreed' | 'foreign';

/** What all parts of the controller share: the phase, the drifts seen in it, and what this step does. */
export class Course {
  phase: ControllerPhase = 'idle';
  /** Local instant at which the phase began. */
  sinceMs = 0;
  drifts: number[] = [];
  actions: ControllerAction[] = [];
  wakeAtMs: number | undefined;
  readonly guard = new AlignGuard();

  /** A phase that is entered `again` begins anew. */
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

  /** Sets the rate nearest to `rate` that the player has. */
  setRate({ player }: ControllerInputs, rate: number): void {
    const wanted = rateFor(player.capabilities, rate);
    if (Math.abs(player.rate - wanted) > RATE_STEP) this.act({ type: 'rate', rate: wanted });
  }
}
