// Finds out when a seek of a YouTube player has arrived.

import { YOUTUBE_STATES } from './youtube-api.js';

/** If a seek makes the player load, it reports so within this. */
const QUIET_MS = 400;
/** A player that reports the target may still be about to load; it reports that within this. */
const NEAR_QUIET_MS = 250;
/** A position this near the target isn't from before the seek, and needs no second try. */
const NEAR_MS = 60;
/** A position that hasn't changed by then never will: the seek led to where the player already was. */
const STALE_MS = 1_500;
/** The first try may land on the keyframe before; with its data loaded, the second one is exact. */
const TRIES = 2;

interface Goal {
  targetMs: number;
  /** The position that the player reported before the seek. */
  fromMs: number;
  sinceMs: number;
  loaded: boolean;
  tries: number;
}

interface Seen {
  nowMs: number;
  state: number;
  /** The position that the player reports; until its next message, the one from before the seek. */
  reportedMs: number;
  /** Whether it should stay paused. */
  stands: boolean;
}

/** Tracks a seek of a player that reports neither that it is seeking nor that it has arrived. */
export class Landing {
  #goal: Goal | null = null;

  /** The target of the seek in progress, if any. */
  get targetMs(): number | null {
    return this.#goal?.targetMs ?? null;
  }

  begin(targetMs: number, { nowMs, reportedMs }: Pick<Seen, 'nowMs' | 'reportedMs'>): void {
    this.#goal = { targetMs, fromMs: reportedMs, sinceMs: nowMs, loaded: false, tries: 1 };
  }

  /** Returns how far the seek is; `again` asks for the same seek once more. */
  look(seen: Seen): 'going' | 'again' | 'there' {
    const goal = this.#goal;
    if (goal === null) return 'there';
    if (seen.state === YOUTUBE_STATES.BUFFERING) goal.loaded = true;
    if (!hasArrived(goal, seen)) return 'going';
    if (seen.stands && Math.abs(seen.reportedMs - goal.targetMs) > NEAR_MS && goal.tries < TRIES) {
      this.#goal = { ...goal, fromMs: seen.reportedMs, sinceMs: seen.nowMs, loaded: false, tries: goal.tries + 1 };
      return 'again';
    }
    this.#goal = null;
    return 'there';
  }
}

function hasArrived(goal: Goal, { nowMs, state, reportedMs, stands }: Seen): boolean {
  const { ENDED, PAUSED, PLAYING } = YOUTUBE_STATES;
  if (state !== ENDED && state !== (stands ? PAUSED : PLAYING)) return false;
  const tookMs = nowMs - goal.sinceMs;
  if (Math.abs(reportedMs - goal.targetMs) <= NEAR_MS) return goal.loaded || tookMs >= NEAR_QUIET_MS;
  if (tookMs >= STALE_MS) return true;
  return reportedMs !== goal.fromMs && (goal.loaded || tookMs >= QUIET_MS);
}
