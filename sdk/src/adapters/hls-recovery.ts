// What to do when hls.js gives up: explains the failure, and loads again until there is something to play.

import type { FollowedRoom } from './adapter.js';
import type { ElementAdapter } from './element.js';
import { CORS_MISSING, DECODE_FAILED, MIXED_CONTENT, PART_UNREACHABLE } from './failures.js';
import { LAPSED, lookAgain } from './lapsed.js';
import { isMixed } from './mixed.js';
import { probeSource } from './probe.js';
import { Retry } from './retry.js';

const MEDIA_RECOVERIES = 2;
/** Failures this far apart are counted separately. */
const RECOVERED_MS = 30_000;
export const NETWORK_ERROR = 'networkError';
export const MEDIA_ERROR = 'mediaError';
/** Failures that no retry fixes. */
export const FORMAT_DETAILS = ['manifestParsingError', 'manifestIncompatibleCodecsError', 'bufferAddCodecError'];
/** A playlist that contradicts itself or the standard, or that is empty; a live one may be whole again later. */
export const PLAYLIST_DETAILS = ['levelParsingError', 'levelEmptyError'];

/** A failure as hls.js reports it; after a fatal one it does nothing more by itself. */
export interface HlsFailure {
  fatal: boolean;
  type: string;
  details: string;
  /** The response, if there was one. */
  response?: { code: number; url?: string };
  /** The address of the playlist that failed. */
  url?: string;
  /** The piece that failed. */
  frag?: { url?: string; type?: string; level?: number; start?: number };
  /** Whether hls.js goes on with another quality. */
  levelRetry?: boolean;
}

/** What a recovery makes of hls.js. */
interface Recoverable {
  /** Loads on where the player is wanted; if `rereads`, the playlist first, which fills the element anew. */
  loadOn(rereads: boolean): void;
  /** Decodes what is there anew. */
  decodeAnew(): void;
}

/** Recovers a player from the failures of hls.js. */
export class HlsRecovery {
  readonly #player: ElementAdapter;
  readonly #hls: Recoverable;
  readonly #retry: Retry;
  #url = '';
  #room: FollowedRoom | undefined;
  #hasLapsed = false;
  /** Whether there has been something to play, so that pages may read it. */
  #wasRead = false;
  /** Whether the playlist was read again at the last failure. */
  #isReread = false;
  #mediaFailures = 0;
  #mediaFailedAt = -Infinity;

  constructor(player: ElementAdapter, hls: Recoverable) {
    this.#player = player;
    this.#hls = hls;
    this.#retry = new Retry(player.over);
  }

  /** The newest address of the playlist. */
  get url(): string {
    return this.#url;
  }

  /** Begins with a playlist; `room` helps with media that can't be loaded. */
  begin(url: string, room: FollowedRoom | undefined): void {
    this.#url = url;
    this.#room = room;
  }

  /** Notes that there is something to play. */
  succeeded(): void {
    this.#hasLapsed = false;
    this.#wasRead = true;
    this.#isReread = false;
    this.#retry.succeeded();
  }

  /** Recovers from a fatal failure, or tells people why that is impossible. */
  async failed(failure: HlsFailure): Promise<void> {
    if (FORMAT_DETAILS.includes(failure.details)) this.#player.fail('format_unsupported');
    else if (PLAYLIST_DETAILS.includes(failure.details)) this.#playlistFailed(failure);
    else if (failure.type === NETWORK_ERROR) await this.#networkFailed(failure);
    else if (failure.type === MEDIA_ERROR) this.#decodingFailed();
    else this.#player.emit(DECODE_FAILED);
  }

  #playlistFailed(failure: HlsFailure): void {
    this.#player.emit({ type: 'error', code: 'manifest_invalid', detail: 'its playlist is empty or contradicts itself' });
    this.#retry.later(() => this.#loadAgain(failure));
  }

  async #networkFailed(failure: HlsFailure): Promise<void> {
    const player = this.#player;
    const found = isBlocked(failure) ? 'mixed_content' : await probeSource(this.#url);
    if (player.over.aborted) return;
    // If the playlist is readable, something it refers to can't be loaded. What is known of it isn't withdrawn at each try.
    if (found === 'mixed_content') player.emit(MIXED_CONTENT);
    else if (this.#hasLapsed) player.emit(LAPSED);
    else if (found === 'cors_missing' && !this.#isReadable()) player.emit(CORS_MISSING);
    else if (found === 'readable' && !isOfSource(failure)) player.emit(PART_UNREACHABLE);
    else player.fail('source_unreachable');
    this.#retry.later(() => this.#loadAgain(failure, found));
    const seen = await lookAgain(player.media, this.#room);
    if (player.over.aborted) return;
    this.#hasLapsed = seen === 'lapsed';
    if (seen === 'lapsed') player.emit(LAPSED);
    else this.#url = seen?.delivery.find(({ type }) => type === 'hls')?.url ?? this.#url;
  }

  /** Whether pages could read the playlist before: refusals often come without CORS headers. */
  #isReadable(): boolean {
    const delivery = this.#player.media?.delivery.find(({ type }) => type === 'hls');
    return this.#wasRead || ['any', 'origin'].includes(delivery?.cors ?? '');
  }

  #loadAgain(failure: HlsFailure, found?: string): void {
    const { code } = failure.response ?? {};
    // What a playlist names may have lapsed; read again, it names new addresses. That fills the element anew, so it is done
    // at every other refusal. One without CORS headers looks like no response at all.
    const isHidden = code === 0 && found === 'readable';
    const isRefused = isHidden || (code !== undefined && code >= 401 && code <= 410);
    this.#isReread = isRefused && !this.#isReread;
    this.#hls.loadOn(this.#isReread || isOfSource(failure));
  }

  #decodingFailed(): void {
    const now = performance.now();
    if (now - this.#mediaFailedAt > RECOVERED_MS) this.#mediaFailures = 0;
    this.#mediaFailedAt = now;
    this.#mediaFailures += 1;
    if (this.#mediaFailures > MEDIA_RECOVERIES) this.#player.emit(DECODE_FAILED);
    else this.#hls.decodeAnew();
  }
}

/** Whether the playlist that the source names couldn't be loaded, and not something that it refers to. */
function isOfSource({ details }: HlsFailure): boolean {
  return details.startsWith('manifest');
}

/** Whether browsers load nothing from there on this page. */
function isBlocked({ response, url, frag }: HlsFailure): boolean {
  const failedUrl = response?.url ?? url ?? frag?.url;
  return failedUrl !== undefined && isMixed(failedUrl, location.href);
}
