// The player: reads the clock and the adapter, and carries out what the controller decides.

import type { AdapterEvent, PlayerAdapter, Selections } from '../adapters/adapter.js';
import { DETAILS } from '../adapters/element.js';
import { commandsPlayback } from '../role.js';
import { SnapshotStore } from '../store.js';
import type {
  DeviceSettings,
  DeviceStore,
  Player,
  PlayerSnapshot,
  PlayerState,
  RoomSession,
  SyncProfile,
} from '../types.js';
import type { Media, Playback } from '../wire.js';
import { Alarm } from '../alarm.js';
import { chooseAdapter, type AdapterOptions } from './choose-adapter.js';
import { Controller, type ControllerStep } from './controller.js';
import type { ControllerAction, ControllerPhase } from './course.js';
import { deviceSettings, memoryDeviceStore, validOffset } from './device.js';
import type { Reporter } from './reporter.js';
import { timelineOf } from './timeline.js';
import { DRIFT_NOTICE_MS, FETCH_AGAIN_MS, TICK_MS } from './tuning.js';

export interface PlayerOptions extends AdapterOptions {
  /** Stores this device's offset, profile and learned leads; by default they last as long as the player. */
  device?: DeviceStore;
  /**
   * When the page itself started loading the room's file into the element, by `performance.now()`: it isn't loaded
   * again, and the player knows how long loading took.
   */
  loadingSinceMs?: number;
}

/** Plays what the room watches in `video`, on the room's timeline, until it is destroyed. */
export function createPlayer(session: RoomSession, video: HTMLVideoElement, options: PlayerOptions = {}): Player {
  return new RoomPlayer(session, video, options);
}

/** The state that a page sees in each phase; `paused` in all others. */
const STATES: Partial<Record<ControllerPhase, PlayerState>> = {
  idle: 'loading',
  priming: 'aligning',
  armed: 'aligning',
  settling: 'playing',
  following: 'playing',
  starved: 'buffering',
  held: 'held',
};
const UNMEASURED = { state: 'idle', driftMs: null, uncertaintyMs: null, degraded: false, inexact: false } as const;
const ignore = () => undefined;

class RoomPlayer implements Player {
  readonly #session: RoomSession;
  readonly #video: HTMLVideoElement;
  readonly #options: PlayerOptions;
  readonly #device: DeviceStore;
  #settings: DeviceSettings;
  readonly #store: SnapshotStore<PlayerSnapshot>;
  readonly #unsubscribe: () => void;
  readonly #ticker: ReturnType<typeof setInterval>;
  readonly #alarm: Alarm;
  /** Reports once the controller has followed. */
  #reporter: Reporter | undefined;
  #controller: Controller | undefined;
  #adapter: PlayerAdapter | undefined;
  #media: Media | null = null;
  /** Identifies the latest load; results of earlier ones are dropped. */
  #turn = 0;
  #loadedMediaId: string | null = null;
  #applied: Selections | undefined;
  #blocked = false;
  #error: PlayerSnapshot['error'];
  #held = false;
  /** Pending or done once the player has started. */
  #following: Promise<void> | undefined;
  #driftNoticedAt = -Infinity;
  #destroyed = false;

