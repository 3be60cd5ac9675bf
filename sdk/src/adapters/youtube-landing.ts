import { YOUTUBE_STATES } from './youtube-api.js';

/** A seek that makes the player load tells so within this. */
const QUIET_MS = 400;
/** A player that says it is at the target may still be about to load; within this it says that, too. */
const NEAR_QUIET_MS = 250;
/** So near the target, a position isn't one from before the seek, and needs no second try. */
const NEAR_MS = 60;
/** A position that hasn't changed by then never will: the seek led to where the player was. */
const STALE_MS = 1_500;
/** The first try may land on the keyframe before; then its data is there and the second one is exact. */
const TRIES = 2;

interface Goal {
  targetMs: number;
  /** What the player said before the seek. */
  fromMs: number;
  sinceMs: number;
  loaded: boolean;
  tries: number;
}

interface Seen {
  nowMs: number;
  state: number;
  /** What the player says; from before the seek until its next message. */
  toldMs: number;
  /** Whether it should stand still. */
  stands: boolean;
}

/** Follows a seek of a player that tells neither that it is seeking nor that it has arrived. */
export class Landing {
  #goal: Goal | null = null;

  /** Where a seek leads that is under way. */
  get targetMs(): number | null {
    return this.#goal?.targetMs ?? null;
  }

  begin(targetMs: number, { nowMs, toldMs }: Pick<Seen, 'nowMs' | 'toldMs'>): void {
    this.#goal = { targetMs, fromMs: toldMs, sinceMs: nowMs, loaded: false, tries: 1 };
  }

  /** `again` asks for the same seek once more. */
  look(seen: Seen): 'going' | 'again' | 'there' {
    const goal = this.#goal;
    if (goal === null) return 'there';
    if (seen.state === YOUTUBE_STATES.BUFFERING) goal.loaded = true;
    if (!hasArrived(goal, seen)) return 'going';
    if (seen.stands && Math.abs(seen.toldMs - goal.targetMs) > NEAR_MS && goal.tries < TRIES) {
      this.#goal = { ...goal, fromMs: seen.toldMs, sinceMs: seen.nowMs, loaded: false, tries: goal.tries + 1 };
      return 'again';
    }
    this.#goal = null;
    return 'there';
  }
}

function hasArrived(goal: Goal, { nowMs, state, toldMs, stands }: Seen): boolean {
  const { ENDED, PAUSED, PLAYING } = YOUTUBE_STATES;
  if (state !== ENDED && state !== (stands ? PAUSED : PLAYING)) return false;
  const tookMs = nowMs - goal.sinceMs;
  if (Math.abs(toldMs - goal.targetMs) <= NEAR_MS) return goal.loaded || tookMs >= NEAR_QUIET_MS;
  if (tookMs >= STALE_MS) return true;
  return toldMs !== goal.fromMs && (goal.loaded || tookMs >= QUIET_MS);
}
