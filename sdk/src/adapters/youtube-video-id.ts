import type { Media } from '../wire.js';

const ID = /^[\w-]{11}$/;
const ID_IN_LINK = /(?:\/embed\/|\/shorts\/|\/live\/|\/v\/|youtu\.be\/|[?&]v=)([\w-]{11})(?![\w-])/;
/** Pages that stand where a video's name would, and are as long. */
const NO_IDS = ['videoseries', 'live_stream'];

/** The YouTube video that a media is, or null if it is none. */
export function youtubeVideoId(media: Media): string | null {
  const embed = media.delivery.find(({ type }) => type === 'embed');
  if (media.provider !== 'youtube' || embed === undefined) return null;
  if (ID.test(media.stream_id)) return media.stream_id;
  const found = ID_IN_LINK.exec(embed.url)?.[1];
  return found === undefined || NO_IDS.includes(found) ? null : found;
}
