import { element, setShown, setText } from '../dom.js';
import { setIcon } from '../icons.js';
import type { RoomContext, RoomPart, RoomView } from './room-context.js';
import { stageMessage, type StageAction, type StageMessage } from './stage-message.js';

/** A double click is not two clicks: the first waits this long for the second. */
const DOUBLE_CLICK_MS = 220;
const SAMPLE = /\/sample\/clip\.(?:m3u8|mp4)$/;

/** The picture and what has to be said over it. */
export interface Stage extends RoomPart {
  onClick(run: () => void): void;
  onDoubleClick(run: () => void): void;
}

export function createStage({ session, player, video, control }: RoomContext): Stage {
  const spinner = element(
    'span',
    { class: 'stage-spinner', hidden: true },
    element('span', { class: 'spinner' }),
    element('span', { class: 'only-spoken' }, 'Loading'),
  );
  const drawn = element('span', { class: 'stage-icon' });
  const title = element('p', { class: 'stage-title' });
  const text = element('p', { class: 'stage-text' });
  const action = element('button', { type: 'button', class: 'button button-primary button-large' });
  const overlay = element(
    'div',
    { class: 'overlay', hidden: true, role: 'status', 'data-testid': 'overlay' },
    drawn,
    title,
    text,
    action,
  );
  const stage = element('div', { class: 'stage' }, video, spinner, overlay);

  let shown: StageMessage | null = null;
  const actions: Readonly<Record<StageAction, () => void>> = {
    unblock: () => void player.unblock(),
    reload: () => player.reload(),
    start: () => void control(() => session.play()),
    replay: () => void control(() => session.seek(0).then(() => session.play())),
  };
  action.addEventListener('click', () => {
    if (shown?.action) actions[shown.action.does]();
  });

  function show(message: StageMessage | null): void {
    shown = message;
    setShown(overlay, message !== null);
    if (message === null) return;
    overlay.classList.toggle('overlay-solid', message.solid);
    setIcon(drawn, message.icon);
    setText(title, message.title);
    setText(text, message.text);
    setShown(text, message.text !== '');
    setShown(action, message.action !== undefined);
    setText(action, message.action?.label ?? '');
    action.dataset['testid'] = message.action?.does ?? '';
  }

  function update(view: RoomView): void {
    const message = stageMessage(view, session.now());
    show(message);
    const busy = ['loading', 'buffering', 'aligning'].includes(view.player.state);
    setShown(spinner, busy && message === null && view.room.media !== null);
    showPoster(view);
  }

  function showPoster({ room }: RoomView): void {
    const poster = room.media === null ? null : (room.media.poster ?? samplePoster(room.media.delivery[0]?.url));
    if (poster === null) video.removeAttribute('poster');
    else if (video.getAttribute('poster') !== poster) video.setAttribute('poster', poster);
  }

  let clicked = 0;
  return {
    element: stage,
    update,
    tick: update,
    dispose: () => clearTimeout(clicked),
    onClick(run) {
      video.addEventListener('click', (event) => {
        // A tap on a phone is rarely meant as a command for everybody.
        if (event instanceof PointerEvent && event.pointerType === 'touch') return;
        clearTimeout(clicked);
        if (event.detail === 1) clicked = window.setTimeout(run, DOUBLE_CLICK_MS);
      });
    },
    onDoubleClick(run) {
      video.addEventListener('dblclick', run);
    },
  };
}

function samplePoster(url: string | undefined): string | null {
  return url !== undefined && url.startsWith(location.origin) && SAMPLE.test(url) ? '/sample/poster.jpg' : null;
}
