// A player as YouTube's iframe API has it, for the tests of the adapter.
import { YOUTUBE_STATES } from '../src/adapters/youtube-api.js';

const { UNSTARTED, PLAYING, PAUSED } = YOUTUBE_STATES;

interface Traits {
  blocks: (player: FakePlayer) => boolean;
  takesAnyRate: boolean;
  /** The error that it reports instead of playing. */
  error: number | null;
  rates: number[];
}

/** A player of the API that reports 30 ms late; the test scripts what it reports about seeks. */
export class FakePlayer {
  static traits: Traits;
  static last: FakePlayer | null = null;
  static made = 0;
  readonly calls: string[] = [];
  readonly options: any;
  /** What contained the place that it was given, when it was made. */
  readonly parent: HTMLElement | null;
  muted = false;
  /** Ignores every call. */
  deaf = false;
  destroyed = false;
  #state: number = UNSTARTED;
  #seconds = 0;
  #rate = 1;
  #durationSeconds = 0;

  constructor(place: HTMLElement, options: any) {
    FakePlayer.last = this;
    FakePlayer.made += 1;
    this.parent = place.parentElement;
    this.options = options;
    const { error } = FakePlayer.traits;
    this.#later(() => (error === null ? options.events.onReady() : options.events.onError({ data: error })));
  }

  tell(state: number, seconds = this.#seconds): void {
    this.#state = state;
    this.#seconds = seconds;
    if (state === PLAYING) this.#durationSeconds = 120;
    this.options.events.onStateChange({ data: state });
  }

  fail(number: number): void {
    this.options.events.onError({ data: number });
  }

  seeks(): string[] {
    return this.calls.filter((call) => call.startsWith('seek'));
  }

  playVideo(): void {
    this.calls.push('play');
    if (FakePlayer.traits.blocks(this)) this.#later(() => this.options.events.onAutoplayBlocked());
    else if (this.#state !== PLAYING) this.#later(() => this.tell(PLAYING));
  }

  pauseVideo(): void {
    this.calls.push('pause');
    this.#later(() => this.#state === PLAYING && this.tell(PAUSED));
  }

  seekTo(seconds: number): void {
    this.calls.push(`seek ${seconds}`);
  }

  setPlaybackRate(rate: number): void {
    this.calls.push(`rate ${rate}`);
    const { takesAnyRate, rates } = FakePlayer.traits;
    this.#later(() => {
      if (takesAnyRate || rates.includes(rate)) this.#rate = rate;
    });
  }

  mute(): void {
    this.calls.push('mute');
    this.muted = true;
  }

  unMute(): void {
    this.calls.push('unMute');
    this.muted = false;
  }

  isMuted = (): boolean => this.muted;
  getCurrentTime = (): number => this.#seconds;
  getDuration = (): number => this.#durationSeconds;
  getPlayerState = (): number => this.#state;
  getPlaybackRate = (): number => this.#rate;
  getAvailablePlaybackRates = (): number[] => FakePlayer.traits.rates;

  destroy(): void {
    this.destroyed = true;
  }

  #later(act: () => void): void {
    setTimeout(() => {
      if (!this.deaf) act();
    }, 30);
  }
}
