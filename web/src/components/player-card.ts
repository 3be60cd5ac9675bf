/** The video and its controls, which go fullscreen together, and below them the title and the sync status. */
import { element, setAttribute, setShown, setText } from '../dom.js';
import { titleOf } from '../sample.js';
import { shortfallOf } from '../shortfall.js';
import { sentenceFor } from '../words.js';
import { controlHint } from './authority-words.js';
import { createMediaKeys } from './media-keys.js';
import { createPlaybackControls } from './playback-controls.js';
import { createPlaybackMenus } from './playback-menus.js';
import { choosesMedia, type RoomContext, type RoomPart, type RoomView } from './room-context.js';
import { createSeekBar } from './seek-bar.js';
import { listenForShortcuts } from './shortcuts.js';
import { createStage } from './stage.js';
import { createVolume } from './volume.js';

const IDLE_MS = 3000;
/** A command that is answered sooner than this shows no spinner. */
const PENDING_SEEN_MS = 400;

export function createPlayerCard(context: RoomContext, syncStatus: HTMLElement): RoomPart {
  const { video } = context;
  const stage = createStage(context);
  const seekBar = createSeekBar(context);
  const buttons = createPlaybackControls(context, seekBar);
  const menus = createPlaybackMenus(context);
  const volume = createVolume(video, toggleFullscreen);
  const mediaTitle = element('p', { class: 'media-title', 'data-testid': 'media-title' });
  const note = element('p', { class: 'quiet small', 'data-testid': 'media-note' }, sentenceFor('seek_unavailable'));
  const hint = element('p', { class: 'guest-hint quiet small', 'data-testid': 'guest-hint' });
  const missing = element('p', { class: 'shortfall', role: 'status', hidden: true, 'data-testid': 'shortfall' });

  const controls = element(
    'div',
    { class: 'controls', role: 'group', 'aria-label': 'Playback' },
    seekBar.element,
    element('div', { class: 'controls-row' }, buttons.element, menus.element, volume.element),
  );
  const card = element('section', { class: 'player', 'aria-label': 'Player' }, stage.element, controls);
  const about = element('div', { class: 'about' }, mediaTitle, note, hint, missing, syncStatus);
  const root = element('div', { class: 'player-block' }, card, about);

  function toggleFullscreen(): void {
    if (document.fullscreenElement !== null) void document.exitFullscreen();
    else if (card.requestFullscreen !== undefined) void card.requestFullscreen();
    // Some phones only let the video itself go fullscreen.
    else (video as { webkitEnterFullscreen?: () => void }).webkitEnterFullscreen?.();
  }

  const parts: RoomPart[] = [stage, seekBar, buttons, menus];
  const stopIdle = hideWhenIdle(card, controls);
  const stopShortcuts = listenForShortcuts(context, {
    togglePlay: buttons.togglePlay,
    seekBy: seekBar.seekBy,
    toggleMute: volume.toggleMute,
    toggleFullscreen,
  });
  const keys = createMediaKeys(context, buttons.togglePlay, seekBar.seekBy);
  const onFullscreen = (): void => volume.showFullscreen(document.fullscreenElement === card);
  document.addEventListener('fullscreenchange', onFullscreen);
  stage.onDoubleClick(toggleFullscreen);
  stage.onClick(buttons.togglePlay);

  /** Whether this person could control playback when it was last looked at. */
  let hadControl = true;

  function showHint({ room }: RoomView): void {
    const mayControl = context.mayControl();
    if (mayControl && !hadControl) context.app.notices.say('You can control playback now.', 'good');
    hadControl = mayControl;
    setShown(hint, !choosesMedia(room));
    setText(hint, controlHint(room));
    controls.classList.toggle('controls-read-only', !mayControl);
    setText(mediaTitle, titleOf(room.media));
    setShown(mediaTitle, room.media !== null);
    const shortfall = shortfallOf(room.media);
    setShown(missing, shortfall !== null);
    setText(missing, shortfall?.detail ?? '');
    setShown(note, room.media?.control.seek === false);
    setAttribute(card, 'data-status', room.media === null ? 'empty' : room.playback.status);
  }

  return {
    element: root,
    update(view) {
      showHint(view);
      keys.offer(context.mayControl() && view.room.media !== null);
      for (const part of parts) part.update(view);
    },
    tick(view) {
      setAttribute(controls, 'data-pending', (context.pendingMs() ?? 0) > PENDING_SEEN_MS ? '' : null);
      for (const part of parts) part.tick?.(view);
    },
    dispose() {
      stopIdle();
      stopShortcuts();
      keys.offer(false);
      document.removeEventListener('fullscreenchange', onFullscreen);
      for (const part of parts) part.dispose?.();
    },
  };
}

/** Hides the controls in fullscreen after a while without input; a key, a pointer or the focus brings them back. */
function hideWhenIdle(card: HTMLElement, controls: HTMLElement): () => void {
  let timer = 0;
  function wake(): void {
    card.classList.remove('player-idle');
    clearTimeout(timer);
    timer = window.setTimeout(() => {
      if (!controls.matches(':focus-within:has(:focus-visible)')) card.classList.add('player-idle');
    }, IDLE_MS);
  }
  for (const type of ['pointermove', 'pointerdown', 'keydown', 'focusin']) card.addEventListener(type, wake);
  wake();
  return () => clearTimeout(timer);
}
