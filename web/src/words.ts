import { PlayheadError } from 'playhead-sdk';

// What each code means to somebody who only wants to watch. Codes that never reach a viewer are left to `detail`.
const SENTENCES: Readonly<Record<string, string>> = {
  // Links and media
  link_invalid: 'That doesn’t look like a link. Paste the whole address, starting with https://.',
  media_unsupported: 'Playhead can’t play what is behind that link. HLS (.m3u8), MP4 and WebM work.',
  egress_blocked: 'That link points into a private network, where the server isn’t allowed to look.',
  media_not_found: 'There is nothing at that address. Check the link for typos.',
  media_gone: 'That was taken down.',
  drm_protected: 'That is copy-protected, so it only plays on its own site.',
  media_forbidden: 'The site refuses to hand that out: it may need a login or only work on its own page.',
  upstream_unavailable: 'The site behind that link isn’t answering. Try again in a moment.',
  upstream_timeout: 'The site behind that link takes too long to answer. Try again in a moment.',
  manifest_invalid: 'The stream behind that link is damaged: its playlist can’t be read.',
  upstream_too_large: 'What is behind that link is too large to be a playlist.',
  upstream_rate_limited: 'The site behind that link has had too many requests. Try again in a while.',
  provider_unknown: 'This server doesn’t know that kind of link.',
  quality_unavailable: 'That quality isn’t offered here.',
  track_unavailable: 'That track isn’t offered here.',

  // Playback commands
  not_host: 'Only the host can do that.',
  forbidden: 'Your role in this party doesn’t allow that.',
  no_media: 'There is nothing to play yet. Choose something to watch first.',
  media_ended: 'It’s over. Jump back to watch it again.',
  position_out_of_range: 'That is beyond the end.',
  stale_fence: 'The host has just changed, so that was not done.',
  version_conflict: 'Somebody else was faster, so that was not done.',
  store_unavailable: 'The server can’t save changes right now. Try again in a moment.',
  superseded: 'What you asked for after it took its place.',
  participant_not_found: 'They have just left.',
  not_member: 'You are not part of this party any more. Join again with the link.',

  // Rooms
  room_not_found: 'There is no party at this address. It may have ended, or the link has a typo.',
  room_full: 'This party is full.',
  room_closed: 'This party has ended.',
  kicked: 'You were removed from this party.',
  session_replaced: 'You opened this party somewhere else, and it goes on there.',
  invalid_request: 'The server didn’t understand that. Check what you typed.',
  payload_too_large: 'That is too long.',

  // Connection
  network_error: 'The server can’t be reached. Check your connection and try again.',
  welcome_timeout: 'The party takes too long to answer. Try again in a moment.',
  disconnected: 'You are disconnected right now. This is done as soon as you are back.',
  no_answer: 'The server didn’t answer in time. Look whether it was done before you try again.',
  too_many_pending: 'Too much waits for the server already. Try again in a moment.',
  connection_lost: 'The connection was lost before that was done.',
  closed: 'You have left this party.',
  rebased: 'The server had to start again. The party goes on, but the last changes may be missing.',
  unexpected_answer: 'The server gave an answer that makes no sense. Try again in a moment.',
  unauthenticated: 'Your visit has expired. Reload the page to go on.',
  token_invalid: 'Your visit has expired. Reload the page to go on.',
  token_expired: 'Your visit has expired. Reload the page to go on.',
  auth_expired: 'Your visit has expired. Reload the page to go on.',
  ticket_invalid: 'The way in has expired. Try again.',
  origin_forbidden: 'This page isn’t one the server accepts parties from.',
  rate_limited: 'That was a bit too fast. Wait a moment and try again.',
  draining: 'The server restarts; you will be back in a moment.',
  internal: 'Something went wrong on the server. Try again in a moment.',

  // The player in this browser
  autoplay_blocked: 'Your browser wants a tap before it plays with sound.',
  source_unreachable: 'Your browser can’t reach the video. The site may be down, or blocked where you are.',
  cors_missing:
    'The site that holds this video doesn’t allow other pages to play it (it sends no CORS headers). Another link may work.',
  format_unsupported: 'Your browser can’t play this format. Another browser or another link may work.',
  decode_failed: 'Your browser stumbled over this video: the file may be damaged.',
};

/** Said while commands can't be stored. */
export const AUTHORITY_AWAY = 'Control is away for the moment; playback goes on.';
/** Said to who has asked for something meanwhile. */
export const TRYING_AGAIN = 'What you asked for is being tried again.';

const ENDS: Readonly<Record<string, string>> = {
  grace_ended: 'The host left and didn’t come back in time.',
  deleted: 'The host ended it for everyone.',
  idle: 'Nobody was here for a while, so it closed by itself.',
  never_started: 'The host never came.',
};

/** Why a party is over, by the cause of its last change of state. */
export function endFor(cause: string | undefined, isHost: boolean): string {
  const thanks = 'Thank you for watching together.';
  if (cause === 'deleted' && isHost) return `You ended it for everyone. ${thanks}`;
  const why = ENDS[cause ?? ''];
  return why === undefined ? thanks : `${why} ${thanks}`;
}

/** The sentence for a code, or `detail` made into one. */
export function sentenceFor(code: string, detail = ''): string {
  const known = SENTENCES[code];
  if (known !== undefined) return known;
  if (detail === '') return `Something went wrong (${code}).`;
  const text = detail.charAt(0).toUpperCase() + detail.slice(1);
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

/** The sentence for anything that was thrown. */
export function sentenceOf(error: unknown): string {
  if (error instanceof PlayheadError) return sentenceFor(error.code, error.detail);
  return sentenceFor('unknown_error', error instanceof Error ? error.message : String(error));
}
