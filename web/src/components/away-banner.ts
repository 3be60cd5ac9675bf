import type { HostLoss, SessionSnapshot } from 'playhead-sdk';
import { clockTime } from '../format.js';
import { createBanner } from './banner.js';
import type { RoomContext, RoomPart } from './room-context.js';

const CONSEQUENCE: Readonly<Record<HostLoss, string>> = {
  expire: 'the party ends',
  promote: 'a co-host takes over',
  hold: 'the party goes on without a host',
  pause: 'the party pauses',
};

/** Says that the host is away and what comes of it, counting down; or that nobody is host. */
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
  const { state, host_id, settings, playback } = room.room;
  if (room.connection !== 'open') return null;
  if (state === 'grace')
    return `The host is away – ${CONSEQUENCE[settings.host_loss] ?? 'the party ends'}${when} unless they return`;
  if (state !== 'live' || host_id !== null) return null;
  const meanwhile = playback.status === 'paused' ? 'The party is paused' : 'Playback goes on';
  return `Nobody is host right now. ${meanwhile}; the last host takes over again on return.`;
}
