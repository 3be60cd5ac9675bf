// What those who moderate a room do with its people. Fetched when it is first used.

import type { BanOptions, PageQuery, People } from '../types.js';
import type { Ban, Page, Role } from '../wire.js';
import type { Request } from './http.js';

/** Acts on the people of the room under `path`. */
export function peopleOf(send: <T>(request: Request) => Promise<T>, path: string): People {
  const participant = (id: string) => `${path}/participants/${encodeURIComponent(id)}`;
  const bans = `${path}/bans`;
  return {
    setRole: (id: string, role: Role) => send<void>({ method: 'PATCH', path: participant(id), body: { role } }),
    remove: (id: string) => send<void>({ method: 'DELETE', path: participant(id) }),
    ban: (id: string, { reason, untilMs }: BanOptions = {}) =>
      send<Ban>({ method: 'POST', path: bans, body: { participant_id: id, reason, until_ms: untilMs } }),
    bans: (query?: PageQuery) => send<Page<Ban>>({ path: bans, query }),
    liftBan: (id: string) => send<void>({ method: 'DELETE', path: `${bans}/${encodeURIComponent(id)}` }),
  };
}
