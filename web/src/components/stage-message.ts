import type { SessionSnapshot } from 'playhead-sdk';
import type { IconName } from '../icons.js';
import { sentenceFor } from '../words.js';
import { hostName, type RoomView } from './room-context.js';

/** What the button over the picture does; also its test hook. */
export type StageAction = 'unblock' | 'reload' | 'start' | 'replay';

/** What is said over the picture. */
export interface StageMessage {
  icon: IconName;
  title: string;
  text: string;
  /** Hides the picture behind it. */
  solid: boolean;
  action?: { label: string; does: StageAction };
}

/** A barrier shorter than this passes without a word. */
const BARRIER_SEEN_MS = 350;
const NAMED_MAX = 3;

/** The one thing to say over the picture, the most pressing first; null leaves the picture alone. */
export function stageMessage({ room, player }: RoomView, nowRoomMs: number): StageMessage | null {
  const { media, playback } = room;
  if (media === null) return empty(room);
  if (player.state === 'error' && player.error) return failure(player.error.code, player.error.detail);
  if (player.state === 'blocked') {
    return {
      icon: 'play',
      title: 'The party is on',
      text: sentenceFor('autoplay_blocked'),
      solid: false,
      action: { label: 'Tap to join the playback', does: 'unblock' },
    };
  }
  if (playback.status === 'waiting' && playback.waiting) {
    return nowRoomMs - playback.anchor_at_ms < BARRIER_SEEN_MS ? null : barrier(room, playback.waiting);
  }
  return playback.status === 'ended' ? theEnd(room) : null;
}

function empty(room: SessionSnapshot): StageMessage {
  if (steers(room))
    return {
      icon: 'film',
      title: 'Your party is ready',
      text: 'Paste a link under “What do we watch?”, or start with the sample clip.',
      solid: true,
    };
  const host = hostName(room);
  return {
    icon: 'film',
    title: 'Nothing playing yet',
    text: `${host ?? 'The host'} is about to choose something.`,
    solid: true,
  };
}

function theEnd(room: SessionSnapshot): StageMessage {
  const message: StageMessage = { icon: 'check', title: 'That was it', text: '', solid: false };
  if (!steers(room)) return message;
  return {
    ...message,
    text: 'Choose what comes next, or see it once more.',
    action: { label: 'Play again', does: 'replay' },
  };
}

function failure(code: string, detail: string): StageMessage {
  const titles: Readonly<Record<string, string>> = {
    source_unreachable: 'The video can’t be reached',
    cors_missing: 'The site doesn’t let us play this',
    format_unsupported: 'This format doesn’t play here',
    decode_failed: 'This video is damaged',
  };
  return {
    icon: 'alert',
    title: titles[code] ?? 'This doesn’t play',
    text: sentenceFor(code, detail),
    solid: true,
    action: { label: 'Try again', does: 'reload' },
  };
}

// The room names whom it asked when it began to wait, not who is still missing.
function barrier(room: SessionSnapshot, waiting: NonNullable<SessionSnapshot['playback']['waiting']>): StageMessage {
  const { count, participant_ids: ids } = waiting.waiting_for;
  const names = ids
    .slice(0, NAMED_MAX)
    .map((id) => (id === room.me.participant_id ? 'you' : (nameOf(room, id) ?? 'somebody')));
  const unnamed = count - names.length;
  const more = unnamed > 0 ? ` and ${unnamed} more` : '';
  const message: StageMessage = {
    icon: 'people',
    title: 'Starting together…',
    text: names.length === 0 ? '' : `As soon as everyone has loaded: ${names.join(', ')}${more}`,
    solid: false,
  };
  return steers(room) ? { ...message, action: { label: 'Start without waiting', does: 'start' } } : message;
}

function nameOf(room: SessionSnapshot, id: string): string | undefined {
  return room.presence.find((someone) => someone.participant_id === id)?.display_name;
}

function steers(room: SessionSnapshot): boolean {
  return room.me.role === 'host' || room.me.role === 'co_host';
}
