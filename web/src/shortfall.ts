/** What this browser lacks for the room's media, found once for each. */
import type { Media } from 'playhead-sdk';
import { findShortfall, type Shortfall } from 'playhead-sdk/shortfall';

const found = new WeakMap<Media, Shortfall | null>();

export function shortfallOf(media: Media | null): Shortfall | null {
  if (media === null) return null;
  const known = found.get(media);
  if (known !== undefined) return known;
  const shortfall = findShortfall(media);
  found.set(media, shortfall);
  return shortfall;
}

/** Whether there is nothing to see here: the media is sound alone, or this browser can't play its picture. */
export function isUnseen(media: Media): boolean {
  return media.delivery[0]?.has_picture === false || shortfallOf(media)?.code === 'picture_unsupported';
}
