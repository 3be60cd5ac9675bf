// What roles may do.
import type { Role } from './wire.js';

/** Whether a role may control playback: host and co-host do. */
export function commandsPlayback(role: Role): boolean {
  return role === 'host' || role === 'co_host';
}
