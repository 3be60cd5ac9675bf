import type { SessionSnapshot } from './types.js';
import type { Role, Room, ServerEvents, ServerFrame } from './wire.js';

type Change = Partial<SessionSnapshot>;

/** What an event in its order changes; types that aren't known change nothing but the version. */
export function applyEvent(view: SessionSnapshot, frame: ServerFrame): Change {
  const data = frame.data;
  switch (frame.type) {
    case 'playback_changed': {
      const { playback } = data as ServerEvents['playback_changed'];
      return withRoom(view, { playback });
    }
    case 'media_changed': {
      const { media, playback } = data as ServerEvents['media_changed'];
      return withRoom(view, { media, playback });
    }
    case 'host_changed': {
      const { host_id } = data as ServerEvents['host_changed'];
      return { ...withRoom(view, { host_id }), ...moveHost(view, host_id) };
    }
    case 'role_changed': {
      const { participant_id, role } = data as ServerEvents['role_changed'];
      return participant_id === view.me.participant_id ? { me: { participant_id, role } } : {};
    }
    case 'room_changed': {
      const { name, is_public, settings, chat } = data as ServerEvents['room_changed'];
      return withRoom(view, { name, is_public, settings, chat });
    }
    case 'lifecycle_changed': {
      const { state, host_id, playback, deadline_ms } = data as ServerEvents['lifecycle_changed'];
      return { ...withRoom(view, { state, host_id, playback, deadline_ms }), ...moveHost(view, host_id) };
    }
    default:
      return {};
  }
}

/** What a frame without a place in the order changes. */
export function applyEphemeral(view: SessionSnapshot, frame: ServerFrame): Change {
  if (frame.type === 'presence_changed') {
    const { participants, total } = frame.data as ServerEvents['presence_changed'];
    const mine = participants.find((one) => one.participant_id === view.me.participant_id);
    const { role } = mine ?? view.me;
    const me = role === view.me.role ? view.me : { ...view.me, role };
    return { presence: participants, presenceTotal: total, me };
  }
  if (frame.type === 'viewer_count_changed') {
    const counts = frame.data as ServerEvents['viewer_count_changed'];
    return withRoom(view, counts);
  }
  return {};
}

/** The parts of the view that a whole room decides. */
export function viewOfRoom(room: Room): Pick<SessionSnapshot, 'room' | 'media' | 'playback' | 'viewerCount'> {
  return { room, media: room.media ?? null, playback: room.playback, viewerCount: room.viewer_count };
}

function withRoom(view: SessionSnapshot, part: Partial<Room>): Change {
  return viewOfRoom({ ...view.room, ...part });
}

// A former host falls back to the least role until the session has learned the granted one.
function moveHost(view: SessionSnapshot, hostId: string | null | undefined): Change {
  const { participant_id, role } = view.me;
  const isHost = hostId === participant_id;
  if (isHost === (role === 'host')) return {};
  const next: Role = isHost ? 'host' : 'guest';
  return { me: { participant_id, role: next } };
}
