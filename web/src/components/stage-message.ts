/** Decides which message is shown over the video. */
import type { SessionSnapshot } from 'playhead-sdk';
import type { IconName } from '../icons.js';
import { shortfallOf } from '../shortfall.js';
import { CHOOSE_MEDIA, sentenceFor } from '../words.js';
import { hostName } from './authority-words.js';
import { calledAmong } from './called.js';
import { choosesMedia, hasControl, type RoomView } from './room-context.js';

/** What the button over the video does; also its test id. */
export type StageAction = 'unblock' | 'reload' | 'start' | 'replay';

/** A message shown over the video. */
export interface StageMessage {
  icon: IconName;
  title: string;
  text: string;
  /** Whether it hides the video behind it. */
  solid: boolean;
  action?: { label: string; does: StageAction };
}

/** A barrier that takes less than this shows no message. */
const BARRIER_SEEN_MS = 350;
const NAMED_MAX = 3;
/** A player that is less far behind has caught up before anybody has read that it will. */
const BEHIND_SEEN_MS = 2_500;

/**
 * Returns the most pressing message to show over the video; null if there is none. `behindMs` is how far a player that
 * can't jump is behind the party.
 */
export function stageMessage({ room, player }: RoomView, nowRoomMs: number, behindMs: number): StageMessage | null {
  const { media, playback } = room;
  if (media === null) return empty(room);
  if (player.state === 'error' && player.error) {
    const { code, detail } = player.error;
    const missing = shortfallOf(media);
    const explains = missing?.code === 'mixed_content' || code === 'format_unsupported' || code === 'decode_failed';
    return failure(code, (explains && missing?.detail) || sentenceFor(code, detail));
  }
  if (player.state === 'blocked') {
    return {
      icon: 'play',
      title: 'The party has started',
      text: sentenceFor('autoplay_blocked'),
      solid: false,
      action: { label: 'Tap to play', does: 'unblock' },
    };
  }
  if (behindMs > BEHIND_SEEN_MS) {
    return {
      icon: 'sync',
      title: 'Catching up…',
      text: `${sentenceFor('seek_unavailable')} Your player is catching up, fast and without sound.`,
      solid: true,
    };
  }
  if (playback.status === 'waiting' && playback.waiting) {
    return nowRoomMs - playback.anchor_at_ms < BARRIER_SEEN_MS ? null : barrier(room, playback.waiting);
  }
  return playback.status === 'ended' ? theEnd(room) : null;
}

function empty(room: SessionSnapshot): StageMessage {
  if (choosesMedia(room))
    return {
      icon: 'film',
      title: 'Your party is ready',
      text: `Paste a link under “${CHOOSE_MEDIA}”, or start with the sample clip.`,
      solid: true,
    };
  const host = hostName(room);
  return {
    icon: 'film',
    title: 'Nothing playing yet',
    text: `Waiting for ${host ?? 'the host'} to choose something to watch.`,
    solid: true,
  };
}

function theEnd(room: SessionSnapshot): StageMessage {
  const message: StageMessage = { icon: 'check', title: 'The end', text: '', solid: false };
  if (!hasControl(room)) return message;
  const next = choosesMedia(room);
  if (room.media?.live) return next ? { ...message, text: 'The live stream is over. Choose what to watch next.' } : message;
  return {
    ...message,
    text: next ? 'Choose what to watch next, or play it again.' : 'You can play it again.',
    action: { label: 'Play again', does: 'replay' },
  };
}

function failure(code: string, text: string): StageMessage {
  const titles: Readonly<Record<string, string>> = {
    source_unreachable: 'Can’t load this video',
    part_unreachable: 'Can’t load all of this video',
    source_lapsed: 'This link no longer works',
    mixed_content: 'Can’t load this video here',
    cors_missing: 'This site doesn’t allow playback here',
    format_unsupported: 'This format isn’t supported',
    manifest_invalid: 'This stream is damaged',
    decode_failed: 'This video may be damaged',
  };
  return {
    icon: 'alert',
    title: titles[code] ?? 'This video can’t be played',
    text,
    solid: true,
    action: { label: 'Try again', does: 'reload' },
  };
}

// The room lists those it asked when the wait began, not those who are still loading.
function barrier(room: SessionSnapshot, waiting: NonNullable<SessionSnapshot['playback']['waiting']>): StageMessage {
  const { count, participant_ids: ids } = waiting.waiting_for;
  const names = ids
    .slice(0, NAMED_MAX)
    .map((id) => (id === room.me.participant_id ? 'you' : (nameOf(room, id) ?? 'someone')));
  const unnamed = count - names.length;
  const more = unnamed > 0 ? ` and ${unnamed} more` : '';
  const message: StageMessage = {
    icon: 'people',
    title: 'Waiting for everyone to load…',
    text: names.length === 0 ? '' : `Starting together: ${names.join(', ')}${more}`,
    solid: false,
  };
  return hasControl(room) ? { ...message, action: { label: 'Start without waiting', does: 'start' } } : message;
}

function nameOf({ presence }: SessionSnapshot, id: string): string | undefined {
  const person = presence.find(({ participant_id }) => participant_id === id);
  return person && calledAmong(presence, person);
}
