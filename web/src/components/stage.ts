/** The video with its spinner and the message shown over it. */
import { element, setAttribute, setShown, setText } from '../dom.js';
import { setIcon } from '../icons.js';
import { posterOf } from '../sample.js';
import { createCover } from './cover.js';
import type { RoomContext, RoomPart, RoomView } from './room-context.js';
import { stageMessage, type StageAction, type StageMessage } from './stage-message.js';

/** How long a click waits for a second one that would make it a double click. */
const DOUBLE_CLICK_MS = 220;

export interface Stage extends RoomPart {
  onClick(run: () => void): void;
  onDoubleClick(run: () => void): void;
}

export function createStage({ session, player, video, control }: RoomContext): Stage {
  const spinner = element(
    'span',
    { class: 'stage-spinner', hidden: true },
    element('span', { class: 'spinner' }),
    element('span', { class: 'only-spoken' }, 'Loading…'),
  );
  const actions: Readonly<Record<StageAction, () => void>> = {
    unblock: () => void player.unblock(),
    reload: () => player.reload(),
    start: () => void control(() => session.play()),
    replay: () => void control(() => session.seek(0).then(() => session.play())),
  };
  const overlay = createOverlay((action) => actions[action]());
  const cover = createCover(video);
  const stage = element('div', { class: 'stage' }, video, cover.element, spinner, overlay.element);

  function update(view: RoomView): void {
    const behindMs = playsForwardOnly(video, view) ? session.expected() - (video.currentTime * 1000 - originMs(view)) : 0;
    const message = stageMessage(view, session.now(), behindMs);
    overlay.show(message);
    const busy = ['loading', 'buffering', 'aligning'].includes(view.player.state);
    setShown(spinner, busy && message === null && view.room.media !== null);
    showPoster(view);
    cover.update(view);
  }

  function showPoster({ room }: RoomView): void {
    setAttribute(video, 'poster', posterOf(room.media));
  }

  let clicked = 0;
  // Of a click, Safari before 18.4 doesn't tell.
  let isTouch = false;
  video.addEventListener('pointerdown', ({ pointerType }) => (isTouch = pointerType === 'touch'));
  return {
    element: stage,
    update,
    tick: update,
    dispose: () => clearTimeout(clicked),
    onClick(run) {
      video.addEventListener('click', (event) => {
        // A tap on a phone is rarely meant to pause the video for everyone.
        if (isTouch) return;
        clearTimeout(clicked);
        if (event.detail === 1) clicked = window.setTimeout(run, DOUBLE_CLICK_MS);
      });
    },
    onDoubleClick(run) {
      video.addEventListener('dblclick', run);
    },
  };
}

function createOverlay(run: (action: StageAction) => void): {
  element: HTMLElement;
  show(message: StageMessage | null): void;
} {
  const drawn = element('span', { class: 'stage-icon' });
  const title = element('p', { class: 'stage-title' });
  const text = element('p', { class: 'stage-text' });
  const button = element('button', { type: 'button', class: 'button button-primary button-large' });
  const overlay = element(
    'div',
    { class: 'overlay', hidden: true, role: 'status', 'data-testid': 'overlay' },
    drawn,
    title,
    text,
    button,
  );
  let shown: StageMessage | null = null;
  button.addEventListener('click', () => {
    if (shown?.action) run(shown.action.does);
  });

  return {
    element: overlay,
    show(message) {
      shown = message;
      setShown(overlay, message !== null);
      if (message === null) return;
      overlay.classList.toggle('overlay-solid', message.solid);
      setIcon(drawn, message.icon);
      setText(title, message.title);
      setText(text, message.text);
      setShown(text, message.text !== '');
      setShown(button, message.action !== undefined);
      setText(button, message.action?.label ?? '');
      button.dataset['testid'] = message.action?.does ?? '';
    },
  };
}

/** Where the clock of a file begins. Not `player.position()`: on the way to the room, that is where the way leads. */
function originMs({ room: { media } }: RoomView): number {
  const [origin] = media?.timeline.kind === 'media' ? media.timeline.origins : [];
  return origin ? (origin.timestamp * 1000) / origin.timescale : 0;
}

/** Whether the video can't jump, as where its server sends no byte ranges. */
function playsForwardOnly({ duration, seekable }: HTMLVideoElement, { room }: RoomView): boolean {
  const isFilm = duration < Infinity || (duration === Infinity && room.media?.control.seek === false);
  return isFilm && (seekable.length === 0 || seekable.end(0) === 0);
}
