// Sessions for tests: joins them, waits for them, and closes them.
import { playback, type Connection, type Frame, type RoomServer } from './room-server.js';
import type { Client, RoomSession, SessionSnapshot } from '../src/index.js';

/** The sessions that the test has joined. */
const sessions: RoomSession[] = [];

/** Joins; resolves once welcomed at this epoch and version. */
export async function joinAt(
  server: RoomServer,
  client: Client,
  epoch: number,
  version: number,
): Promise<readonly [RoomSession, Connection, Frame]> {
  const joining = client.join('r_1');
  const connection = await server.connections.take();
  const hello = await connection.welcome(epoch, version);
  return [await opened(joining), connection, hello];
}

/** Resolves with the session once it is welcomed; `closeSessions` closes it. */
export async function opened(joining: Promise<RoomSession>): Promise<RoomSession> {
  const session = await entered(joining);
  await until(session, (now) => now.connection === 'open');
  return session;
}

/** Resolves with the session as soon as the room is known; `closeSessions` closes it. */
export async function entered(joining: Promise<RoomSession>): Promise<RoomSession> {
  const session = await joining;
  sessions.push(session);
  return session;
}

/** Closes the sessions that the test has joined. */
export function closeSessions(): void {
  for (const session of sessions.splice(0)) session.close();
}

export function until(of: RoomSession, holds: (now: SessionSnapshot) => boolean): Promise<SessionSnapshot> {
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(() => reject(new Error(`never so: ${JSON.stringify(of.getSnapshot())}`)), 8_000);
    const check = () => {
      const now = of.getSnapshot();
      if (!holds(now)) return;
      clearTimeout(deadline);
      unsubscribe();
      resolve(now);
    };
    const unsubscribe = of.subscribe(check);
    check();
  });
}

export function event(type: string, version: number, data: object): object {
  return { type, epoch: 1, version, at_ms: 0, data };
}

export function changed(epoch: number, version: number, part: Parameters<typeof playback>[0]): object {
  return { type: 'playback_changed', epoch, version, at_ms: 0, data: { cause: 'play', by: 'p_1', playback: playback(part) } };
}

export function rejection(id: string | undefined, code: string, outcome: string): object {
  return { type: 'reject', id, error: { code, retry: 'never', outcome, detail: code, meta: {} } };
}
