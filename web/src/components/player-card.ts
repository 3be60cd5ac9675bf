import { element, setAttribute, setShown, setText } from '../dom.js';
import { createPlaybackMenus } from './playback-menus.js';
import { hostName, type RoomContext, type RoomPart, type RoomView } from './room-context.js';
import { createSeekBar } from './seek-bar.js';
import { listenForShortcuts } from './shortcuts.js';
import { createStage } from './stage.js';
import { createTransport } from './transport.js';
import { createVolume } from './volume.js';

const IDLE_MS = 3000;
/** A command that is answered sooner needs no sign. */
const PENDING_SEEN_MS = 400;

/** The picture with its controls, which go fullscreen together, and below them what plays and how well it follows. */
export function createPlayerCard(context: RoomContext, syncLine: HTMLElement): RoomPart {
  const { video } = context;
  const stage = createStage(context);
  const seekBar = createSeekBar(context);
  const transport = createTransport(context, seekBar);
  const menus = createPlaybackMenus(context);
  const volume = createVolume(video, toggleFullscreen);
  const mediaTitle = element('p', { class: 'media-title', 'data-testid': 'media-title' });
  const hint = element('p', { class: 'guest-hint quiet small' });

  const controls = element(
    'div',
    { class: 'controls', role: 'group', 'aria-label': 'Playback' },
    seekBar.element,
    element('div', { class: 'controls-row' }, transport.element, menus.element, volume.element),
  );
  const card = element('section', { class: 'player', 'aria-label': 'Player' }, stage.element, controls);
  const about = element('div', { class: 'about' }, mediaTitle, hint, syncLine);
  const root = element('div', { class: 'player-block' }, card, about);

  function toggleFullscreen(): void {
    if (document.fullscreenElement !== null) void document.exitFullscreen();
    else if (card.requestFullscreen !== undefined) void card.requestFullscreen();
    // Phones that only let the video itself go fullscreen.
    else (video as { webkitEnterFullscreen?: () => void }).webkitEnterFullscreen?.();
  }

  const parts: RoomPart[] = [stage, seekBar, transport, menus];
  const stopIdle = hideWhenIdle(card, controls);
  const stopShortcuts = listenForShortcuts(context, {
    togglePlay: transport.togglePlay,
    seekBy: seekBar.seekBy,
    toggleMute: volume.toggleMute,
    toggleFullscreen,
  });
  const onFullscreen = (): void => volume.showFullscreen(document.fullscreenElement === card);
  document.addEventListener('fullscreenchange', onFullscreen);
  stage.onDoubleClick(toggleFullscreen);
  stage.onClick(transport.togglePlay);

  function showHint({ room }: RoomView): void {
    const host = hostName(room);
    const guest = !context.mayControl();
    setShown(hint, guest);
    if (room.room.host_id === null) setText(hint, 'Nobody is host right now');
    else setText(hint, host === null ? 'Playback follows the host' : `${host} is host – playback follows the host`);
    controls.classList.toggle('controls-read-only', guest);
    setText(mediaTitle, room.media?.title ?? '');
    setShown(mediaTitle, room.media !== null);
    setAttribute(card, 'data-status', room.media === null ? 'empty' : room.playback.status);
  }

  return {
    element: root,
    update(view) {
      showHint(view);
      for (const part of parts) part.update(view);
    },
    tick(view) {
      setAttribute(controls, 'data-pending', (context.pendingMs() ?? 0) > PENDING_SEEN_MS ? '' : null);
      for (const part of parts) part.tick?.(view);
    },
    dispose() {
      stopIdle();
      stopShortcuts();
      document.removeEventListener('fullscreenchange', onFullscreen);
      for (const part of parts) part.dispose?.();
    },
  };
}

/** In fullscreen the controls step back while nothing moves; a key, a pointer or focus brings them again. */
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
