/** Says that the host left and counts down to what happens then, or that the party has no host. */
import type { HostLoss, PlaybackStatus, SessionSnapshot } from 'playhead-sdk';
import { clockTime } from '../format.js';
import { hasCoHost } from './authority-words.js';
import { createBanner } from './banner.js';
import type { RoomContext, RoomPart } from './room-context.js';

const CONSEQUENCE: Readonly<Record<HostLoss, string>> = {
  expire: 'The party ends',
  promote: 'A co-host takes over, or the party continues without a host',
  hold: 'The party continues without a host',
  pause: 'The party pauses',
};

/** What a film does without a host; nothing once it has ended. */
const MEANWHILE: Readonly<Partial<Record<PlaybackStatus, string>>> = {
  playing: 'Playback continues',
  waiting: 'Playback continues',
  paused: 'Playback is paused',
};

export function createAwayBanner({ session }: RoomContext): RoomPart {
  const banner = createBanner('away', 'alert', 'warn');

  function show(room: SessionSnapshot): void {
    const deadlineMs = room.room.deadline_ms;
    const left = deadlineMs === undefined ? '' : ` in ${clockTime(deadlineMs - session.now() + 999)}`;
    banner.show(bannerText(room, left), bannerText(room, '') ?? '');
  }

  return {
    element: banner.element,
    update: ({ room }) => show(room),
    tick: ({ room }) => show(room),
  };
}

function bannerText(room: SessionSnapshot, when: string): string | null {
  const { state, host_id, settings } = room.room;
  const { media, playback } = room;
  if (room.connection !== 'open') return null;
  if (state === 'grace')
    return `The host left. ${consequenceOf(room, settings.host_loss)}${when} unless they return.`;
  if (state !== 'live' || host_id !== null) return null;
  const meanwhile = MEANWHILE[playback.status];
  const returns = 'if the previous host returns, they take over again.';
  if (media === null || meanwhile === undefined) return `This party has no host right now; ${returns}`;
  return `This party has no host right now. ${meanwhile}; ${returns}`;
}

function consequenceOf(room: SessionSnapshot, policy: HostLoss): string {
  if (policy !== 'promote') return CONSEQUENCE[policy] ?? 'The party ends';
  if (hasCoHost(room)) return 'A co-host takes over';
  // Presence may not list everybody.
  return room.presence.length < room.presenceTotal ? CONSEQUENCE.promote : CONSEQUENCE.hold;
}
