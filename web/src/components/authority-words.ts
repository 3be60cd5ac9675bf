/** Who controls playback, in words. */
import type { SessionSnapshot } from 'playhead-sdk';
import { calledAmong } from './called.js';

/** Says below the video who controls playback. */
export function controlHint(room: SessionSnapshot): string {
  if (room.room.settings.playback_control === 'everyone')
    return room.me.role === 'viewer' ? 'Everyone can control playback, but you’re only watching' : 'Everyone can play, pause and seek';
  if (room.room.host_id === null) return 'This party has no host right now';
  const host = hostName(room);
  if (!isHostAway(room)) return host === null ? 'The host controls playback' : `${host} is the host and controls playback`;
  return hasCoHost(room) ? 'A co-host controls playback' : 'Nobody controls playback until the host returns';
}

/** Tells somebody who may not control playback who may. */
export function controlRefusal(room: SessionSnapshot): string {
  if (room.room.settings.playback_control === 'everyone' && room.me.role === 'viewer') return 'You’re only watching, so you can’t do that.';
  const coHost = hasCoHost(room);
  if (room.room.host_id === null)
    return coHost
      ? 'Only a co-host can do that, as this party has no host right now.'
      : 'Only the host can do that, and this party has no host right now.';
  if (isHostAway(room))
    return coHost ? 'The host has left. Only a co-host can do that now.' : 'Only the host can do that, and the host has left.';
  const host = hostName(room);
  const who = host === null ? 'the host' : `${host}, the host,`;
  return `Only ${who}${coHost ? ' or a co-host' : ''} can do that.`;
}

/** Returns the host's name; null if there is no host, or presence doesn't list them. */
export function hostName({ presence, room }: SessionSnapshot): string | null {
  const host = presence.find(({ participant_id }) => participant_id === room.host_id);
  return (host && calledAmong(presence, host)) ?? null;
}

function isHostAway({ room }: SessionSnapshot): boolean {
  return room.state === 'grace';
}

/** Whether presence lists a co-host, who controls playback as the host does. */
export function hasCoHost({ presence }: SessionSnapshot): boolean {
  return presence.some(({ role }) => role === 'co_host');
}
