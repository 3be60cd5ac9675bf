// What each frame of the server changes in the session's snapshot.

import type { SessionSnapshot } from '../types.js';
import type { Role, Room, ServerEvents, ServerFrame } from '../wire.js';

type Change = Partial<SessionSnapshot>;
type Me = SessionSnapshot['me'];

/** The parts of the room that each event carries; each replaces the previous one as a whole. */
const PARTS: Readonly<Record<string, readonly (keyof Room)[]>> = {
  playback_changed: ['playback'],
  media_changed: ['media', 'playback'],
  host_changed: ['host_id'],
  room_changed: ['name', 'is_public', 'language', 'tags', 'settings', 'chat'],
  lifecycle_changed: ['state', 'host_id', 'playback', 'deadline_ms'],
  viewer_count_changed: ['viewer_count', 'peak_viewers'],
};

/** Returns what a frame changes; unknown types change nothing. A host that stops being one is `formerRole` again. */
export function applyFrame(view: SessionSnapshot, { type, data }: ServerFrame, formerRole: Role): Change {
  const { me, room } = view;
  switch (type) {
    case 'room_state':
      return applyRoom(view, (data as ServerEvents['room_state']).room, formerRole);
    case 'role_changed': {
      const { participant_id, role } = data as ServerEvents['role_changed'];
      return participant_id === me.participant_id ? { me: meAs(me, role) } : {};
    }
    case 'presence_changed': {
      const { participants, total } = data as ServerEvents['presence_changed'];
      const mine = participants.find((one) => one.participant_id === me.participant_id);
      return { presence: participants, presenceTotal: total, me: meAs(me, mine?.role) };
    }
    case 'sync_changed': {
      const { reporting, spread_ms, uncertainty_ms } = data as ServerEvents['sync_changed'];
      return { sync: { reporting, spreadMs: spread_ms, uncertaintyMs: uncertainty_ms } };
    }
    case 'authority_changed':
      return { authority: (data as ServerEvents['authority_changed']).reachable ? 'reachable' : 'away' };
  }
  const parts = PARTS[type];
  if (parts === undefined) return {};
  const carried = data as Partial<Room> & { cause?: string };
  const changed = { ...room, ...Object.fromEntries(parts.map((part) => [part, carried[part]])) };
  if (!parts.includes('host_id')) return viewOfRoom(changed, view);
  const change = applyRoom(view, changed, formerRole);
  return parts.includes('state') ? { ...change, stateCause: carried.cause } : change;
}

/** Returns what a whole room changes. */
function applyRoom(view: SessionSnapshot, room: Room, formerRole: Role): Change {
  const { me } = view;
  const isHost = room.host_id === me.participant_id;
  const role = isHost ? 'host' : formerRole;
  return { ...viewOfRoom(room, view), me: isHost === (me.role === 'host') ? me : meAs(me, role) };
}

/** Returns `me` with another role or id; the same object if neither changes. */
export function meAs(me: Me, role = me.role, participant_id = me.participant_id): Me {
  return role === me.role && participant_id === me.participant_id ? me : { participant_id, role };
}

type RoomView = Pick<SessionSnapshot, 'room' | 'media' | 'playback' | 'viewerCount' | 'stateCause'>;

/** Returns the parts of the snapshot that follow from a room; `stateCause` is only kept while the state stays. */
export function viewOfRoom(room: Room, seen?: SessionSnapshot): RoomView {
  const stateCause = room.state === seen?.room.state ? seen.stateCause : undefined;
  return { room, media: room.media ?? null, playback: room.playback, viewerCount: room.viewer_count, stateCause };
}
