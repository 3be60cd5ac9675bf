// Every limit of a session, in a file without imports so that bundlers inline them.

/** How long an HTTP request may take. */
export const REQUEST_TIMEOUT_MS = 15_000;
/** How long the first join may take, up to the first welcome, … */
export const FIRST_JOIN_TIMEOUT_MS = 15_000;
/** … and how often it may take that long again while the server asks for a wait. */
export const FIRST_JOIN_WAITS_MAX = 4;
/** How long leaving waits for the server's answer. */
export const LEAVE_TIMEOUT_MS = 2_000;
/** How many times a request is sent again because the server asked for a wait. */
export const REQUEST_TRIES_MAX = 8;
/** One page of participants, as large as the server allows. */
export const ROLE_PAGE_SIZE = 200;

/** How long the server may take from the opening of the socket to the welcome. */
export const WELCOME_TIMEOUT_MS = 10_000;
/** A connection that lasted this long resets the back-off. */
export const STABLE_MS = 5_000;
/** How long a silent connection may take to answer a ping. */
export const PROBE_MS = 5_000;
/** How long a connection may be silent before it is probed, until the server says otherwise. */
export const DEAD_AFTER_MS = 45_000;
/** The wait if the server asks for one without saying how long, and the longest it may ask for. */
export const AFTER_DEFAULT_MS = 1_000;
export const AFTER_MAX_MS = 60_000;

/** How long the room's state may take to follow the announcement of a new epoch. */
export const REBASE_TIMEOUT_MS = 1_000;
/** After its first estimate the clock is published at most this often. */
export const CLOCK_NOTICE_MS = 250;

/** How long a command is repeated under its id before it fails. */
export const GIVE_UP_MS = 15_000;
/** How many times a command that could not be stored is sent again. */
export const REPEATS_MAX = 6;
export const PENDING_MAX = 256;
