/** What is shown where there is no picture: the media's poster, or a cover with its title. */
import { element, setAttribute, setShown, setText } from '../dom.js';
import { icon } from '../icons.js';
import { isUnseen } from '../shortfall.js';
import type { RoomPart } from './room-context.js';

/** The `readyState` from which an element knows whether there is a picture. */
const HAVE_METADATA = 1;

/** `video` tells whether there is a picture where the source doesn't, as in HLS. */
export function createCover(video: HTMLVideoElement): RoomPart {
  const image = element('img', { class: 'cover-image', alt: '', hidden: true });
  const title = element('p', { class: 'cover-title' });
  const drawn = element('div', { class: 'cover-drawn' }, icon('note', 72), title);
  const cover = element('div', { class: 'cover', hidden: true, 'data-testid': 'cover' }, image, drawn);
  // A poster that can't be loaded is replaced by the drawn cover.
  image.addEventListener('error', () => showImage(false));

  function showImage(shown: boolean): void {
    setShown(image, shown);
    setShown(drawn, !shown);
  }

  let poster: string | null = null;
  /** The media of which the element has shown that it has no picture; it forgets that while it loads anew. */
  let bareMediaId: string | null = null;
  showImage(false);
  return {
    element: cover,
    update({ room: { media }, player }) {
      if (video.readyState >= HAVE_METADATA && media !== null && player.state !== 'loading') {
        if (video.videoWidth === 0) bareMediaId = media.media_id;
        else if (bareMediaId === media.media_id) bareMediaId = null;
      }
      setShown(cover, media !== null && (isUnseen(media) || bareMediaId === media.media_id));
      setText(title, media?.title ?? '');
      const wanted = media?.poster ?? null;
      if (wanted === poster) return;
      poster = wanted;
      setAttribute(image, 'src', poster);
      showImage(poster !== null);
    },
  };
}
