import type { RoomSession } from 'playhead-sdk';
import { element, setAttribute, setText } from '../dom.js';
import { icon } from '../icons.js';
import type { RoomPart, RoomView } from './room-context.js';

/** How often the number may change; faster than this it can't be read. */
const EVERY_TICKS = 5;
const CATCHING_UP_MS = 250;

/** One honest line: how far this player may be from the room. */
export function createSyncLine(session: RoomSession, video: HTMLVideoElement): RoomPart {
  const words = element('span', { 'data-testid': 'sync' });
  const line = element('p', { class: 'sync quiet small' }, icon('sync', 18), words);
  let ticks = 0;
  let shownState = '';

  function show(view: RoomView): void {
    const [tone, text] = syncWords(view, Math.abs(video.currentTime * 1000 - session.expected()));
    setAttribute(line, 'data-tone', tone);
    setText(words, text);
  }

  return {
    element: line,
    // A new state is told at once; only the number has to keep still.
    update(view) {
      const state = `${view.room.connection} ${view.room.playback.status} ${view.player.state}`;
      if (state === shownState) return;
      shownState = state;
      show(view);
    },
    tick(view) {
      if (ticks++ % EVERY_TICKS === 0) show(view);
    },
  };
}

function syncWords({ room, player }: RoomView, standingOffMs: number): [tone: string, text: string] {
  if (room.media === null) return ['idle', 'Nothing playing yet'];
  if (room.connection !== 'open') return ['busy', 'Playing on by itself until the connection is back'];
  if (room.clock === null) return ['busy', 'Measuring the distance to the server’s clock…'];
  if (player.state === 'blocked' || player.state === 'error') return ['bad', 'Not following the party'];
  if (player.state === 'loading') return ['busy', 'Loading…'];
  if (player.state === 'buffering') return ['busy', 'Waiting for data…'];
  if (player.state === 'aligning') return ['busy', 'Catching up…'];
  if (player.state === 'playing' && player.driftMs === null) return ['busy', 'Starting…'];
  if (player.driftMs === null) return ['good', `Stopped together ±${atLeastOne(standingOffMs)} ms`];
  const off = Math.abs(player.driftMs);
  if (player.degraded) return ['bad', `This device can’t keep up: ${Math.round(off)} ms off`];
  if (off > CATCHING_UP_MS) return ['busy', `Catching up: ${Math.round(off)} ms off`];
  return ['good', `In sync ±${atLeastOne(off + room.clock.uncertaintyMs)} ms`];
}

function atLeastOne(ms: number): number {
  return Math.max(1, Math.ceil(ms));
}
