import type { Media } from 'playhead-sdk';

/** What the script in `index.html` has asked for before this program came. */
interface Early {
  path: string;
  authorization: string;
  answer: Promise<Response>;
  /** Whether the answer has been taken over: a ticket is good once. */
  isTaken?: boolean;
  /** A file that the room watches, as it is being loaded. */
  media?: EarlyMedia;
  /** Set when the page plays by itself: nothing more is begun early. */
  isClosed?: boolean;
}

interface EarlyMedia {
  video: HTMLVideoElement;
  /** When it was asked for, by `performance.now()`. */
  sinceMs: number;
  /** How long its metadata took; null until they are there. */
  tookMs: number | null;
}

declare global {
  interface Window {
    playheadEarly?: Early;
  }
}

/** `fetch`, but the first join of a room may have been asked for already: its answer then is taken over. */
export const fetchOnce: typeof fetch = (input, init) => {
  const early = window.playheadEarly;
  const headers = new Headers(init?.headers);
  const isThat =
    early !== undefined &&
    !early.isTaken &&
    init?.method === 'POST' &&
    String(input) === `${location.origin}${early.path}` &&
    headers.get('authorization') === early.authorization;
  if (!isThat) return fetch(input, init);
  early.isTaken = true;
  return early.answer;
};

/**
 * The element that is already loading what the room watches, once, and since when as far as the player is concerned:
 * had it begun then, it would have its metadata now as late as it came. What is no longer wanted is let go of.
 */
export function takeMedia(media: Media | null): { video: HTMLVideoElement; loadingSinceMs: number } | undefined {
  const early = window.playheadEarly;
  const begun = early?.media;
  if (early === undefined) return undefined;
  early.isClosed = true;
  delete early.media;
  if (begun === undefined) return undefined;
  const { video, sinceMs, tookMs } = begun;
  if (media?.delivery.some(({ url }) => url === video.src)) {
    return { video, loadingSinceMs: tookMs === null ? sinceMs : performance.now() - tookMs };
  }
  video.removeAttribute('src');
  video.load();
  return undefined;
}
