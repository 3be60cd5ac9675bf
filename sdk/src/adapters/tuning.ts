// Every tuned number of the media element adapters, in a file without imports so that bundlers inline them.

/** The `readyState` from which an element shows the picture of its position. */
export const HAVE_CURRENT_DATA = 2;
/** The `readyState` from which an element can play on. */
export const HAVE_FUTURE_DATA = 3;
/** With less data ahead than this, in seconds, a player waits before it plays. */
export const LOADED_S = 0.5;
/** While data arrives, an element reports it every 350 ms, and hls.js at least as often. */
export const ARRIVING_MS = 800;
/** Corrections stay this close to the normal rate. */
export const CORRECTION_MOST = 0.06;
