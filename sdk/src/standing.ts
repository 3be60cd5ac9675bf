/** How far a standing player may be off: a quarter of a frame or less, so that all pages show the same one. */
const NEAR_MS = 8;
const SEEK_TIMEOUT_MS = 3_000;

interface Stander {
  positionMs: number;
  ready: boolean;
}

/** Holds a paused player in one place: one seek, and another only when something else has moved the player. */
export class Standing {
  #soughtAtMs: number | null = null;
  /** Where the seek led, if that wasn't the target: the media has no such place. */
  #landedMs: number | null = null;

  reset(): void {
    this.#soughtAtMs = null;
    this.#landedMs = null;
  }

  /** `there` also when no seek brings it closer. */
  check(localMs: number, player: Stander, targetMs: number): 'there' | 'moving' | 'seek' {
    const sought = this.#soughtAtMs !== null;
    if (sought && !player.ready && localMs - this.#soughtAtMs! < SEEK_TIMEOUT_MS) return 'moving';
    this.#soughtAtMs = null;
    if (isNear(player.positionMs, targetMs)) {
      this.#landedMs = null;
      return 'there';
    }
    if (sought) this.#landedMs = player.positionMs;
    if (this.#landedMs !== null && isNear(player.positionMs, this.#landedMs)) return 'there';
    this.#soughtAtMs = localMs;
    return 'seek';
  }
}

function isNear(aMs: number, bMs: number): boolean {
  return Math.abs(aMs - bMs) <= NEAR_MS;
}
