import type { Media } from './wire.js';

const ID = /^[\w-]{11}$/;
const ID_IN_LINK = /(?:\/embed\/|\/shorts\/|\/live\/|\/v\/|youtu\.be\/|[?&]v=)([\w-]{11})(?![\w-])/;

/** The YouTube video that a media is, or null if it is none. */
export function youtubeVideoId(media: Media): string | null {
  const embed = media.delivery.find(({ type }) => type === 'embed');
  if (media.provider !== 'youtube' || embed === undefined) return null;
  return ID.test(media.stream_id) ? media.stream_id : (ID_IN_LINK.exec(embed.url)?.[1] ?? null);
}
