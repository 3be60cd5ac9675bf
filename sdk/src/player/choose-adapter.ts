// Chooses the adapter that plays a media.

import type { PlayerAdapter } from '../adapters/adapter.js';
import type { HlsClass } from '../adapters/hls.js';
import { html5Adapter, nativeDelivery } from '../adapters/html5.js';
import type { Media } from '../wire.js';

export interface AdapterOptions {
  /** The class of hls.js, or a function that loads it when HLS media is first selected. */
  hls?: HlsClass | (() => Promise<HlsClass>);
  /** Returns another player for a media, or null to leave it to the two built-in ones. */
  adapter?: (media: Media, video: HTMLVideoElement) => PlayerAdapter | null;
}

/** Resolves with the adapter for `media`, or with null if nothing can play it here. */
export async function chooseAdapter(
  media: Media,
  video: HTMLVideoElement,
  { hls, adapter }: AdapterOptions,
): Promise<PlayerAdapter | null> {
  const own = adapter?.(media, video);
  if (own) return own;
  if (hls && media.delivery.some(({ type }) => type === 'hls')) {
    // Fetched together with hls.js itself, so that a page without HLS loads neither.
    const [Hls, { hlsAdapter }] = await Promise.all(['isSupported' in hls ? hls : hls(), import('../adapters/hls.js')]);
    if (Hls.isSupported()) return hlsAdapter(video, Hls);
  }
  return nativeDelivery(media, video) ? html5Adapter(video) : null;
}
