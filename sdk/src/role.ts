// What roles may do.
import type { Role, RoomSettings } from './wire.js';

/** Whether a role chooses what is played, and commands playback in every room: host and co-host do. */
export function commandsPlayback(role: Role): boolean {
  return role === 'host' || role === 'co_host';
}

/** Whether a role plays, pauses and seeks in a room with these settings. */
export function controlsPlayback(role: Role, { playback_control }: RoomSettings): boolean {
  return commandsPlayback(role) || (playback_control === 'everyone' && role !== 'viewer');
}
