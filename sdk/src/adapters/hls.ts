// The adapter that plays HLS through hls.js.

import { clamp } from '../number.js';
import type { Media } from '../wire.js';
import type { Expected, FollowedRoom, Measurement, PlayerAdapter, Selections } from './adapter.js';
import { ElementAdapter } from './element.js';
import { PART_UNREACHABLE } from './failures.js';
import { LiveTimeline, type LiveDetails, type LiveFragment, type LiveHls } from './hls-live.js';
import { type Read, announced, begun, ended, readPlaylists } from './hls-playlist.js';
import { HlsPosition } from './hls-position.js';
import { HlsRecovery, type HlsFailure } from './hls-recovery.js';
import { decodedText } from './hls-text.js';
import { type HlsFragment, isMissing, TIMESTAMP_EVENTS } from './hls-timestamps.js';
import {
  type HlsCaptions,
  type HlsLevel,
  type HlsTrack,
  chooseLevels,
  indexOfTrack,
  numberNames,
  showCaptions,
  shownText,
} from './hls-tracks.js';

/** How long loading waits for the first fragment once the metadata is known. */
const FIRST_DATA_MS = 1_500;
/** Round trips before anything can be played: the playlists, then a fragment, which itself takes several. */
const FIRST_DATA_TRIPS = 6;
const FIRST_DATA_LEAD = { leastMs: 300, mostMs: 1_200 };
/** Loading doesn't start within the last frames. */
const BEFORE_END_MS = 1_000;
/** How many times a seek in live media is corrected if it lands further off … */
const LIVE_CORRECTIONS = 3;
/** … than this. */
const LIVE_NEAR_S = 0.0005;
const LIVE_SYNC_OFF = { maxLiveSyncPlaybackRate: 1, lowLatencyMode: false };
/** Advertisements that a playlist inserts would be played by each viewer at a time of its own, and empty the element for them. */
const INTERSTITIALS_OFF = { enableInterstitialPlayback: false };
/** How often loading is begun behind a missing piece, until anything is there, and how far apart. */
const SKIP_GAP_TRIES = 4;
const SKIP_GAP_EVERY_MS = 1_500;
/** The failure of hls.js at a piece that the playlist says is missing. */
const FRAG_GAP = 'fragGap';
/** A start that is scheduled is less far away. */
const SOON_MS = 2_000;
/** The event names of hls.js, repeated here so that its module isn't needed for them. */
export const HLS_EVENTS = {
  MANIFEST_LOADED: 'hlsManifestLoaded',
  MANIFEST_PARSED: 'hlsManifestParsed',
  SUBTITLE_TRACKS_UPDATED: 'hlsSubtitleTracksUpdated',
  AUDIO_TRACKS_UPDATED: 'hlsAudioTracksUpdated',
  LEVEL_UPDATED: 'hlsLevelUpdated',
  ...TIMESTAMP_EVENTS,
  ERROR: 'hlsError',
} as const;

/** The part of an hls.js 1.x instance that the adapter uses. */
export interface HlsInstance extends LiveHls {
  readonly levels: (HlsLevel & { details?: LiveDetails & { startSN: number; endSN: number; fragments: (HlsFragment & LiveFragment)[] } })[];
  currentLevel: number;
  readonly loadLevel: number;
  nextLoadLevel: number;
  autoLevelCapping: number;
  readonly bandwidthEstimate: number;
  readonly autoLevelEnabled: boolean;
  startLevel: number;
  readonly config: { startPosition: number };
  readonly subtitleTracks: HlsTrack[];
  subtitleTrack: number;
  subtitleDisplay: boolean;
  readonly audioTracks: HlsTrack[];
  audioTrack: number;
  on(event: any, listener: (...args: any[]) => void): void;
  loadSource(url: string): void;
  attachMedia(video: HTMLMediaElement): void;
  startLoad(startPosition: number): void;
  recoverMediaError(): void;
  destroy(): void;
}

/** The class that hls.js 1.x exports; the caller passes it, so that the SDK has no dependencies. */
export interface HlsClass {
  new (config?: any): HlsInstance;
  readonly DefaultConfig?: { loader?: unknown };
  isSupported(): boolean;
}

/** Plays HLS through hls.js. Its own live catch-up is off, because it would fight the room over the rate. */
export function hlsAdapter(video: HTMLVideoElement, Hls: HlsClass): PlayerAdapter {
  return new HlsAdapter(video, Hls);
}

