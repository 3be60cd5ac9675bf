import type { PlayerAdapter } from './adapter.js';

/** The class that hls.js 1.x exports. */
export interface HlsClass {
  new (config?: any): any;
  isSupported(): boolean;
  readonly Events: any;
  readonly ErrorTypes: any;
}

export function hlsAdapter(_video: HTMLVideoElement, _Hls: HlsClass): PlayerAdapter {
  throw new Error('in the making');
}
