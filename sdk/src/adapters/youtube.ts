// The adapter that plays YouTube videos through the IFrame Player API.

import { Emitter } from '../emitter.js';
import { PlayheadError } from '../error.js';
import type { AdapterErrorCode } from '../types.js';
import type { Media } from '../wire.js';
import type { AdapterCapabilities, AdapterEvent, PlayerAdapter } from './adapter.js';
import { Asked } from './asked.js';
import { loadYouTubeApi, YOUTUBE_ERRORS, YOUTUBE_STATES, type YouTubeApi, type YouTubePlayer } from './youtube-api.js';
import { Landing } from './youtube-landing.js';
import { youtubeVideoId } from './youtube-video-id.js';
import { Waiters } from './youtube-waiters.js';

export { loadYouTubeApi, youtubeVideoId };
export type { YouTubeApi, YouTubePlayer };

/** Sets no cookies before playback. */
const HOST = 'https://www.youtube-nocookie.com';
/** No controls, keyboard, full screen, annotations or related videos: the room decides what plays. */
const PLAYER_VARS = { autoplay: 0, controls: 0, disablekb: 1, fs: 0, iv_load_policy: 3, playsinline: 1, rel: 0 };
/**
 * The player reports its position about four times a second, stamped by another process and extrapolated by a clock of
 * whole milliseconds, so it is off by up to about 20 ms. A pulse of the smallest step, 25 %, starts and ends late by a
 * message and an audio buffer. Closing a gap smaller than this would move the player further than the gap.
 */
const POSITION_ERROR_MS = 80;
const PLAY_LEAD_MS = 300;
/** How long the player may take to report that it plays or is paused, … */
const STATE_GRACE_MS = 1_000;
/** … and that its rate has changed. */
const RATE_GRACE_MS = 600;
const LOOK_MS = 50;
/** A rate that YouTube never lists; a player that accepts it accepts any between the bounds of `CONTINUOUS`. */
const PROBE_RATE = 1.05;
const CONTINUOUS = { least: 0.25, most: 2 };
const RATE_NEAR = 1e-3;

export interface YouTubeOptions {
  /** The namespace of the IFrame Player API, if the page has loaded it already. */
  YT?: YouTubeApi;
  /** Loads the API when a video is first selected; `loadYouTubeApi` by default. */
  loadApi?: () => Promise<YouTubeApi>;
  /** Returns the id of the video, or null if the media isn't one; `youtubeVideoId` by default. */
  videoId?: (media: Media) => string | null;
  /** The origin that serves the player; `https://www.youtube-nocookie.com` by default. */
  host?: string;
  /** Plays without sound. */
  muted?: boolean;
  /** Additional player parameters, such as `hl`. */
  playerVars?: Record<string, string | number>;
}

/**
 * Plays YouTube videos in an iframe inside `container`, which determines its size (at least 200 × 200 pixels).
 * YouTube itself chooses the quality, the subtitles and the audio track.
 */
export function youtubeAdapter(container: HTMLElement, options: YouTubeOptions = {}): PlayerAdapter {
  return new YouTubeAdapter(container, options);
}

class YouTubeAdapter implements PlayerAdapter {
  readonly #container: HTMLElement;
  readonly #options: YouTubeOptions;
  readonly #emitter = new Emitter<{ event: [AdapterEvent] }>();
  readonly #landing = new Landing();
  readonly #paused = new Asked(true, STATE_GRACE_MS);
  readonly #rate = new Asked(1, RATE_GRACE_MS);
  #capabilities = capabilitiesOf([]);
  #place: HTMLElement | null = null;
  #player: YouTubePlayer | null = null;
  #state: number = YOUTUBE_STATES.UNSTARTED;
  readonly #waiters = new Waiters();
  #started = false;
  /** Where to seek after the first start; before it, a seek would start playback. */
  #parkedMs: number | null = null;
  #priming: Promise<void> | null = null;
  #probing = false;
  #hushed = false;
  #failed = false;
  #destroyed = false;
  #lookTimer: ReturnType<typeof setInterval> | undefined;

  constructor(container: HTMLElement, options: YouTubeOptions) {
    this.#container = container;
    this.#options = options;
  }

  get capabilities(): AdapterCapabilities {
    return this.#capabilities;
  }

