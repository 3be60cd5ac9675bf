// Holds a paused player in place.

/** How far off a paused player may be: rounding. Frames often begin at the very millisecond at which a room is paused. */
const NEAR_MS = 0.004;
/** A gap up to this is the player's own inaccuracy; beyond it something has moved the player. */
const SMALL_MS = 40;
const SEEK_TIMEOUT_MS = 3_000;

interface PausedPlayer {
  positionMs: number;
  ready: boolean;
}

/** Puts a paused player in place with one seek, and seeks again only after something has moved it. */
export class Standing {
  #soughtAtMs: number | null = null;
  /** Where a seek landed that didn't reach its target, because the media has no such position. */
  #landedMs = NaN;
  #refined = false;

  /** Returns what to do; `there` also if no seek would bring the player closer. */
  check(localMs: number, player: PausedPlayer, targetMs: number): 'there' | 'moving' | 'seek' {
    const soughtAtMs = this.#soughtAtMs;
    if (soughtAtMs !== null && !player.ready && localMs - soughtAtMs < SEEK_TIMEOUT_MS) return 'moving';
    this.#soughtAtMs = null;
    const offMs = Math.abs(player.positionMs - targetMs);
    if (offMs <= NEAR_MS) return 'there';
    if (soughtAtMs !== null) this.#landedMs = player.positionMs;
    if (Math.abs(player.positionMs - this.#landedMs) <= SMALL_MS) return 'there';
    // A player that can't seek exactly would be sought for ever.
    if (offMs <= SMALL_MS && this.#refined) return 'there';
    this.#refined ||= offMs <= SMALL_MS;
    this.#soughtAtMs = localMs;
    return 'seek';
  }
}
