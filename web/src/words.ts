/** The sentences that the page shows for error codes, outages and the end of a party. */
import { PlayheadError, type OwnCode } from 'playhead-sdk';

// What each code means to a person who only wants to watch. Codes that never reach a viewer fall back to `detail`, as does
// `media_unsupported`, whose sentence the server writes: only it knows what the link leads to.
const SENTENCES: Readonly<Record<string, string>> = {
  // Links and media
  link_invalid: 'That doesn’t look like a link. Paste the whole address, starting with https://.',
  egress_blocked: 'The server isn’t allowed to visit that address.',
  media_not_found: 'There’s nothing at that address. Check the link for typos.',
  media_gone: 'That video has been taken down.',
  drm_protected: 'That video is copy-protected, so it only plays on its own site.',
  media_forbidden: 'That site doesn’t allow access to the video. It may need a login, or play only on its own pages.',
  upstream_unavailable: 'Can’t reach that site. Check the link for typos, or try again in a moment.',
  upstream_timeout: 'The site behind that link took too long to respond. Try again in a moment.',
  upstream_rate_limited: 'The site behind that link is receiving too many requests. Try again later.',
  provider_unknown: 'This server doesn’t support that kind of link.',
  quality_unavailable: 'That quality isn’t available.',
  track_unavailable: 'That track isn’t available.',

  // Playback commands
  not_host: 'Only the host can do that.',
  forbidden: 'Your role in this party doesn’t allow that.',
  no_media: 'There’s nothing to play yet. Choose something to watch first.',
  media_ended: 'The video has ended. Seek back to watch it again.',
  position_out_of_range: 'That’s past the end of the video.',
  seek_unavailable: 'This site doesn’t let players jump within the film.',
  stale_fence: 'The host has just changed, so that didn’t go through.',
  version_conflict: 'Someone else made a change first, so that didn’t go through.',
  store_unavailable: 'The server can’t save changes right now. Try again in a moment.',
  superseded: 'You did something newer, so that was dropped.',
  participant_not_found: 'They’ve just left.',
  not_member: 'You’re no longer in this party. Rejoin with the invite link.',

  // Parties
  room_not_found: 'There’s no party at this address. It may have ended, or the link may have a typo.',
  room_full: 'This party is full.',
  removed: 'The host or a moderator removed you. You can come back.',
  banned: 'The host or a moderator banned you from this party.',
  ban_not_found: 'That ban has ended or was lifted.',
  invite_required: 'Only people with an invite link can join. Ask for one.',
  invite_invalid: 'That invite link doesn’t work any more. Ask for a new one.',
  password_required: 'This party has a password.',
  password_wrong: 'That isn’t the password. Check it and try again.',
  approval_pending: 'Somebody in the party has to let you in.',
  approval_declined: 'Somebody in the party said no this time. You can ask again in ten minutes.',
  grant_ended: 'You can’t be in this party any more.',
  invite_not_found: 'That link doesn’t work any more already.',
  grant_not_found: 'They were shut out already.',
  room_closed: 'This party has ended.',
  session_replaced: 'You opened this party somewhere else, so it continues there.',
  invalid_request: 'The server didn’t understand that. Check what you entered.',
  payload_too_large: 'That’s too long.',

  // Connection
  network_error: 'Can’t reach the server. Check your connection and try again.',
  join_timeout: 'The party took too long to respond. Try again in a moment.',
  welcome_timeout: 'The party took too long to respond. Try again in a moment.',
  stale_snapshot: 'The server sent an outdated state of the party. Try again in a moment.',
  no_answer: 'The server didn’t respond in time. Check whether that went through before you try again.',
  too_many_pending: 'Too many actions are already waiting for the server. Try again in a moment.',
  connection_lost: 'The connection was lost before that went through.',
  left: 'You’ve left this party.',
  closed: 'You’ve left this party.',
  rebased: 'The server had to restart. The party continues, but the last changes may be missing.',
  invalid_answer: 'The server sent a response that this page can’t use. Reload the page.',
  invalid_use: 'Something is wrong with this page. Reload it.',
  unexpected_answer: 'The server sent an unexpected response. Try again in a moment.',
  unauthenticated: 'Your session has expired. Reload the page to continue.',
  token_invalid: 'Your session has expired. Reload the page to continue.',
  token_expired: 'Your session has expired. Reload the page to continue.',
  ticket_invalid: 'Joining took too long. Try again.',
  origin_forbidden: `You opened this page at ${location.origin}, an address that its server doesn’t accept. The server’s operator has to add it to PLAYHEAD_ALLOWED_ORIGINS.`,
  rate_limited: 'That was a bit too fast. Wait a moment and try again.',
  draining: 'The server is restarting. You’ll be back in a moment.',
  internal: 'Something went wrong on the server. Try again in a moment.',

  // The player in this browser
  autoplay_blocked: 'Your browser needs a tap before it plays with sound.',
  source_unreachable: 'Your browser can’t reach the video. The site may be down, or blocked where you are.',
  part_unreachable: 'A part of this film can’t be loaded.',
  source_lapsed: 'This video’s link has expired or no longer works. The host can paste a new one.',
  cors_missing:
    'The site that hosts this video doesn’t allow other pages to play it (it sends no CORS headers). Another link may work.',
  format_unsupported: 'Your browser can’t play this format. Another browser or another link may work.',
  decode_failed: 'Your browser couldn’t decode this video. The file may be damaged.',
} satisfies Record<OwnCode, string> & Record<string, string>;