  async load(media: Media): Promise<void> {
    const videoId = (this.#options.videoId ?? youtubeVideoId)(media);
    if (videoId === null) throw this.#fail('format_unsupported', 'this is not a YouTube video');
    const player = await this.#open(await this.#api(), videoId);
    this.#player = player;
    this.#capabilities = capabilitiesOf(player.getAvailablePlaybackRates());
    this.#hush(player);
    try {
      await this.#prime(player);
    } catch (error) {
      // Blocked even without sound; the first gesture starts it.
      if (!(error instanceof PlayheadError) || error.code !== 'autoplay_blocked') throw error;
    }
  }

  position(): number {
    return this.#parkedMs ?? this.#landing.targetMs ?? this.#reportedMs();
  }

  duration(): number {
    // Zero until the metadata is known.
    return (this.#player?.getDuration() || NaN) * 1000;
  }

  paused(): boolean {
    return this.#priming !== null || this.#paused.read(!this.#moves(), performance.now());
  }

  ended(): boolean {
    return this.#state === YOUTUBE_STATES.ENDED && this.#landing.targetMs === null;
  }

  rate(): number {
    if (this.#probing) return this.#rate.value;
    return this.#rate.read(this.#player?.getPlaybackRate() ?? 1, performance.now());
  }

  setRate(rate: number): void {
    const wanted = Math.round(rate * 1000) / 1000;
    const now = performance.now();
    if (Math.abs(this.#rate.read(this.#player?.getPlaybackRate() ?? 1, now) - wanted) < RATE_NEAR / 2) return;
    this.#rate.ask(wanted, now);
    if (!this.#probing) this.#player?.setPlaybackRate(wanted);
  }

  seek(positionMs: number): void {
    const player = this.#player;
    if (player === null || !this.#started) {
      this.#parkedMs = positionMs;
      return;
    }
    // If something else has paused it, it stays paused once it arrives.
    this.#paused.settle(this.paused());
    // From any other state a seek starts the player.
    if (this.#paused.value && this.#state !== YOUTUBE_STATES.PAUSED) this.#hush(player);
    this.#landing.begin(positionMs, { nowMs: performance.now(), reportedMs: this.#reportedMs() });
    player.seekTo(positionMs / 1000, true);
    clearInterval(this.#lookTimer);
    this.#lookTimer = setInterval(() => this.#look(), LOOK_MS);
  }

  async play(): Promise<void> {
    const player = this.#player;
    if (player === null) throw failure('source_unreachable', 'no video is loaded yet');
    this.#unhush(player);
    if (!this.#started) return this.#prime(player);
    this.#paused.ask(false, performance.now());
    player.playVideo();
    if (this.#state !== YOUTUBE_STATES.PLAYING) await this.#waiters.reaches(YOUTUBE_STATES.PLAYING);
  }

  pause(): void {
    this.#paused.ask(true, performance.now());
    this.#player?.pauseVideo();
    this.#waiters.interrupt(failure('source_unreachable', 'the player was paused before it played'));
  }

  ready(): boolean {
    const { PLAYING, PAUSED, ENDED } = YOUTUBE_STATES;
    const stable = this.#state === PLAYING || this.#state === PAUSED || this.#state === ENDED;
    return stable && this.#started && !this.#failed && this.#landing.targetMs === null;
  }

  // The API doesn't allow choosing these.
  setRendition(): void {}
  setTextTrack(): void {}
  setAudioTrack(): void {}

  onEvent(listener: (event: AdapterEvent) => void): () => void {
    return this.#emitter.on('event', listener);
  }

  destroy(): void {
    this.#destroyed = true;
    clearInterval(this.#lookTimer);
    this.#emitter.clear();
    this.#waiters.interrupt(failure('source_unreachable', 'the player was closed'));
    this.#player?.destroy();
    this.#player = null;
    // The player's own `destroy` restores the element that it replaced.
    this.#place?.remove();
  }

  async #api(): Promise<YouTubeApi> {
    const { YT, loadApi = loadYouTubeApi } = this.#options;
    try {
      return YT ?? (await loadApi());
    } catch {
      throw this.#fail('source_unreachable', 'the YouTube player could not be loaded');
    }
  }

  /** Creates the iframe; resolves once its player is ready. */
  async #open(api: YouTubeApi, videoId: string): Promise<YouTubePlayer> {
    this.#mustLive();
    const { host = HOST, playerVars } = this.#options;
    const frame = document.createElement('div');
    const place = document.createElement('div');
    place.style.cssText = 'width: 100%; height: 100%';
    place.append(frame);
    this.#place = place;
    this.#container.append(place);
    const ready = this.#waiters.reaches(YOUTUBE_STATES.CUED);
    const player = new api.Player(frame, {
      host,
      videoId,
      width: '100%',
      height: '100%',
      playerVars: { ...PLAYER_VARS, origin: location.origin, ...playerVars },
      events: {
        onReady: () => this.#waiters.reached(YOUTUBE_STATES.CUED),
        onStateChange: ({ data }: { data: number }) => this.#heard(data),
        onError: ({ data }: { data: number }) => this.#broke(data),
        onAutoplayBlocked: () => this.#blocked(),
      },
    });
    try {
      await ready;
      this.#mustLive();
      return player;
    } catch (error) {
      player.destroy();
      throw error;
    }
  }

  /** Only a player that has played once knows its duration, loads while paused and stays paused after a seek. */
  #prime(player: YouTubePlayer): Promise<void> {
    this.#priming ??= this.#playOnce(player).finally(() => (this.#priming = null));
    return this.#priming;
  }

  async #playOnce(player: YouTubePlayer): Promise<void> {
    const plays = this.#waiters.reaches(YOUTUBE_STATES.PLAYING);
    player.playVideo();
    await plays;
    await this.#probe(player);
    this.#mustLive();
    const { PAUSED, ENDED } = YOUTUBE_STATES;
    const stands = this.#state === PAUSED || this.#state === ENDED ? null : this.#waiters.reaches(PAUSED);
    player.pauseVideo();
    await stands;
    this.#unhush(player);
    this.#started = true;
    const parkedMs = this.#parkedMs;
    this.#parkedMs = null;
    if (parkedMs !== null) this.seek(parkedMs);
  }

  /** Finds out, once and while it plays, whether the player accepts rates that it doesn't list. */
  async #probe(player: YouTubePlayer): Promise<void> {
    const listed = this.#capabilities.rates;
    if (listed === 'continuous' || listed.length === 0) return;
    this.#probing = true;
    player.setPlaybackRate(PROBE_RATE);
    const taken = await this.#saysRate(player, PROBE_RATE);
    this.#probing = false;
    if (this.#destroyed) return;
    if (taken) this.#capabilities = capabilitiesOf('continuous');
    this.#rate.ask(this.#rate.value, performance.now());
    player.setPlaybackRate(this.#rate.value);
  }

  async #saysRate(player: YouTubePlayer, rate: number): Promise<boolean> {
    for (const until = performance.now() + RATE_GRACE_MS; performance.now() < until && !this.#destroyed; ) {
      if (Math.abs(player.getPlaybackRate() - rate) < RATE_NEAR) return true;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return false;
  }

  #heard(state: number): void {
    const player = this.#player;
    if (this.#destroyed || player === null) return;
    const { PLAYING, PAUSED, BUFFERING, ENDED } = YOUTUBE_STATES;
    this.#state = state;
    if (state === PLAYING) {
      this.#failed = false;
      // Somebody clicked a player that wasn't allowed to start by itself.
      if (!this.#started) void this.#prime(player).catch(() => undefined);
      // A seek started it that should have left it paused.
      else if (this.#stands()) player.pauseVideo();
    }
    if (state === PAUSED && this.#started) this.#unhush(player);
    this.#waiters.reached(state === ENDED ? PAUSED : state);
    this.#look();
    if (this.#paused.value && state !== ENDED) return;
    if (state === PLAYING) this.#emit({ type: 'playing' });
    if (state === BUFFERING) this.#emit({ type: 'waiting' });
    if (state === ENDED) this.#emit({ type: 'ended' });
  }

  #look(): void {
    const player = this.#player;
    const targetMs = this.#landing.targetMs;
    if (player === null || targetMs === null) return;
    const seen = { nowMs: performance.now(), state: this.#state, reportedMs: this.#reportedMs(), stands: this.#paused.value };
    const found = this.#landing.look(seen);
    if (found === 'again') player.seekTo(targetMs / 1000, true);
    if (found === 'there') clearInterval(this.#lookTimer);
  }

  #broke(number: number): void {
    const { code, detail } = YOUTUBE_ERRORS[number] ?? YOUTUBE_ERRORS[5]!;
    this.#failed = true;
    this.#waiters.interrupt(this.#fail(code, detail));
  }

  #blocked(): void {
    this.#paused.ask(true, performance.now());
    this.#waiters.interrupt(this.#fail('autoplay_blocked', 'tap to start playback'));
  }

  #mustLive(): void {
    if (this.#destroyed) throw failure('source_unreachable', 'the player was closed');
  }

  /** Whether it should stay paused: it was asked to recently, or a seek is in progress. */
  #stands(): boolean {
    return this.#paused.value && (this.#landing.targetMs !== null || this.#paused.isFresh(performance.now()));
  }

  #moves(): boolean {
    // While it loads, it counts as doing what it was asked to.
    if (this.#state === YOUTUBE_STATES.BUFFERING) return !this.#paused.value;
    return this.#state === YOUTUBE_STATES.PLAYING;
  }

  #reportedMs(): number {
    const seconds = this.#player?.getCurrentTime();
    return Number.isFinite(seconds) ? seconds! * 1000 : 0;
  }

  #hush(player: YouTubePlayer): void {
    if (this.#hushed || (!this.#options.muted && player.isMuted())) return;
    this.#hushed = true;
    player.mute();
  }

  #unhush(player: YouTubePlayer): void {
    if (!this.#hushed || this.#options.muted) return;
    this.#hushed = false;
    player.unMute();
  }

  #fail(code: AdapterErrorCode, detail: string): PlayheadError {
    this.#emit({ type: 'error', code, detail });
    return failure(code, detail);
  }

  #emit(event: AdapterEvent): void {
    this.#emitter.emit('event', event);
  }
}

function capabilitiesOf(rates: 'continuous' | readonly number[]): AdapterCapabilities {
  const player = { kind: 'youtube', positionErrorMs: POSITION_ERROR_MS, playLeadMs: PLAY_LEAD_MS };
  if (rates === 'continuous') return { ...player, rates, minRate: CONTINUOUS.least, maxRate: CONTINUOUS.most };
  // Some videos play at a single rate, which isn't a choice.
  const steps = rates.length > 1 ? rates : [];
  return { ...player, rates: steps, minRate: Math.min(1, ...steps), maxRate: Math.max(1, ...steps) };
}

function failure(code: AdapterErrorCode, detail: string): PlayheadError {
  return new PlayheadError({ code, detail });
}
