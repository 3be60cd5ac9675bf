import type { HlsClass } from './hls.js';
import type { Player, RoomSession } from './types.js';

export interface PlayerOptions {
  /** The class of hls.js, or a function that loads it when an HLS media is first chosen. */
  hls?: HlsClass | (() => Promise<HlsClass>);
}

export function createPlayer(_session: RoomSession, _video: HTMLVideoElement, _options: PlayerOptions = {}): Player {
  throw new Error('in the making');
}
