// Keeps a playing player in place.

import { median } from '../number.js';
import type { Correction } from './correction.js';
import type { Cause, Course } from './course.js';
import { driftOf, type ControllerInputs, type Moment } from './moment.js';
import { ALIGN_MS, BEYOND_STEPS, COMMAND_ALIGN_MS, JUMP_MS, MEDIAN_OF, SLOW_MS, STARVED_ALIGN_MS } from './tuning.js';

/** Watches the drift of a playing player and corrects it by rate. */
export class Follow {
  /** The player's drift without outliers; null if this step measured none. */
  driftMs: number | null = null;
  /** Closes gaps by rate; fetched once the player has started, until when it plays at the room's rate. */
  correction: Correction | undefined;
  readonly #course: Course;
  #beyond = 0;
  #last: ControllerInputs | undefined;
  /** How far the player moved since the last step beyond what it played. */
  #jumpMs = 0;

  constructor(course: Course) {
    this.#course = course;
  }

  /** Begins a step. */
  begin(inputs: ControllerInputs): void {
    const { localMs, player } = inputs;
    const last = this.#last ?? inputs;
    this.#last = inputs;
    this.driftMs = null;
    const stepMs = (this.#course.stepMs = localMs - last.localMs);
    this.#jumpMs = Math.abs(player.positionMs - last.player.positionMs - stepMs * last.player.rate);
    if (stepMs > SLOW_MS) this.#course.drifts = [];
  }

  /** Forgets what a new start invalidates. */
  rest(): void {
    this.#course.drifts = [];
    this.#beyond = 0;
    this.correction?.stop();
  }

  /** Returns why to start anew at once: after a command, after a stall, or because something else moved the player. */
  judge(now: Moment): Cause | null {
    const { phase, guard } = this.#course;
    const { positionErrorMs } = now.player.capabilities;
    const off = Math.abs(driftOf(now));
    if (now.changed && off > COMMAND_ALIGN_MS) return 'agreed';
    if (phase === 'following' && off > alignMsOf(now) && this.#jumpMs > JUMP_MS) return 'foreign';
    const lags = phase === 'starved' && off > Math.max(STARVED_ALIGN_MS, positionErrorMs);
    return lags && now.profile !== 'free' && guard.own(now.localMs, 'starved') ? 'agreed' : null;
  }

  /** Closes the gap by rate; returns `agreed` if only a new start helps. */
  correct(now: Moment): Cause | null {
    const { localMs, player, timeline, profile } = now;
    const course = this.#course;
    course.enter('following', now);
    course.drifts = [...(now.changed ? [] : course.drifts), driftOf(now)].slice(-MEDIAN_OF);
    const driftMs = median(course.drifts);
    this.driftMs = driftMs;
    this.#beyond = Math.abs(driftMs) > alignMsOf(now) ? this.#beyond + 1 : 0;
    if (this.#beyond >= BEYOND_STEPS && course.guard.own(localMs, 'drift')) return 'agreed';
    const gap = { localMs, stepMs: course.stepMs, roomRate: timeline.rate, playerRate: player.rate, driftMs };
    course.setRate(now, this.correction?.rate({ ...player.capabilities, ...gap }, profile) ?? timeline.rate);
    return null;
  }
}

/** The drift beyond which only a new start helps. */
function alignMsOf({ profile, player }: Moment): number {
  return Math.max(ALIGN_MS[profile], 2 * player.capabilities.positionErrorMs);
}
