// What hls.js tells of the media's timestamps.

import type { HlsTimeline } from './hls-timeline.js';

/** Frames often begin at whole milliseconds, and times are rounded on the way to the element: it stands this much later. */
export const INTO_FRAME_MS = 8e-3;
/** The events of hls.js that tell where it places the media's timestamps. */
export const TIMESTAMP_EVENTS = {
  INIT_PTS_FOUND: 'hlsInitPtsFound',
  FRAG_LOADING: 'hlsFragLoading',
  BUFFER_APPENDING: 'hlsBufferAppending',
  FRAG_BUFFERED: 'hlsFragBuffered',
  BUFFERED_TO_END: 'hlsBufferedToEnd',
} as const;

export interface HlsFragment {
  /** `main`, `audio` or `subtitle`. */
  type: string;
  stats: { loaded: number };
  /** The number of its discontinuity. */
  cc: number;
  sn: number | 'initSegment';
  /** The address of its playlist. */
  baseurl?: string;
  /** Where the playlist, corrected by what was loaded, places it in the element, in seconds. */
  start: number;
  /** How long it lasts, by the same measure. */
  duration: number;
  /** Whether it is missing, or hls.js has given it up for a while; see `isMissing`. */
  gap?: boolean;
  /** What the playlist says of it. */
  tagList?: string[][];
  encrypted: boolean;
  /** The header of a fragmented MP4. */
  initSegment: object | null;
  /** The times of what it holds, in seconds of the element, by `video`, `audiovideo` and `audio`. */
  elementaryStreams: Partial<Record<string, { startPTS: number; endPTS: number } | null>>;
}

/** Whether the playlist says that a fragment is missing (`EXT-X-GAP`). */
export function isMissing({ gap, tagList }: HlsFragment): boolean {
  return gap === true && tagList?.some(([tag]) => tag === 'GAP') === true;
}

/** Which timestamp hls.js takes for the element's time 0 in a fragment's discontinuity. */
export interface InitPts {
  frag: HlsFragment;
  initPTS: number;
  timescale: number;
}

export interface Appending {
  type: string;
  parent: string;
  frag: HlsFragment;
}

/** Keeps a timeline up with where hls.js places the media's timestamps. */
export function watchTimestamps(hls: { on(event: any, listener: (...args: any[]) => void): void }, timeline: HlsTimeline): void {
  hls.on(TIMESTAMP_EVENTS.INIT_PTS_FOUND, (_event, { frag, initPTS, timescale }: InitPts) => {
    timeline.found(frag.cc, initPTS, timescale);
  });
  hls.on(TIMESTAMP_EVENTS.BUFFER_APPENDING, (_event, { type, parent, frag }: Appending) => {
    const streams = frag.elementaryStreams ?? {};
    const times = streams[type];
    const isBeside = type === 'audio' && (streams.video || streams.audiovideo);
    if (parent !== 'main' || !times || isBeside) return;
    timeline.appended(frag.cc, times.startPTS * 1000, times.endPTS * 1000);
  });
}