  constructor(session: RoomSession, video: HTMLVideoElement, options: PlayerOptions) {
    this.#session = session;
    this.#video = video;
    this.#options = options;
    this.#device = options.device ?? memoryDeviceStore();
    this.#settings = deviceSettings(this.#device.load());
    const { profile, offsetMs } = this.#settings;
    this.#store = new SnapshotStore<PlayerSnapshot>({ ...UNMEASURED, profile, offsetMs });
    this.#alarm = new Alarm(() => this.#step());
    this.#unsubscribe = session.subscribe(this.#sync);
    this.#ticker = setInterval(this.#step, TICK_MS);
    document.addEventListener('visibilitychange', this.#step);
    this.#sync();
  }

  readonly getSnapshot = (): PlayerSnapshot => this.#store.getSnapshot();

  readonly subscribe = (listener: () => void): (() => void) => this.#store.subscribe(listener);

  async unblock(): Promise<void> {
    this.#blocked = false;
    // The gesture only covers a `play` that is called inside it, even if the controller pauses again at once.
    await this.#adapter?.play().catch(ignore);
    this.#step();
  }

  position(): number | undefined {
    const adapter = this.#adapter;
    return adapter?.loose?.() ? undefined : adapter?.position();
  }

  hold(): void {
    this.#held = true;
    // What the page plays now has nothing to do with the room's rate.
    this.#adapter?.setRate(1);
    this.#step();
  }

  release(): void {
    this.#held = false;
    this.#step();
  }

  setProfile(profile: SyncProfile): void {
    this.#keep({ profile });
  }

  setOffset(offsetMs: number): void {
    this.#keep({ offsetMs: validOffset(offsetMs) });
  }

  reload(): void {
    this.#media = null;
    this.#sync();
  }

  destroy(): void {
    this.#destroyed = true;
    clearInterval(this.#ticker);
    this.#alarm.clear();
    document.removeEventListener('visibilitychange', this.#step);
    this.#unsubscribe();
    this.#adapter?.destroy();
    this.#adapter = undefined;
    this.#store.clear();
  }

  #keep(part: Partial<DeviceSettings>): void {
    this.#save(part);
    this.#step();
  }

  /** Keeps what another page has stored meanwhile, without applying it here. */
  #save(part: Partial<DeviceSettings>): void {
    this.#settings = deviceSettings({ ...this.#settings, ...part });
    const stored = deviceSettings(this.#device.load());
    const playLeadsMs = { ...stored.playLeadsMs, ...part.playLeadsMs };
    this.#device.save(deviceSettings({ ...stored, ...part, playLeadsMs }));
  }

  readonly #sync = (): void => {
    const { media, playback } = this.#session.getSnapshot();
    if (media?.media_id !== this.#media?.media_id) void this.#load(media);
    else if (media && media !== this.#media) {
      // Somebody has measured it.
      this.#media = media;
      this.#adapter?.learn?.(media);
    }
    if (this.#loadedMediaId === playback.media_id) this.#select(selectionsOf(playback));
    this.#step();
  };

  async #load(media: Media | null): Promise<void> {
    const turn = ++this.#turn;
    this.#adapter?.destroy();
    this.#adapter = undefined;
    this.#media = media;
    this.#loadedMediaId = null;
    this.#error = undefined;
    this.#controller = undefined;
    this.#following = undefined;
    if (!media) return;
    // What can't be fetched now may be fetched later.
    const adapter = await chooseAdapter(media, this.#video, this.#options).catch(ignore);
    if (turn !== this.#turn || this.#destroyed) {
      adapter?.destroy();
      return;
    }
    if (!adapter) {
      const code = adapter === null ? 'format_unsupported' : 'source_unreachable';
      this.#error = { code, detail: DETAILS[code] };
      this.#step();
      return;
    }
    this.#adapter = adapter;
    const { kind, playLeadMs } = adapter.capabilities;
    this.#controller = new Controller(this.#settings.playLeadsMs[kind] ?? playLeadMs);
    adapter.onEvent((event) => this.#heard(event));
    const chosen = selectionsOf(this.#session.getSnapshot().playback);
    // The page can only have started the first load.
    const beganMs = (this.#applied ? null : this.#options.loadingSinceMs) ?? performance.now();
    this.#applied = chosen;
    // A failed load was reported as an event; the adapter may still recover and resolve later.
    const expected = (inMs: number) => this.#session.expected(this.#session.now() + inMs);
    await adapter.load(this.#media ?? media, chosen, expected, this.#session).then(
      () => this.#loaded(adapter, media, performance.now() - beganMs),
      ignore,
    );
  }

  #loaded(adapter: PlayerAdapter, media: Media, tookMs: number): void {
    if (adapter !== this.#adapter) return;
    this.#loadedMediaId = media.media_id;
    if (adapter.loaded) this.#controller?.loaded(tookMs);
    this.#sync();
  }

  #select(next: Selections): void {
    const adapter = this.#adapter;
    const last = this.#applied;
    if (!adapter) return;
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
    this.#alarm.clear();
    const adapter = this.#adapter;
    const controller = this.#controller;
    if (!adapter || !controller) {
      this.#publish(null, performance.now());
      return;
    }
    // There is data again, so the failure is over.
    if (this.#error && this.#loadedMediaId && adapter.ready()) this.#error = undefined;
    // Read together: any time between the two would count as drift.
    const positionMs = adapter.position();
    const localMs = performance.now();
    const clock = this.#session.clock(localMs);
    const step = controller.step({
      localMs,
      offsetMs: clock && clock.offsetMs + this.#settings.offsetMs,
      aheadMs: this.#settings.offsetMs,
      timeline: timelineOf(this.#session.getSnapshot(), this.#loadedMediaId),
      player: {
        positionMs,
        durationMs: adapter.duration(),
        paused: adapter.paused(),
        ended: adapter.ended(),
        ready: adapter.ready(),
        rate: adapter.rate(),
        loaded: adapter.loaded?.bind(adapter),
        arriving: adapter.arriving?.(),
        capabilities: adapter.capabilities,
      },
      hidden: document.hidden && document.pictureInPictureElement !== this.#video,
      blocked: this.#blocked,
      held: this.#held,
      profile: this.#settings.profile,
    });
    if (adapter.loose?.()) step.driftMs = null;
    for (const action of step.actions) this.#carryOut(action, adapter);
    if (STATES[step.phase] === 'playing') this.#following ??= this.#fetchFollowing(controller, adapter);
    // Only a start has to be exact; anything else may come as late as a timer.
    if (step.wakeAtMs !== undefined && step.wakeAtMs - localMs < 2 * TICK_MS) {
      this.#alarm.set(step.wakeAtMs, step.phase === 'armed');
    }
    this.#learn(controller, adapter);
    this.#reporter?.saw(step, clock?.uncertaintyMs ?? null, localMs);
    this.#publish(step, localMs);
  };

  /** Fetched only now, so that the first frame doesn't wait for it; without it, gaps stay, so it is fetched again. */
  #fetchFollowing(controller: Controller, adapter: PlayerAdapter): Promise<void> {
    return import('./following.js').then(({ correctionFor, Reporter }) => {
      controller.correctWith(correctionFor(adapter, this.#video));
      if (adapter === this.#adapter) (this.#reporter ??= new Reporter(this.#session)).adapter = adapter;
    }).catch(() => void setTimeout(() => (this.#following = undefined), FETCH_AGAIN_MS));
  }

  #learn({ playLeadMs }: Controller, { capabilities }: PlayerAdapter): void {
    const { playLeadsMs } = this.#settings;
    if (playLeadsMs[capabilities.kind] === playLeadMs) return;
    this.#save({ playLeadsMs: { ...playLeadsMs, [capabilities.kind]: playLeadMs } });
  }

  #carryOut(action: ControllerAction, adapter: PlayerAdapter): void {
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
        this.#reportEnd(action);
        break;
    }
  }

  /** Ends what the room watches, unless it has gone elsewhere meanwhile: back by a seek, say. */
  #reportEnd({ mediaId, version }: { mediaId: string; version: number }): void {
    if (!commandsPlayback(this.#session.getSnapshot().me.role)) return;
    void this.#session.ended(mediaId, { expectedVersion: version }).catch(ignore);
  }

  #publish(step: ControllerStep | null, localMs: number): void {
    const state = this.#stateOf(step);
    const last = this.#store.getSnapshot();
    const degraded = step?.degraded ?? false;
    const { profile, offsetMs } = this.#settings;
    const inexact = this.#adapter?.inexact?.() ?? false;
    const now = { state, degraded, inexact, profile, offsetMs, error: this.#error };
    const news = Object.entries(now).some(([key, value]) => last[key as keyof PlayerSnapshot] !== value);
    if (!news && localMs - this.#driftNoticedAt < DRIFT_NOTICE_MS) return;
    this.#driftNoticedAt = localMs;
    const uncertaintyMs = tenths(this.#session.clock(localMs)?.uncertaintyMs ?? null);
    this.#store.update({ ...now, driftMs: tenths(step?.driftMs ?? null), uncertaintyMs });
  }

  #stateOf(step: ControllerStep | null): PlayerState {
    if (this.#error) return 'error';
    if (!this.#media) return 'idle';
    if (!step) return 'loading';
    if (this.#blocked && this.#session.getSnapshot().playback.status === 'playing') return 'blocked';
    return STATES[step.phase] ?? 'paused';
  }
}

function selectionsOf({ rendition, text_track, audio_track }: Playback): Selections {
  return { rendition, textTrack: text_track ?? null, audioTrack: audio_track ?? null };
}

function tenths(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms * 10) / 10;
}
