// Every tuned number of the clock's estimate, in a file without imports so that bundlers inline them.
// docs/sync.md says what was measured.

export const WINDOW_MS = 60_000;
/** Enough for one burst and a minute at 2 Hz. */
export const SAMPLES_MAX = 256;
/** How many samples must agree before an estimate is published, or before a step is believed. */
export const SAMPLES_USABLE = 4;
/** With fewer samples the estimate is still finding its place and may jump. */
export const SAMPLES_SETTLED = 16;
/** A floor that is undercut by less may still have been found too high. */
export const STEP_MARGIN_MS = 5;
/** Some browsers' clocks tick in milliseconds, which may make a round trip this much shorter than nothing. */
export const COARSE_MS = 2;
/** Suspect samples further apart don't make a step. */
export const SUSPECT_MS = 10_000;
export const RTT_MAX_MS = 10_000;
/** Beyond this a number can't represent microseconds. */
export const STAMP_MAX_MS = 9_007_199_254_740;
/** Two clocks may drift apart by this much until their skew is measured, … */
export const UNKNOWN_SKEW = 1e-4;
/** … and by this much afterwards. */
export const KNOWN_SKEW = 2e-5;
export const SKEW_MAX = 2e-4;
/** A shorter span measures the jitter, not the skew. */
export const SKEW_SPAN_MS = 20_000;
export const SKEW_GAIN = 0.1;
/** After this many measurements the skew counts as known. */
export const SKEW_USABLE = 20;
/** What is published follows a better estimate this quickly, so that nobody sees it jump. */
export const SLEW = 0.01;
