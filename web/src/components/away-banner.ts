import type { HostLoss, SessionSnapshot } from 'playhead-sdk';
import { element, setShown, setText } from '../dom.js';
import { clockTime } from '../format.js';
import { icon } from '../icons.js';
import type { RoomContext, RoomPart } from './room-context.js';

const CONSEQUENCE: Readonly<Record<HostLoss, string>> = {
  expire: 'the party ends',
  promote: 'a co-host takes over',
  hold: 'the party goes on without a host',
  pause: 'the party pauses',
};

/** Says that the host is away and what comes of it, counting down; or that nobody is host. */
export function createAwayBanner({ session }: RoomContext): RoomPart {
  const seen = element('span', { 'aria-hidden': 'true' });
  // What is read out leaves the countdown away: it would be read every second.
  const spoken = element('span', { class: 'only-spoken', role: 'status' });
  const banner = element(
    'p',
    { class: 'banner', hidden: true, 'data-testid': 'away' },
    icon('alert', 20),
    seen,
    spoken,
  );

  function show(room: SessionSnapshot): void {
    const text = bannerText(room, '');
    setShown(banner, text !== null);
    if (text === null) return;
    const deadlineMs = room.room.deadline_ms;
    const left = deadlineMs === undefined ? '' : ` in ${clockTime(deadlineMs - session.now() + 999)}`;
    setText(seen, bannerText(room, left) ?? '');
    setText(spoken, text);
  }

  return {
    element: banner,
    update: ({ room }) => show(room),
    tick: ({ room }) => show(room),
  };
}

function bannerText(room: SessionSnapshot, when: string): string | null {
  if (room.connection !== 'open') return null;
  if (room.room.state === 'grace')
    return `The host is away – ${CONSEQUENCE[room.room.settings.host_loss] ?? 'the party ends'}${when} unless they return`;
  if (room.room.host_id === null)
    return 'Nobody is host right now. Playback goes on; the last host takes over again on return.';
  return null;
}
