// Finds the YouTube video behind a media.

import type { Media } from '../wire.js';

const ID = /^[\w-]{11}$/;
const ID_IN_URL = /(?:\/embed\/|\/shorts\/|\/live\/|\/v\/|youtu\.be\/|[?&]v=)([\w-]{11})(?![\w-])/;
/** Paths that stand where an id would and are as long as one. */
const NO_IDS = ['videoseries', 'live_stream'];

/** Returns the id of the YouTube video that the media is, or null if it isn't one. */
export function youtubeVideoId(media: Media): string | null {
  const embed = media.delivery.find(({ type }) => type === 'embed');
  if (media.provider !== 'youtube' || embed === undefined) return null;
  if (ID.test(media.stream_id)) return media.stream_id;
  const found = ID_IN_URL.exec(embed.url)?.[1];
  return found === undefined || NO_IDS.includes(found) ? null : found;
}
