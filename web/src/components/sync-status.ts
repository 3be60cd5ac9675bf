/** The sync status: how far this player is from the room's position, and how uncertain that is. */
import { element, setAttribute, setShown, setText } from '../dom.js';
import { icon } from '../icons.js';
import type { RoomContext, RoomPart, RoomView } from './room-context.js';
import { createRoomSpread } from './room-spread.js';
import { createSyncSettings } from './sync-settings.js';
import { SYNC_EXPLAINED, syncWords, type SyncWords } from './sync-words.js';

/** How often the numbers may change, in ticks of the room view; faster changes can't be read. */
const EVERY_TICKS = 3;

export function createSyncStatus(context: RoomContext): RoomPart {
  const { session, player, video } = context;
  const status = createWords('sync', 'sync');
  const repeated = createWords('sync-repeated', 'sync sync-repeated');
  const spread = createRoomSpread();
  const root = element('div', { class: 'sync-block' });
  const settings = createSyncSettings(player, root, repeated.element);
  root.append(spread.element, element('div', { class: 'sync-own' }, status.element, settings.button), settings.element);

  let ticks = 0;
  let shownState = '';

  function show(view: RoomView): void {
    const offMs = (player.position() ?? NaN) - session.expected();
    const words = syncWords(view, { offMs, paused: video.paused, readyState: video.seeking ? 0 : video.readyState });
    status.show(words);
    repeated.show(words);
  }

  return {
    element: root,
    // A new state is shown at once; only the numbers are throttled.
    update(view) {
      settings.update(view);
      spread.update(view);
      const { state, profile, degraded, inexact } = view.player;
      const now = `${view.room.connection} ${view.room.playback.status} ${state} ${profile} ${degraded} ${inexact}`;
      if (now === shownState) return;
      shownState = now;
      show(view);
    },
    tick(view) {
      ticks += 1;
      if (ticks % EVERY_TICKS === 0) show(view);
    },
    dispose: () => settings.dispose?.(),
  };
}

function createWords(testid: string, className: string): { element: HTMLElement; show(words: SyncWords): void } {
  const text = element('span');
  const off = createNumber(' · ');
  const uncertainty = createNumber(' ± ');
  const line = element(
    'p',
    { class: `${className} quiet small`, title: SYNC_EXPLAINED },
    icon('sync', 18),
    element('span', { class: 'sync-words', 'data-testid': testid }, text, off.element, uncertainty.element),
  );
  return {
    element: line,
    show(words) {
      setAttribute(line, 'data-tone', words.tone);
      setText(text, words.text);
      off.show(words.off);
      uncertainty.show(words.uncertainty);
    },
  };
}

function createNumber(before: string): { element: HTMLElement; show(number: string): void } {
  const sign = element('span');
  const number = element('span', { class: 'sync-number' });
  const both = element('span', {}, sign, number);
  return {
    element: both,
    show(text) {
      setShown(both, text !== '');
      setText(sign, text === '' ? '' : before);
      setText(number, text);
    },
  };
}
