/** The sample clip that comes with the server. */
import type { Media } from 'playhead-sdk';
import { filePath } from './address.js';

const SAMPLE = /\/sample\/clip\.(?:m3u8|mp4)$/;

/** Returns the title to show for what is being watched; the sample's own is the name of its file. */
export function titleOf(media: Media | null): string {
  return isSample(media) ? 'Sample clip' : (media?.title ?? '');
}

/** Returns the address of what to show before the media plays; null if there is none. */
export function posterOf(media: Media | null): string | null {
  return media?.poster ?? (isSample(media) ? filePath('sample/poster.jpg') : null);
}

function isSample(media: Media | null): boolean {
  const url = media?.delivery[0]?.url;
  return url !== undefined && url.startsWith(location.origin) && SAMPLE.test(url);
}
