// What those who moderate a room do with its people. Fetched when it is first used.

import type { BanOptions, GrantOptions, InviteOptions, People } from '../people.js';
import type { PageQuery } from '../query.js';
import type { Ban, CreatedInvite, Grant, Invite, MadeGrant, Page, Role, Room, RoomChanges } from '../wire.js';
import type { Request } from './http.js';

/** Acts on the people of the room under `path`. */
export function peopleOf(send: <T>(request: Request) => Promise<T>, path: string): People {
  const all = (list: string) => `${path}/${list}`;
  const one = (list: string, id: string) => `${path}/${list}/${encodeURIComponent(id)}`;
  return {
    setRole: (id: string, role: Role) => send<void>({ method: 'PATCH', path: one('participants', id), body: { role } }),
    changeRoom: (changes: RoomChanges) => send<Room>({ method: 'PATCH', path, body: changes }),
    remove: (id: string) => send<void>({ method: 'DELETE', path: one('participants', id) }),
    ban: (id: string, { reason, untilMs }: BanOptions = {}) =>
      send<Ban>({ method: 'POST', path: all('bans'), body: { participant_id: id, reason, until_ms: untilMs } }),
    bans: (query?: PageQuery) => send<Page<Ban>>({ path: all('bans'), query }),
    liftBan: (id: string) => send<void>({ method: 'DELETE', path: one('bans', id) }),
    createInvite: ({ role, uses, expiresAtMs }: InviteOptions = {}) =>
      send<CreatedInvite>({ method: 'POST', path: all('invites'), body: { role, uses, expires_at_ms: expiresAtMs } }),
    invites: (query?: PageQuery) => send<Page<Invite>>({ path: all('invites'), query }),
    revokeInvite: (id: string) => send<void>({ method: 'DELETE', path: one('invites', id) }),
    grants: (query?: PageQuery) => send<Page<Grant>>({ path: all('grants'), query }),
    grant: (userId: string, { role, expiresAtMs }: GrantOptions = {}) =>
      send<MadeGrant>({ method: 'POST', path: all('grants'), body: { user_id: userId, role, expires_at_ms: expiresAtMs } }),
    revokeGrant: (id: string) => send<void>({ method: 'DELETE', path: one('grants', id) }),
    answerKnock: (id: string, admitted: boolean) =>
      send<void>({ method: 'PATCH', path: one('knocks', id), body: { admitted } }),
  };
}
