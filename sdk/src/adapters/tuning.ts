// Every tuned number of the players over a media element.
// They stand in a file without imports so that bundlers put the numbers where they are used.

/** The `readyState` from which an element can play on. */
export const HAVE_FUTURE_DATA = 3;
/** With less data ahead, in seconds, a player waits for more before it plays. */
export const LOADED_S = 0.5;
/** While data arrive an element says so every 350 ms; hls.js at least as often. */
export const ARRIVING_MS = 800;
/** No correction differs from the normal rate by more. */
export const CORRECTION_MOST = 0.06;
