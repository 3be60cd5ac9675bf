// What `playhead-sdk` exports.

export { createClient } from './session/client.js';
export { browserTokenStore, memoryTokenStore } from './session/token.js';
export { PlayheadError } from './error.js';
export { expected } from './expected.js';
export { liveWindow, type LiveWindow } from './live-window.js';
export { commandsPlayback, controlsPlayback } from './role.js';
export { browserDeviceStore, memoryDeviceStore } from './player/device.js';
export { createPlayer } from './player/player.js';
export { html5Adapter } from './adapters/html5.js';
export type { HlsClass } from './adapters/hls.js';
export type { PlayerOptions } from './player/player.js';
export type * from './adapters/adapter.js';
export type { OwnCode } from './codes.js';
export type * from './people.js';
export type * from './query.js';
export type * from './types.js';
export type * from './wire.js';
