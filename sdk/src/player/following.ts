// What a player needs once it follows the room; fetched only then, so that the first frame doesn't wait for it.

export { pacingFor } from './pacing.js';
export { Reporter } from './reporter.js';
