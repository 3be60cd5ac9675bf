import type { AdapterEvent, PlayerAdapter, Selections } from './adapter.js';
import { Controller, type ControllerAction, type ControllerPhase, type ControllerStep } from './controller.js';
import { hlsAdapter, type HlsClass } from './hls.js';
import { html5Adapter, nativeDelivery } from './html5.js';
import { SnapshotStore } from './store.js';
import type { Timeline } from './timeline.js';
import type { Player, PlayerSnapshot, PlayerState, RoomSession } from './types.js';
import type { Media, Playback } from './wire.js';

const TICK_MS = 50;
/** Drift is published this often; states at once. */
const DRIFT_NOTICE_MS = 250;
/** A shorter lack of data is nobody else's business. */
const BUFFERING_MS = 1_500;

export interface PlayerOptions {
  /** The class of hls.js, or a function that loads it when an HLS media is first chosen. */
  hls?: HlsClass | (() => Promise<HlsClass>);
  /** Another player for a media; null leaves it to the two that come along. */
  adapter?: (media: Media, video: HTMLVideoElement) => PlayerAdapter | null;
}

/** Plays what the room watches in `video`, on the room's timeline, until destroyed. */
export function createPlayer(session: RoomSession, video: HTMLVideoElement, options: PlayerOptions = {}): Player {
  return new RoomPlayer(session, video, options);
}

const STATES: Record<ControllerPhase, PlayerState> = {
  idle: 'loading',
  standing: 'paused',
  priming: 'aligning',
  armed: 'aligning',
  settling: 'playing',
  following: 'playing',
  starved: 'buffering',
  suspended: 'paused',
  finished: 'paused',
};

class RoomPlayer implements Player {
  readonly #session: RoomSession;
  readonly #video: HTMLVideoElement;
  readonly #options: PlayerOptions;
  readonly #store = new SnapshotStore<PlayerSnapshot>({ state: 'idle', driftMs: null, degraded: false });
  readonly #unsubscribe: () => void;
  readonly #ticker: ReturnType<typeof setInterval>;
  #wakeTimer: ReturnType<typeof setTimeout> | undefined;
  #controller = new Controller();
  #adapter: PlayerAdapter | null = null;
  #media: Media | null = null;
  #loadedMediaId: string | null = null;
  #applied: Selections | null = null;
  #blocked = false;
  #error: PlayerSnapshot['error'];
  #driftNoticedAt = -Infinity;
  #starvedSince: number | null = null;
  #buffering = false;
  #destroyed = false;

