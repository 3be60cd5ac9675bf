// Reports to the server how this player is doing.

import type { PlayerAdapter } from '../adapters/adapter.js';
import { lengthOf } from '../expected.js';
import { commandsPlayback } from '../role.js';
import type { RoomSession } from '../types.js';
import type { Measured } from '../wire.js';
import type { ControllerStep } from './controller.js';
import { BUFFERING_MS, REPORT_MS } from './tuning.js';

/** A duration that is off by less is near enough; so much follows from when sound and picture end. */
const DURATION_NEAR_MS = 250;
/** A measurement that didn't change anything is reported again this much later. */
const MEASURE_AGAIN_MS = 5_000;

/** Sends the reports that feed the host's view, the metrics, and a room that waits for stalls. */
export class Reporter {
  readonly #session: RoomSession;
  /** Plays this media. */
  #adapter: PlayerAdapter | null = null;
  #mediaId: string | undefined;
  #measuredAt = -Infinity;
  #starvedSince: number | null = null;
  #buffering = false;
  #followed = false;
  #reportedAt = -Infinity;
  #reporting = false;

  constructor(session: RoomSession) {
    this.#session = session;
  }

  /** The player that plays the room's media from now on. */
  set adapter(adapter: PlayerAdapter) {
    this.#adapter = adapter;
    this.#mediaId = this.#session.getSnapshot().media?.media_id;
  }

  saw({ phase, driftMs }: ControllerStep, uncertaintyMs: number | null, localMs: number): void {
    this.#followed ||= phase === 'following';
    // A player that is slow to join holds up nobody.
    const starved = phase === 'starved' && this.#followed;
    this.#starvedSince = starved ? (this.#starvedSince ?? localMs) : null;
    const { connection, media } = this.#session.getSnapshot();
    if (connection !== 'open') return;
    this.#measure(phase === 'finished', localMs);
    const lasting = this.#starvedSince !== null && localMs - this.#starvedSince >= BUFFERING_MS;
    if (lasting !== this.#buffering) {
      this.#buffering = lasting;
      void this.#session.buffering(lasting).catch(() => undefined);
    }
    if (phase !== 'following' || driftMs === null || uncertaintyMs === null) return;
    // Its distance from the edge says nothing about the pictures that others see.
    if (media?.live && media.timeline.kind === 'playlist') return;
    if (this.#reporting || localMs - this.#reportedAt < REPORT_MS) return;
    this.#reportedAt = localMs;
    this.#reporting = true;
    const over = () => (this.#reporting = false);
    // A report that is refused or lost is superseded by the next one.
    void this.#session.syncReport(driftMs, uncertaintyMs).then(over, over);
  }

  /** Reports what the room's media really is, if this person commands playback and the server has only an estimate or nothing. */
  #measure(atEnd: boolean, localMs: number): void {
    const { me, media } = this.#session.getSnapshot();
    const adapter = this.#adapter;
    if (localMs - this.#measuredAt < MEASURE_AGAIN_MS || !media || media.live) return;
    if (!adapter || media.media_id !== this.#mediaId || !commandsPlayback(me.role)) return;
    const { durationMs = NaN, origin } = adapter.measured?.() ?? { durationMs: atEnd ? adapter.duration() : NaN };
    const facts: Measured = { media_id: media.media_id };
    const offMs = Math.abs(durationMs - (media.duration_ms ?? 0));
    const isNews = durationMs < Infinity && offMs > DURATION_NEAR_MS;
    if (lengthOf(media) == null && isNews) facts.duration_ms = Math.round(durationMs);
    if (media.timeline?.kind === 'playlist' && origin) facts.origin = origin;
    if (!facts.duration_ms && !facts.origin) return;
    this.#measuredAt = localMs;
    void this.#session.measured(facts).catch(() => undefined);
  }
}
