import type { Player, PlayerSnapshot, RoomSession, SessionSnapshot } from 'playhead-sdk';
import { PlayheadError } from 'playhead-sdk';
import type { App } from '../app.js';
import { sentenceFor, sentenceOf } from '../words.js';

/** What a part of the room page is drawn from. */
export interface RoomView {
  room: SessionSnapshot;
  player: PlayerSnapshot;
}

/** What a part of the room page may use. */
export interface RoomContext {
  app: App;
  session: RoomSession;
  player: Player;
  video: HTMLVideoElement;
  /** Host and co-host steer playback. */
  mayControl(): boolean;
  /** Sends a playback command; says in words why it was not done. Resolves to whether it was. */
  control(send: () => Promise<unknown>): Promise<boolean>;
  /** For how long a playback command has waited for its answer; null while none does. */
  pendingMs(): number | null;
  /** Tells a guest who steers. */
  explain(): void;
}

/** A part that is drawn from each new view, and `tick`ed five times a second for what moves by itself. */
export interface RoomPart {
  element: HTMLElement;
  update(view: RoomView): void;
  tick?(view: RoomView): void;
  dispose?(): void;
}

export function createRoomContext(
  app: App,
  session: RoomSession,
  player: Player,
  video: HTMLVideoElement,
): RoomContext {
  // In the order of their sending, so that the first has waited longest.
  const pending = new Set<{ sinceMs: number }>();

  function mayControl(): boolean {
    const { role } = session.getSnapshot().me;
    return role === 'host' || role === 'co_host';
  }

  function explain(): void {
    const room = session.getSnapshot();
    const host = hostName(room);
    if (room.room.host_id === null) app.notices.say('Only the host can do that, and nobody is host right now.');
    else app.notices.say(host === null ? sentenceFor('not_host') : `Only the host can do that. ${host} is host.`);
  }

  async function control(send: () => Promise<unknown>): Promise<boolean> {
    if (!mayControl()) {
      explain();
      return false;
    }
    if (['reconnecting', 'closed'].includes(session.getSnapshot().connection)) app.notices.say(sentenceFor('disconnected'));
    const waits = { sinceMs: performance.now() };
    pending.add(waits);
    try {
      await send();
      return true;
    } catch (error) {
      const code = error instanceof PlayheadError ? error.code : '';
      if (code === 'not_host') explain();
      // Who asked for something else meanwhile knows that this was not done.
      else if (code !== 'superseded') app.notices.say(sentenceOf(error), 'bad');
      return false;
    } finally {
      pending.delete(waits);
    }
  }

  function pendingMs(): number | null {
    const [first] = pending;
    return first === undefined ? null : performance.now() - first.sinceMs;
  }

  return { app, session, player, video, mayControl, control, pendingMs, explain };
}

/** The host's name as far as presence tells it. */
export function hostName(room: SessionSnapshot): string | null {
  return room.presence.find((someone) => someone.participant_id === room.room.host_id)?.display_name ?? null;
}

/** The length of the media in milliseconds, from the room or else from the element; null for live and unknown. */
export function durationMs(room: SessionSnapshot, video: HTMLVideoElement): number | null {
  if (room.media === null || room.media.live) return null;
  if (room.media.duration_ms != null) return room.media.duration_ms;
  return Number.isFinite(video.duration) ? video.duration * 1000 : null;
}