  constructor(session: RoomSession, video: HTMLVideoElement, options: PlayerOptions) {
    this.#session = session;
    this.#video = video;
    this.#options = options;
    this.#unsubscribe = session.subscribe(this.#sync);
    this.#ticker = setInterval(this.#step, TICK_MS);
    document.addEventListener('visibilitychange', this.#step);
    this.#sync();
  }

  readonly getSnapshot = (): PlayerSnapshot => this.#store.getSnapshot();

  readonly subscribe = (listener: () => void): (() => void) => this.#store.subscribe(listener);

  async unblock(): Promise<void> {
    this.#blocked = false;
    // The gesture counts for a `play` that is called inside it, even if the controller pauses again at once.
    await this.#adapter?.play().catch(() => undefined);
    this.#step();
  }

  reload(): void {
    this.#media = null;
    this.#sync();
  }

  destroy(): void {
    this.#destroyed = true;
    clearInterval(this.#ticker);
    clearTimeout(this.#wakeTimer);
    document.removeEventListener('visibilitychange', this.#step);
    this.#unsubscribe();
    this.#adapter?.destroy();
    this.#adapter = null;
    this.#store.clear();
  }

  readonly #sync = (): void => {
    const { media, playback } = this.#session.getSnapshot();
    if (media?.media_id !== this.#media?.media_id) void this.#load(media);
    if (this.#loadedMediaId === playback.media_id) this.#select(selectionsOf(playback));
    this.#step();
  };

  async #load(media: Media | null): Promise<void> {
    this.#adapter?.destroy();
    this.#adapter = null;
    this.#media = media;
    this.#loadedMediaId = null;
    this.#error = undefined;
    this.#controller = new Controller();
    if (media === null) return;
    const adapter = await this.#adapterFor(media).catch(() => null);
    if (this.#media !== media || this.#destroyed) {
      adapter?.destroy();
      return;
    }
    if (adapter === null) {
      this.#error = { code: 'format_unsupported', detail: 'this browser cannot play this kind of media' };
      this.#step();
      return;
    }
    this.#adapter = adapter;
    adapter.onEvent((event) => this.#heard(event));
    const chosen = selectionsOf(this.#session.getSnapshot().playback);
    this.#applied = chosen;
    // A failed load has been told as an event; the adapter may still recover and resolve later.
    await adapter.load(media, chosen).then(
      () => this.#loaded(adapter, media),
      () => undefined,
    );
  }

  async #adapterFor(media: Media): Promise<PlayerAdapter | null> {
    const { hls, adapter } = this.#options;
    const own = adapter?.(media, this.#video) ?? null;
    if (own !== null) return own;
    const isHls = media.delivery.some(({ type }) => type === 'hls');
    if (isHls && hls !== undefined) {
      const Hls = 'isSupported' in hls ? hls : await hls();
      if (Hls.isSupported()) return hlsAdapter(this.#video, Hls);
    }
    return nativeDelivery(media, this.#video) === undefined ? null : html5Adapter(this.#video);
  }

  #loaded(adapter: PlayerAdapter, media: Media): void {
    if (adapter !== this.#adapter) return;
    this.#loadedMediaId = media.media_id;
    this.#sync();
  }

  #select(next: Selections): void {
    const adapter = this.#adapter;
    const last = this.#applied;
    if (adapter === null) return;
    this.#applied = next;
    if (last?.rendition !== next.rendition) adapter.setRendition(next.rendition);
    if (last?.textTrack !== next.textTrack) adapter.setTextTrack(next.textTrack);
    if (last?.audioTrack !== next.audioTrack) adapter.setAudioTrack(next.audioTrack);
  }

  #heard(event: AdapterEvent): void {
    if (event.type === 'error' && event.code === 'autoplay_blocked') this.#blocked = true;
    else if (event.type === 'error') this.#error = { code: event.code, detail: event.detail };
    this.#step();
  }

  readonly #step = (): void => {
    if (this.#destroyed) return;
    clearTimeout(this.#wakeTimer);
    const localMs = performance.now();
    const adapter = this.#adapter;
    if (adapter === null) {
      this.#publish(null, localMs);
      return;
    }
    // Data again: whatever failed has been got over.
    if (this.#error && this.#loadedMediaId !== null && adapter.ready()) this.#error = undefined;
    const step = this.#controller.step({
      localMs,
      offsetMs: this.#session.getSnapshot().clock?.offsetMs ?? null,
      timeline: this.#timeline(),
      player: {
        positionMs: adapter.position(),
        durationMs: finite(adapter.duration()),
        paused: adapter.paused(),
        ended: adapter.ended(),
        ready: adapter.ready(),
        rate: adapter.rate(),
        ...adapter.capabilities,
      },
      hidden: document.hidden,
      blocked: this.#blocked,
    });
    for (const action of step.actions) this.#carryOut(action, adapter);
    if (step.wakeAtMs !== undefined && step.wakeAtMs - localMs < 2 * TICK_MS) {
      this.#wakeTimer = setTimeout(this.#step, Math.max(0, step.wakeAtMs - localMs));
    }
    this.#reportBuffering(step.phase === 'starved', localMs);
    this.#publish(step, localMs);
  };

  #timeline(): Timeline | null {
    const { connection, media, playback, me } = this.#session.getSnapshot();
    const loaded = media !== null && media.media_id === this.#loadedMediaId && playback.media_id === media.media_id;
    if (!loaded || connection === 'closed') return null;
    const waiting = playback.status === 'waiting' ? playback.waiting : null;
    const named = waiting?.waiting_for.participant_ids ?? [];
    // Only the first are named; beyond them the server knows who is meant.
    const concerned = waiting && (named.includes(me.participant_id) || waiting.waiting_for.count > named.length);
    return {
      mediaId: media.media_id,
      status: playback.status,
      positionMs: playback.position_ms,
      anchorAtMs: playback.anchor_at_ms,
      rate: playback.rate,
      durationMs: media.duration_ms ?? null,
      live: media.live,
      barrier: concerned ? waiting.since_version : null,
    };
  }

  #carryOut(action: ControllerAction, adapter: PlayerAdapter): void {
    const ignore = () => undefined;
    switch (action.type) {
      case 'play':
        void adapter.play().catch(ignore);
        break;
      case 'pause':
        adapter.pause();
        break;
      case 'seek':
        adapter.seek(action.positionMs);
        break;
      case 'rate':
        adapter.setRate(action.rate);
        break;
      case 'ready':
        void this.#session.ready(action.version).catch(ignore);
        break;
      case 'ended':
        if (this.#commandsPlayback()) void this.#session.ended(action.mediaId).catch(ignore);
        break;
    }
  }

  #commandsPlayback(): boolean {
    const { role } = this.#session.getSnapshot().me;
    return role === 'host' || role === 'co_host';
  }

  #reportBuffering(starved: boolean, localMs: number): void {
    this.#starvedSince = starved ? (this.#starvedSince ?? localMs) : null;
    const lasting = this.#starvedSince !== null && localMs - this.#starvedSince >= BUFFERING_MS;
    if (lasting === this.#buffering || this.#session.getSnapshot().connection !== 'open') return;
    this.#buffering = lasting;
    void this.#session.buffering(lasting).catch(() => undefined);
  }

  #publish(step: ControllerStep | null, localMs: number): void {
    const state = this.#stateOf(step);
    const last = this.#store.getSnapshot();
    const degraded = step?.degraded ?? false;
    const news = state !== last.state || degraded !== last.degraded || this.#error !== last.error;
    if (!news && localMs - this.#driftNoticedAt < DRIFT_NOTICE_MS) return;
    this.#driftNoticedAt = localMs;
    const driftMs = step?.driftMs == null ? null : Math.round(step.driftMs * 10) / 10;
    this.#store.update({ state, degraded, driftMs, error: this.#error });
  }

  #stateOf(step: ControllerStep | null): PlayerState {
    if (this.#error) return 'error';
    if (this.#media === null) return 'idle';
    if (step === null) return 'loading';
    if (this.#blocked && this.#session.getSnapshot().playback.status === 'playing') return 'blocked';
    return STATES[step.phase];
  }
}

function selectionsOf({ rendition, text_track, audio_track }: Playback): Selections {
  return { rendition, textTrack: text_track ?? null, audioTrack: audio_track ?? null };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
