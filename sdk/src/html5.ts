import type { PlayerAdapter } from './adapter.js';

export function html5Adapter(_video: HTMLVideoElement): PlayerAdapter {
  throw new Error('in the making');
}
