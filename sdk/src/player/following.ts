// What a player needs once it follows the room; fetched when it has started, so that the first frame doesn't wait for it.

export { correctionFor } from './pacing.js';
export { Reporter } from './reporter.js';
