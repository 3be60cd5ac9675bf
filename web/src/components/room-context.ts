/** What the parts of the room page share: the snapshots, the commands and who may send them. */
import type { Knock, Player, PlayerSnapshot, RoomSession, SessionSnapshot, Subscribable } from 'playhead-sdk';
import { commandsPlayback, controlsPlayback, PlayheadError } from 'playhead-sdk';
import type { App } from '../app.js';
import { DISCONNECTED, OUTSIDE_LIVE_WINDOW, sentenceOf } from '../words.js';
import { controlRefusal } from './authority-words.js';

/** The snapshots that every part of the room page is drawn from. */
export interface RoomView {
  room: SessionSnapshot;
  player: PlayerSnapshot;
}

/** What begins as soon as a party has been joined: the video element, the player that controls it, and who asks to join. */
export type Screen = Pick<RoomContext, 'video' | 'player' | 'knocks'>;

/** Passed to every part of the room page. */
export interface RoomContext {
  app: App;
  session: RoomSession;
  player: Player;
  video: HTMLVideoElement;
  /** Who asks to join, for those who moderate the party. */
  knocks: Subscribable<readonly Knock[]>;
  /** `hasControl` of the current snapshot. */
  mayControl(): boolean;
  /** Sends a playback command and shows why it failed. Resolves to whether it succeeded. */
  control(send: () => Promise<unknown>): Promise<boolean>;
  /** How long the oldest unanswered playback command has been waiting, in milliseconds; null when there is none. */
  pendingMs(): number | null;
  /** Tells a guest who controls playback. */
  explain(): void;
}

/** A part of the room page: `update` draws each new view; `tick`, five times a second, what moves by itself. */
export interface RoomPart {
  element: HTMLElement;
  update(view: RoomView): void;
  tick?(view: RoomView): void;
  dispose?(): void;
}

export function createRoomContext(app: App, session: RoomSession, { player, video, knocks }: Screen): RoomContext {
  // A set keeps the order of sending, so its first entry has waited longest.
  const pending = new Set<{ sinceMs: number }>();

  const mayControl = (): boolean => hasControl(session.getSnapshot());

  function explain(): void {
    app.notices.say(controlRefusal(session.getSnapshot()));
  }

  async function control(send: () => Promise<unknown>): Promise<boolean> {
    if (!mayControl()) {
      explain();
      return false;
    }
    if (['reconnecting', 'closed'].includes(session.getSnapshot().connection)) app.notices.say(DISCONNECTED);
    const waits = { sinceMs: performance.now() };
    pending.add(waits);
    try {
      await send();
      return true;
    } catch (error) {
      const code = error instanceof PlayheadError ? error.code : '';
      if (code === 'not_host') explain();
      else if (code === 'position_out_of_range' && session.getSnapshot().media?.live) app.notices.say(OUTSIDE_LIVE_WINDOW, 'bad');
      // A person who has since done something else doesn't need to hear of this one.
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

  return { app, session, player, video, knocks, mayControl, control, pendingMs, explain };
}

/** Whether this person controls playback. */
export function hasControl({ me, room }: SessionSnapshot): boolean {
  return controlsPlayback(me.role, room.settings);
}

/** Whether this person chooses what is played: the host and the co-hosts do, no matter who controls playback. */
export function choosesMedia({ me }: SessionSnapshot): boolean {
  return commandsPlayback(me.role);
}

/** Returns the media's duration in milliseconds, from the room or else the element; null if live or unknown. */
export function durationMs(room: SessionSnapshot, video: HTMLVideoElement): number | null {
  if (room.media === null || room.media.live) return null;
  if (room.media.duration_ms != null) return room.media.duration_ms;
  return Number.isFinite(video.duration) ? video.duration * 1000 : null;
}
