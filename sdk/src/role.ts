// What roles may do.
import type { Role } from './wire.js';

/** Whether a role commands playback, as the host's and the co-hosts' do. */
export function commandsPlayback(role: Role): boolean {
  return role === 'host' || role === 'co_host';
}