// Details that say no more than the sentence of their code; any other of `media_not_found` says what isn't there.
const PLAIN_DETAILS = ['', 'There is no media behind this link.', 'The link leads to nothing', 'The link leads to nothing.'];

// Before the reason that the server found, which only it knows.
const BEFORE_REASONS: Readonly<Record<string, string>> = {
  media_unsupported: 'Playhead can’t play that link.',
  manifest_invalid: 'That stream is damaged.',
  upstream_too_large: 'That link leads to more than the server can read.',
};

/** The heading of the form for the media, which the empty stage refers to. */
export const CHOOSE_MEDIA = 'Choose what to watch';

/** Shown to a person who has become another guest, because the server no longer knew the former one. */
export const IDENTITY_REPLACED = 'Your session has expired, so you’re a new guest now.';

/** Shown to a person who uses the controls while the connection is lost. */
export const DISCONNECTED = 'Not connected. That will go through if you’re back within a few seconds.';
/** Shown in place of `no_answer` where nothing was sent. */
const NOT_SENT = 'That didn’t go through. Try again once you’re connected.';
/** Shown in place of `position_out_of_range` where a live stream plays. */
export const OUTSIDE_LIVE_WINDOW = 'The live stream doesn’t offer that moment now. Choose one that’s nearer to live.';

/** Shown while commands can't be stored, … */
export const AUTHORITY_AWAY = 'Controls are unavailable right now.';
/** … and added if the party plays meanwhile. */
export const PLAYS_ON = 'Playback continues.';
/** Added for a person whose own command is being retried. */
export const TRYING_AGAIN = 'Retrying your last action…';

/** Shown in place of `connection_lost` to a person whose join was answered, and who was never connected. */
export const NO_SOCKET = 'The live connection to the party can’t be opened. Your network may block WebSockets; another one may work.';
/** Added to the reason why a party can't be joined for now. */
export const KEEPS_TRYING = ' This page tries again by itself.';

const ENDS: Readonly<Record<string, string>> = {
  grace_ended: 'The host left and didn’t come back in time.',
  deleted: 'The host ended the party for everyone.',
  idle: 'It closed because nobody was there.',
  never_started: 'The host never joined.',
};

/** Says why a party has ended, from the cause of its last change of state. */
export function endFor(cause: string | undefined, isHost: boolean): string {
  const thanks = 'Thanks for watching together!';
  if (cause === 'deleted' && isHost) return `You ended the party for everyone. ${thanks}`;
  const why = ENDS[cause ?? ''];
  return why === undefined ? thanks : `${why} ${thanks}`;
}

/** Returns the sentence for a code, or `detail` turned into one. */
export function sentenceFor(code: string, detail = ''): string {
  const known = SENTENCES[code];
  const isTold = code === 'media_not_found' && !PLAIN_DETAILS.includes(detail);
  if (known !== undefined && !isTold) return known;
  const before = BEFORE_REASONS[code];
  if (detail === '') return before ?? `Something went wrong (${code}).`;
  const text = detail.charAt(0).toUpperCase() + detail.slice(1);
  const reason = /[.!?…]$/.test(text) ? text : `${text}.`;
  return before === undefined ? reason : `${before} ${reason}`;
}

/** Returns the sentence for anything that was thrown. */
export function sentenceOf(error: unknown): string {
  if (error instanceof PlayheadError) {
    const { code, outcome, detail } = error;
    return code === 'no_answer' && outcome === 'not_applied' ? NOT_SENT : sentenceFor(code, detail);
  }
  return sentenceFor('unknown_error', error instanceof Error ? error.message : String(error));
}
