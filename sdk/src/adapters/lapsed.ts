// Tells media that can't be loaded for a while from media whose address has lapsed.

import type { Media } from '../wire.js';
import type { AdapterEvent, FollowedRoom } from './adapter.js';

/** Codes that mean that the origin refuses the server, too. */
const REFUSED = ['media_forbidden', 'media_gone', 'media_not_found'];

/** What to tell people while the address leads to nothing. */
export const LAPSED: AdapterEvent = {
  type: 'error',
  code: 'source_lapsed',
  detail: 'the address of the media has expired, or leads to nothing any more',
};

/** Asks the server about media that can't be loaded here. Returns `lapsed`, or the media with its newest address; null if the server can't tell. */
export async function lookAgain(media: Media | null, room: FollowedRoom | undefined): Promise<Media | 'lapsed' | null> {
  if (!media || !room) return null;
  try {
    await room.mediaFailed(media.media_id);
    return room.getSnapshot().media;
  } catch (error) {
    return REFUSED.includes((error as { code: string }).code) ? 'lapsed' : null;
  }
}
