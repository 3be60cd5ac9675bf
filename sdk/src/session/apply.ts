import type { SessionSnapshot } from '../types.js';
import type { Role, Room, ServerEvents, ServerFrame } from '../wire.js';

type Change = Partial<SessionSnapshot>;

/**
 * What an event in its order changes; types that aren't known change nothing but the version. `formerRole` is what
 * somebody who is host no longer is again.
 */
export function applyEvent(view: SessionSnapshot, frame: ServerFrame, formerRole: Role): Change {
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
      return { ...withRoom(view, { host_id }), ...moveHost(view, host_id, formerRole) };
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
      const { state, cause, host_id, playback, deadline_ms } = data as ServerEvents['lifecycle_changed'];
      const room = withRoom(view, { state, host_id, playback, deadline_ms });
      return { ...room, stateCause: cause, ...moveHost(view, host_id, formerRole) };
    }
    case 'room_state':
      return applyRoom(view, (data as ServerEvents['room_state']).room, formerRole);
    default:
      return {};
  }
}

function applyRoom(view: SessionSnapshot, room: Room, formerRole: Role): Change {
  const stateCause = room.state === view.room.state ? view.stateCause : undefined;
  return { ...viewOfRoom(room), stateCause, ...moveHost(view, room.host_id, formerRole) };
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
  if (frame.type === 'sync_changed') {
    const { reporting, spread_ms, uncertainty_ms } = frame.data as ServerEvents['sync_changed'];
    return { sync: { reporting, spreadMs: spread_ms, uncertaintyMs: uncertainty_ms } };
  }
  if (frame.type === 'authority_changed') {
    const { reachable } = frame.data as ServerEvents['authority_changed'];
    return { authority: reachable ? 'reachable' : 'away' };
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

function moveHost(view: SessionSnapshot, hostId: string | null | undefined, formerRole: Role): Change {
  const { participant_id, role } = view.me;
  const isHost = hostId === participant_id;
  if (isHost === (role === 'host')) return {};
  return { me: { participant_id, role: isHost ? 'host' : formerRole } };
}
