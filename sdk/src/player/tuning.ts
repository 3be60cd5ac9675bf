// Every tuned number of the player and its controller, in a file without imports so that bundlers inline them.
// docs/sync.md says what was measured.

// The player.
export const TICK_MS = 50;
/** Drift is published this often; states at once. */
export const DRIFT_NOTICE_MS = 250;
/** Beyond this an offset is a mistake, not a slow loudspeaker. */
export const OFFSET_MAX_MS = 5_000;
/** A shorter stall doesn't concern the room. */
export const BUFFERING_MS = 1_500;
export const REPORT_MS = 2_000;

// The end of the media.
/** A player that is paused this close to the end has reached it. */
export const END_MS = 300;
/** Media that is up to this much shorter than announced has ended all the same. */
export const ENDED_EARLY_MS = 1_500;

/** A player that still lacks data this long after the room's end doesn't hold it up. */
export const LOST_END_MS = 5_000;
/** The end is reported again if the room still plays this much later: by then a command is repeated no more. */
export const REPORT_AGAIN_MS = 25_000;

// Starts.
/** A paused player waits for the room to pass by, unless it is this much further ahead than a seek would put it. */
export const WAIT_MS = 350;
/** A start this late is caught up by rate instead of planned anew. */
export const LATE_MS = 25;
export const START_TRIES = 3;
/** A player that can play on is already loading the data of the next moments. */
export const COMING_MS = 4_000;
/** A player that loads nothing for this long is played so that it does. */
export const URGE_MS = 3_000;
/** Data that doesn't arrive is requested again after this, or this many times the usual loading; then twice as long. */
export const ASK_AGAIN_MS = 1_000;
export const ASK_AGAIN_TIMES = 1.25;
export const ASK_AGAIN_MOST_MS = 30_000;
/** Each further try is planned this much later, … */
export const RETRY_MS = 100;
export const LATER_MAX_MS = 300;
/** … unless the last seek took so long that it waited for data, which says nothing about the next. */
export const WAITED_MS = 800;
/** An instant this near has come. */
export const NOW_MS = 0.3;
/** A start that was called at most this late teaches the lead. */
export const ON_TIME_MS = 8;
/** A start planned further off than this, beyond what a seek takes, is planned anew. */
export const PLAN_FAR_MS = 3_000;
/** A start is judged by the drift between these two instants after the player should have moved. */
export const SETTLE_FROM_MS = 140;
export const SETTLE_UNTIL_MS = 230;
export const SETTLE_LOOK_MS = 10;
/** A player that hasn't moved this far hasn't started. */
export const MOVED_MS = 20;
export const START_TIMEOUT_MS = 1_000;
export const PLAY_AGAIN_MS = 500;

// Leads.
/** No player takes longer to start; a larger error is a stall. */
export const PLAY_MOST_MS = 400;
/** The first start of a page opens the sound device, too. */
export const COLD_MS = 20;
/** The first estimate of how long a seek takes: the decoder alone, with part of the network's time, with all of it. */
export const LOADED_MS = 100;
export const PARTLY_LOADED_MS = 200;
export const LOADING_MS = 300;
/** A beginning that takes longer to load shows a slow server. */
export const GUESS_MOST_MS = 1_500;
export const SEEK_LEAST_MS = 60;
export const SEEK_MOST_MS = 6_000;
/** A seek that misses by less is exact; by more, something else moved the player. */
export const MISS_LEAST_MS = 40;
export const MISS_MOST_MS = 10_000;
export const MISS_FADES = 0.7;
export const MARGIN_MS = 60;

// Following.
/** Beyond this drift only a new start helps, by profile. */
export const ALIGN_MS = { tight: 150, default: 150, relaxed: 500, free: Infinity };
/** From this drift on a command, or a stall, makes a new start: playback was interrupted anyway. */
export const COMMAND_ALIGN_MS = 150;
export const STARVED_ALIGN_MS = 40;
/** A step that moved the player this much further than it played was a jump. */
export const JUMP_MS = 500;
export const MEDIAN_OF = 5;
/** After a longer pause between steps, as in a hidden page or after a sleep, earlier drifts say nothing. */
export const SLOW_MS = 250;
/** This many steps in a row must show a drift before it makes a new start. */
export const BEYOND_STEPS = 3;
/** How quickly a gap is closed: less than 0.5 s overshoots, because audio is rendered ahead. */
export const CLOSE_MS = 800;
/** A rate that has had no effect for this long is one the player ignores. */
export const DEAF_MS = 1_500;
/** What couldn't be fetched is fetched again this much later. */
export const FETCH_AGAIN_MS = 5_000;
/** Rates that differ by less are the same: those a player reports, and those it is given. */
export const RATE_NEAR = 1e-3;
export const RATE_STEP = 1e-6;
