// Reports to the server how this player is doing.

import type { RoomSession } from '../types.js';
import type { ControllerStep } from './controller.js';
import { BUFFERING_MS, REPORT_MS } from './tuning.js';


/** Sends the reports that feed the host's view, the metrics, and a room that waits for stalls. */
export class Reporter {
  readonly #session: RoomSession;
  #starvedSince: number | null = null;
  #buffering = false;
  #followed = false;
  #reportedAt = -Infinity;
  #reporting = false;

  constructor(session: RoomSession) {
    this.#session = session;
  }

  saw({ phase, driftMs }: ControllerStep, uncertaintyMs: number | null, localMs: number): void {
    this.#followed ||= phase === 'following';
    // A player that is slow to join holds up nobody.
    const starved = phase === 'starved' && this.#followed;
    this.#starvedSince = starved ? (this.#starvedSince ?? localMs) : null;
    if (this.#session.getSnapshot().connection !== 'open') return;
    const lasting = this.#starvedSince !== null && localMs - this.#starvedSince >= BUFFERING_MS;
    if (lasting !== this.#buffering) {
      this.#buffering = lasting;
      void this.#session.buffering(lasting).catch(() => undefined);
    }
    if (phase !== 'following' || driftMs === null || uncertaintyMs === null) return;
    if (this.#reporting || localMs - this.#reportedAt < REPORT_MS) return;
    this.#reportedAt = localMs;
    this.#reporting = true;
    const over = () => (this.#reporting = false);
    // A report that is refused or lost is superseded by the next one.
    void this.#session.syncReport(driftMs, uncertaintyMs).then(over, over);
  }
}