class HlsAdapter extends ElementAdapter {
  readonly #class: HlsClass;
  #hls: HlsInstance | null = null;
  /** Of live media whose players share positions. */
  #live: LiveTimeline | null = null;
  /** A seek in live media that may still be put right. */
  #soughtLive: { positionMs: number; corrections: number } | null = null;
  #selections: Selections = { rendition: 'auto', textTrack: null, audioTrack: null };
  /** The level that is played until another is chosen. */
  #pinned: HlsLevel | undefined;
  #captions: HlsCaptions[] = [];
  #expected: Expected = () => 0;
  /** The most recently requested fragment of each type. */
  readonly #loading = new Map<string, HlsFragment>();
  #arrivedBytes = 0;
  #firstDataTimer: ReturnType<typeof setTimeout> | undefined;
  #skipTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #position: HlsPosition;
  readonly #recovery = new HlsRecovery(this, {
    loadOn: (rereads) => this.#loadOn(rereads),
    decodeAnew: () => this.#hls?.recoverMediaError(),
  });

  constructor(video: HTMLVideoElement, Hls: HlsClass) {
    super(video, 'hls');
    this.#position = new HlsPosition(video, () => this.#loadFromStart(), () => this.emit(PART_UNREACHABLE));
    for (const type of ['seeked', 'canplay', 'durationchange']) this.listen(type, () => this.#position.correct());
    this.#class = Hls;
    this.listen('timeupdate', () => this.#position.isPastEnd && video.pause());
    this.listen('canplay', () => this.#recovery.succeeded());
  }

  async load(media: Media, selections: Selections, expected: Expected, room?: FollowedRoom): Promise<void> {
    const delivery = media.delivery.find(({ type }) => type === 'hls');
    if (delivery === undefined) {
      this.fail('format_unsupported');
      return;
    }
    this.media = media;
    this.#recovery.begin(delivery.url, room);
    this.#selections = { ...selections };
    this.#expected = expected;
    const isFollowed = media.edge_at_ms !== undefined && room !== undefined;
    if (!isFollowed) this.#position.learn(media);
    const beginS = this.#wantedS();
    this.#position.begin(beginS * 1000, beginS);
    const loaders = { ...decodedText(this.#class), ...readPlaylists(this.#class, this.#read) };
    // The server has refused what can't be played. What hls.js would refuse beyond that is text that looks like a variable.
    const lenient = { ignorePlaylistParsingErrors: !media.live };
    const hls = new this.#class({ ...LIVE_SYNC_OFF, ...INTERSTITIALS_OFF, ...loaders, ...lenient, startPosition: beginS });
    this.#hls = hls;
    if (isFollowed) this.#followLive(hls, media, room);
    else this.#position.watch(hls);
    hls.on(HLS_EVENTS.MANIFEST_LOADED, (_event, { captions = [] }: { captions?: HlsCaptions[] }) => {
      this.#captions = captions;
    });
    hls.on(HLS_EVENTS.MANIFEST_PARSED, (_event, parsed: { audioTracks?: HlsTrack[]; subtitleTracks?: HlsTrack[] }) => {
      numberNames(parsed.audioTracks ?? []);
      numberNames(parsed.subtitleTracks ?? []);
      this.#pinned = undefined;
      this.#chooseLevel();
    });
    // hls.js makes its own choice right after these events; the room's has to come later.
    const chooseText = () => this.setTextTrack(this.#selections.textTrack);
    const chooseAudio = () => this.setAudioTrack(this.#selections.audioTrack);
    hls.on(HLS_EVENTS.SUBTITLE_TRACKS_UPDATED, () => queueMicrotask(chooseText));
    hls.on(HLS_EVENTS.AUDIO_TRACKS_UPDATED, () => queueMicrotask(chooseAudio));
    // Captions that are part of the picture get a track once they are met.
    this.listen('addtrack', chooseText, this.video.textTracks);
    hls.on(HLS_EVENTS.FRAG_LOADING, (_event, { frag }: { frag: HlsFragment }) => this.#loading.set(frag.type, frag));
    hls.on(HLS_EVENTS.ERROR, (_event, failure: HlsFailure) => {
      if (failure.fatal) void this.#recovery.failed(failure);
      else if (failure.details === FRAG_GAP) this.#skipGap(failure);
    });
    hls.loadSource(delivery.url);
    hls.attachMedia(this.video);
    await this.metadata();
    await this.#firstData();
  }

  /** The element only receives whole fragments; hls.js counts their bytes as they arrive. */
  override arriving(): boolean {
    const bytes = [...this.#loading.values()].reduce((sum, { stats }) => sum + stats.loaded, 0);
    // The count drops when the next fragment begins.
    if (bytes > this.#arrivedBytes) this.arrived();
    this.#arrivedBytes = bytes;
    return super.arriving();
  }

  /**
   * Loading begins where the room will be, so a seek that waits for it finds its data there. If the fragment doesn't
   * arrive in time, the seek goes ahead.
   */
  #firstData(): Promise<unknown> {
    const arrived = new Promise<void>((resolve) => {
      if (this.ready()) resolve();
      this.listen('canplay', resolve);
    });
    const late = new Promise((resolve) => (this.#firstDataTimer = setTimeout(resolve, FIRST_DATA_MS)));
    return Promise.race([arrived, late]);
  }

  #followLive(hls: HlsInstance, media: Media, room: FollowedRoom): void {
    const live = new LiveTimeline(hls, media, () => room.now());
    this.#live = live;
    this.capabilities.live = true;
    hls.on(HLS_EVENTS.LEVEL_UPDATED, (_event, { details }: { details: LiveDetails }) => {
      live.updated(details, this.#expected(leadMs()));
    });
  }

  /** Returns a playlist as hls.js is to read it: without what the server overlooks. */
  readonly #read: Read = (text, url, type) => {
    const read = announced(begun(text));
    return this.#position.told.stretched(this.media?.live ? read : ended(read), url, type);
  };

  override position(): number {
    return this.#live ? this.#live.positionAt(this.video.currentTime) : this.#position.position();
  }

  override duration(): number {
    if (this.#live) return this.#live.endMs();
    const endMs = this.#position.endMs();
    if (endMs !== null) return endMs;
    // Until the last fragment is there, the element only repeats what the playlist says.
    return this.media?.duration_ms == null ? super.duration() : NaN;
  }

  override seek(positionMs: number): void {
    if (!this.#live) {
      // A room that plays leaves missing pieces by itself, and the player has to be ready behind them by then.
      const plays = this.#expected(SOON_MS) > this.#expected(0);
      return this.#position.seek(plays ? this.#position.pastGap(positionMs) : positionMs);
    }
    this.#soughtLive = { positionMs, corrections: LIVE_CORRECTIONS };
    super.seek(this.#live.elementAt(positionMs) * 1000);
  }

  override ready(): boolean {
    if (this.#live) return super.ready() && this.#isLiveSettled(this.#live);
    // Asked first: it also notices seeks that are stuck.
    return this.#position.isSettled && super.ready();
  }

  /** Puts a seek right whose target turns out to be elsewhere once its pictures are there; false while it does. */
  #isLiveSettled(live: LiveTimeline): boolean {
    const sought = this.#soughtLive;
    if (sought === null) return true;
    const elementS = live.elementAt(sought.positionMs);
    // A player that runs is past it by now.
    if (this.video.paused && Math.abs(elementS - this.video.currentTime) > LIVE_NEAR_S && sought.corrections-- > 0) {
      super.seek(elementS * 1000);
      return false;
    }
    this.#soughtLive = null;
    return true;
  }

  override loaded(positionMs: number): boolean {
    return super.loaded(this.#live ? this.#live.elementAt(positionMs) * 1000 : this.#position.elementAt(positionMs));
  }

  learn(media: Media): void {
    this.media = media;
    if (!this.#live) this.#position.learn(media);
  }

  loose(): boolean {
    return this.#live?.isLoose ?? this.#position.standsStill;
  }

  inexact(): boolean {
    return this.#position.isInexact;
  }

  measured(): Measurement {
    return this.#position.measured();
  }

  /**
   * hls.js never loads anything if it is to begin at a piece that the playlist lacks (`EXT-X-GAP`), and the element would
   * know nothing and follow no seek: it begins at the next piece that exists, else at the first.
   */
  #skipGap({ frag, levelRetry }: HlsFailure): void {
    if (this.video.readyState > 0 || this.media?.live || levelRetry || frag?.type !== 'main') return;
    const { fragments } = this.#hls?.levels[frag.level ?? 0]?.details ?? { fragments: [] };
    const pieces = fragments.filter((piece: HlsFragment) => !isMissing(piece));
    const next = pieces.find(({ start }) => start > (frag.start ?? 0)) ?? pieces[0];
    if (next) this.#beginAt(next.start, SKIP_GAP_TRIES);
  }

  /** Loads from there on. hls.js may still be trying the missing piece, and abort this. */
  #beginAt(startS: number, tries: number): void {
    clearTimeout(this.#skipTimer);
    if (tries === 0) return;
    this.#skipTimer = setTimeout(() => {
      if (this.video.readyState > 0) return;
      if (tries === SKIP_GAP_TRIES || !this.arriving()) this.#hls?.startLoad(startS);
      this.#beginAt(startS, tries - 1);
    }, tries === SKIP_GAP_TRIES ? 0 : SKIP_GAP_EVERY_MS);
  }

  /** Loads the first fragment before any other, so that the element's times are the room's positions. */
  #loadFromStart(): void {
    const hls = this.#hls;
    if (hls === null) return;
    hls.config.startPosition = 0;
    hls.loadSource(this.#recovery.url);
  }

  setRendition(id: string): void {
    if (id === this.#selections.rendition) return;
    this.#selections.rendition = id;
    this.#chooseLevel();
  }

  setTextTrack(id: string | null): void {
    this.#selections.textTrack = id;
    const hls = this.#hls;
    if (hls === null) return;
    const shown = shownText(this.media, this.#selections);
    const index = shown?.channel ? -1 : indexOfTrack(hls.subtitleTracks, shown);
    hls.subtitleDisplay = index >= 0;
    if (hls.subtitleTrack !== index) hls.subtitleTrack = index;
    showCaptions(this.video, hls.subtitleTracks, this.#captions, shown);
  }

  setAudioTrack(id: string | null): void {
    this.#selections.audioTrack = id;
    const hls = this.#hls;
    if (hls === null) return;
    this.#chooseLevel();
    const index = indexOfTrack(hls.audioTracks, this.#audio());
    if (index >= 0 && hls.audioTrack !== index) hls.audioTrack = index;
    // Forced subtitles go with the language of the audio.
    this.setTextTrack(this.#selections.textTrack);
  }

  override destroy(): void {
    clearTimeout(this.#firstDataTimer);
    clearTimeout(this.#skipTimer);
    super.destroy();
    this.#hls?.destroy();
    this.#hls = null;
  }

  #audio(): Media['audio_tracks'][number] | undefined {
    return this.media?.audio_tracks.find((track) => track.id === this.#selections.audioTrack);
  }

  // `currentLevel` drops the buffer, so that all pages show the selected quality within seconds.
  #chooseLevel(): void {
    const hls = this.#hls;
    if (hls === null || hls.levels.length === 0) return;
    const rendition = this.media?.renditions.find((one) => one.id === this.#selections.rendition);
    const { pinned, cap } = chooseLevels(hls.levels, rendition, this.#audio(), hls.bandwidthEstimate);
    const level = hls.levels[pinned];
    if (level !== undefined && level !== this.#pinned) hls.currentLevel = pinned;
    // Setting it to automatic again would empty the buffer for nothing.
    else if (level === undefined && !hls.autoLevelEnabled) hls.currentLevel = -1;
    this.#pinned = level;
    if (hls.autoLevelCapping === cap) return;
    hls.autoLevelCapping = cap;
    if (cap >= 0 && hls.loadLevel > cap) hls.nextLoadLevel = cap;
  }

  // Until it has read a fragment, hls.js itself would start again at the beginning.
  #loadOn(rereads: boolean): void {
    const hls = this.#hls;
    if (hls === null) return;
    const positionMs = this.position();
    const wantedS = this.#wantedS();
    hls.config.startPosition = wantedS;
    if (!rereads) return hls.startLoad(wantedS);
    this.#position.begin(this.video.readyState > 0 ? positionMs : wantedS * 1000, wantedS);
    this.#live?.forget();
    hls.loadSource(this.#recovery.url);
  }

  /** Returns where to load, in seconds: the seek target if any, else where the room will be; -1 for a live edge. */
  #wantedS(): number {
    if (this.media?.live) return -1;
    if (this.video.readyState > 0) return this.video.currentTime;
    const mostMs = (this.media?.duration_ms ?? Infinity) - BEFORE_END_MS;
    return Math.max(0, Math.min(this.#expected(leadMs()), mostMs)) / 1000;
  }
}

/**
 * Estimates when the first fragment will have arrived, from the round trip of the page itself. A start that is ready
 * early waits; one that is ready late seeks further ahead.
 */
function leadMs(): number {
  const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  const tripMs = navigation === undefined ? 0 : navigation.responseStart - navigation.requestStart;
  const { leastMs, mostMs } = FIRST_DATA_LEAD;
  return clamp(leastMs + FIRST_DATA_TRIPS * tripMs, leastMs, mostMs);
}
