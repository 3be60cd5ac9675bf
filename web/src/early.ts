/** Takes over what the inline script of `index.html` requested while this program was still loading. */
import type { Media } from 'playhead-sdk';

/** What the inline script of `index.html` requested before this program was loaded. */
interface Early {
  path: string;
  authorization: string;
  body: string;
  response: Promise<Response>;
  /** Whether the response has been taken over: a ticket can be used only once. */
  isTaken?: boolean;
  /** The file that the room is watching, while it loads. */
  media?: EarlyMedia;
  /** Set once the program loads the media itself, so that the inline script starts nothing more. */
  isClosed?: boolean;
}

interface EarlyMedia {
  video: HTMLVideoElement;
  /** When it was requested, by `performance.now()`. */
  sinceMs: number;
  /** How long its metadata took; null until it is there. */
  tookMs: number | null;
}

declare global {
  interface Window {
    playheadEarly?: Early;
  }
}

/** `fetch`, except that a first join that `index.html` has already requested is taken over instead of repeated. */
export const fetchOnce: typeof fetch = (input, init) => {
  const early = window.playheadEarly;
  const headers = new Headers(init?.headers);
  const isRequested =
    early !== undefined &&
    !early.isTaken &&
    init?.method === 'POST' &&
    String(input) === `${location.origin}${early.path}` &&
    headers.get('authorization') === early.authorization &&
    init.body === early.body;
  if (!isRequested) return fetch(input, init);
  early.isTaken = true;
  return early.response;
};

/**
 * Takes over the video element that is already loading `media`, once. `loadingSinceMs` is when it would have been
 * requested if its metadata had only arrived now, as the player counts. An element for other media is discarded.
 */
export function takeMedia(media: Media | null): { video: HTMLVideoElement; loadingSinceMs: number } | undefined {
  const early = window.playheadEarly;
  const started = early?.media;
  if (early === undefined) return undefined;
  early.isClosed = true;
  delete early.media;
  if (started === undefined) return undefined;
  const { video, sinceMs, tookMs } = started;
  if (media?.delivery.some(({ url }) => url === video.src)) {
    return { video, loadingSinceMs: tookMs === null ? sinceMs : performance.now() - tookMs };
  }
  video.removeAttribute('src');
  video.load();
  return undefined;
}
