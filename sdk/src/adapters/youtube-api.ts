// The part of YouTube's IFrame Player API that the adapter uses.

import type { AdapterErrorCode } from '../types.js';

/** The player states of the API. */
export const YOUTUBE_STATES = { UNSTARTED: -1, ENDED: 0, PLAYING: 1, PAUSED: 2, BUFFERING: 3, CUED: 5 } as const;

const SCRIPT = 'https://www.youtube.com/iframe_api';

/** The part of a `YT.Player` that the adapter uses. Times are seconds; values are as old as the last message. */
export interface YouTubePlayer {
  playVideo(): void;
  pauseVideo(): void;
  seekTo(seconds: number, allowSeekAhead: boolean): void;
  mute(): void;
  unMute(): void;
  isMuted(): boolean;
  getCurrentTime(): number;
  getDuration(): number;
  getPlayerState(): number;
  getPlaybackRate(): number;
  setPlaybackRate(rate: number): void;
  getAvailablePlaybackRates(): number[];
  destroy(): void;
}

/** The namespace `YT` of the IFrame Player API. */
export interface YouTubeApi {
  Player: new (place: HTMLElement, options?: any) => YouTubePlayer;
}

interface WithApi {
  YT?: YouTubeApi;
  onYouTubeIframeAPIReady?: () => void;
}

let loading: Promise<YouTubeApi> | null = null;

/** Loads the API's script once per page; a failed attempt may be repeated. */
export function loadYouTubeApi(script = SCRIPT): Promise<YouTubeApi> {
  loading ??= requestApi(script).catch((error: unknown) => {
    loading = null;
    throw error;
  });
  return loading;
}

function requestApi(script: string): Promise<YouTubeApi> {
  const page = window as unknown as WithApi;
  // The namespace exists before its `Player`.
  if (page.YT?.Player !== undefined) return Promise.resolve(page.YT);
  return new Promise((resolve, reject) => {
    const before = page.onYouTubeIframeAPIReady;
    page.onYouTubeIframeAPIReady = () => {
      before?.();
      resolve(page.YT!);
    };
    const element = document.createElement('script');
    element.src = script;
    element.onerror = () => {
      element.remove();
      reject(new Error(`${script} could not be loaded`));
    };
    document.head.append(element);
  });
}

/** The error numbers of the API, each with a sentence for people. */
export const YOUTUBE_ERRORS: Record<number, { code: AdapterErrorCode; detail: string }> = {
  2: { code: 'format_unsupported', detail: 'this YouTube video does not exist' },
  5: { code: 'decode_failed', detail: 'the YouTube player could not play this video' },
  100: { code: 'source_unreachable', detail: 'this video is private or no longer on YouTube' },
  101: { code: 'source_unreachable', detail: 'the owner of this video does not allow other sites to play it' },
  150: { code: 'source_unreachable', detail: 'the owner of this video does not allow other sites to play it' },
  153: { code: 'source_unreachable', detail: 'YouTube requires a Referer header, which this page does not send' },
};
