/** How far a standing player may be off: so little that hardly ever a frame begins in between. */
const NEAR_MS = 1;
/** A gap up to this is the player's own inexactness, beyond it something has moved the player. */
const SMALL_MS = 40;
const SEEK_TIMEOUT_MS = 3_000;

interface Stander {
  positionMs: number;
  ready: boolean;
}

/** Holds a paused player in one place with one seek, and another only after something has moved it. */
export class Standing {
  #soughtAtMs: number | null = null;
  /** Where a seek led that didn't reach its target: the media has no such place. */
  #landedMs = Number.NaN;
  #refined = false;

  /** `there` also when no seek brings it closer. */
  check(localMs: number, player: Stander, targetMs: number): 'there' | 'moving' | 'seek' {
    const soughtAtMs = this.#soughtAtMs;
    if (soughtAtMs !== null && !player.ready && localMs - soughtAtMs < SEEK_TIMEOUT_MS) return 'moving';
    this.#soughtAtMs = null;
    const offMs = Math.abs(player.positionMs - targetMs);
    if (offMs <= NEAR_MS) return 'there';
    if (soughtAtMs !== null) this.#landedMs = player.positionMs;
    if (Math.abs(player.positionMs - this.#landedMs) <= SMALL_MS) return 'there';
    // A player that can't be placed exactly would be sought for ever.
    if (offMs <= SMALL_MS && this.#refined) return 'there';
    this.#refined ||= offMs <= SMALL_MS;
    this.#soughtAtMs = localMs;
    return 'seek';
  }
}
