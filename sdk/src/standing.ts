/** How far a standing player may be off. */
const NEAR_MS = 40;
const TRIES = 2;
const SEEK_TIMEOUT_MS = 3_000;

interface Stander {
  positionMs: number;
  ready: boolean;
}

/** Holds a paused player in one place, without seeking for ever to a place that the media doesn't have. */
export class Standing {
  #tries = 0;
  #gaveUpAtMs: number | null = null;
  #soughtAtMs: number | null = null;

  reset(): void {
    this.#tries = 0;
    this.#gaveUpAtMs = null;
    this.#soughtAtMs = null;
  }

  /** `there` also when no seek brings it closer. */
  check(localMs: number, player: Stander, targetMs: number): 'there' | 'moving' | 'seek' {
    if (this.#soughtAtMs !== null && !player.ready && localMs - this.#soughtAtMs < SEEK_TIMEOUT_MS) return 'moving';
    this.#soughtAtMs = null;
    if (Math.abs(player.positionMs - targetMs) <= NEAR_MS) {
      this.#tries = 0;
      this.#gaveUpAtMs = null;
      return 'there';
    }
    // Tried again only after something else has moved the player.
    if (this.#gaveUpAtMs !== null && Math.abs(player.positionMs - this.#gaveUpAtMs) <= NEAR_MS) return 'there';
    if (this.#tries >= TRIES) {
      this.#tries = 0;
      this.#gaveUpAtMs = player.positionMs;
      return 'there';
    }
    this.#tries += 1;
    this.#soughtAtMs = localMs;
    return 'seek';
  }
}
