// @vitest-environment jsdom
// Tests of the hook for React.
import { createElement, StrictMode, type ReactElement } from 'react';
import { createRoot, hydrateRoot, type Root } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { WebSocket } from 'ws';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createClient, type Client, type Media, type PlayerAdapter } from '../src/index.js';
import { useStreaming, type RoomChoice, type Streamed } from '../src/react.js';
import { changed, joinAt, rejection } from './joined.js';
import { playback, problem, room, RoomServer, type Connection } from './room-server.js';

const NOTHING_LEFT = 1000;

let server: RoomServer;
let client: Client;
let root: Root | null;
/** What the component received at each render. */
let renders: Streamed[];

beforeEach(async () => {
  server = await RoomServer.start();
  client = createClient({ baseUrl: server.baseUrl, WebSocket });
  root = null;
  renders = [];
});

afterEach(async () => {
  root?.unmount();
  await server.stop();
});

test('a component joins when it mounts and closes without leaving when it unmounts', async () => {
  render(createElement(Page, { room: 'ABC', name: 'Ada' }));
  const connection = await welcomed();
  const seen = await until((now) => now.connection === 'open');
  expect(renders[0]).toMatchObject({ connection: 'connecting', session: null });
  expect(seen).toMatchObject({ isHost: true, status: 'paused', error: null, viewerCount: 1 });
  expect(seen.room?.name).toBe('Friday');
  expect(server.requests.map(({ path }) => path)).toEqual(['/auth/guest', '/rooms/ABC/join']);

  root!.unmount();
  expect(await connection.closed).toBe(NOTHING_LEFT);
  expect(connection.idle).toBe(true);
});

test('strict mode signs in and joins once', async () => {
  render(createElement(StrictMode, null, createElement(Page, { room: 'ABC', name: 'Ada' })));
  const connection = await welcomed();
  await until((now) => now.connection === 'open');
  expect(server.requests.map(({ path }) => path)).toEqual(['/auth/guest', '/rooms/ABC/join']);
  root!.unmount();
  await connection.closed;
  expect(server.connections.empty).toBe(true);
});

test('a component that unmounts while it joins leaves no session behind', async () => {
  const sockets: WebSocket[] = [];
  class Watched extends WebSocket {
    constructor(url: string, protocols?: string | string[]) {
      super(url, protocols);
      sockets.push(this);
    }
  }
  let letIn = (): void => undefined;
  const asked = new Promise<void>((isAsked) => {
    const answer = new Promise<void>((resolve) => (letIn = resolve));
    const slowly: typeof fetch = async (input, init) => {
      if (!String(input).endsWith('/join')) return fetch(input, init);
      isAsked();
      await answer;
      return fetch(input, init);
    };
    client = createClient({ baseUrl: server.baseUrl, WebSocket: Watched, fetch: slowly });
  });
  render(createElement(Page, { room: 'ABC', name: 'Ada' }));
  await asked;
  root!.unmount();
  root = null;
  letIn();
  await vi.waitFor(() => expect(sockets.map(({ readyState }) => readyState)).toEqual([WebSocket.CLOSED]), 4_000);
});

test('a component that unmounts before it is welcomed closes its socket', async () => {
  render(createElement(Page, { room: 'ABC', name: 'Ada' }));
  const connection = await server.connections.take();
  root!.unmount();
  root = null;
  await connection.closed;
});

test('another room is joined instead of the first', async () => {
  render(createElement(Page, { room: 'ABC', name: 'Ada' }));
  const first = await welcomed();
  await until((now) => now.connection === 'open');
  root!.render(createElement(Page, { room: 'DEF', name: 'Ada' }));
  const second = await welcomed({ name: 'Saturday' });
  await until((now) => now.room?.name === 'Saturday');
  expect(await first.closed).toBe(NOTHING_LEFT);
  expect(server.requests.map(({ path }) => path)).toEqual(['/auth/guest', '/rooms/ABC/join', '/rooms/DEF/join']);
  expect(second.idle).toBe(true);
});

test('the same room in a new object is the same room', async () => {
  render(createElement(Page, { room: 'ABC', name: 'Ada' }));
  await welcomed();
  const { play, videoRef } = await until((now) => now.connection === 'open');
  const before = renders.length;
  root!.render(createElement(Page, { room: 'ABC', name: 'Ada' }));
  await vi.waitFor(() => expect(renders.length).toBeGreaterThan(before));
  expect(renders.at(-1)).toMatchObject({ play, videoRef });
  expect(server.requests).toHaveLength(2);
});

test('null joins no room', async () => {
  render(createElement(Page, { room: null, name: 'Ada' }));
  await until((now) => now.connection === 'idle');
  await expect(renders.at(-1)!.play()).rejects.toMatchObject({ code: 'invalid_use' });
  expect(server.requests).toEqual([]);
});

test('a refused join is an error with a sentence, and can be retried', async () => {
  server.answers.push({ path: '/join', answer: problem(404, 'room_not_found', 'never') });
  render(createElement(Page, { room: 'ABC', name: 'Ada' }));
  const refused = await until((now) => now.error !== null);
  expect(refused.error).toMatchObject({ code: 'room_not_found', detail: 'room_not_found' });
  expect(refused.connection).toBe('closed');
  refused.rejoin();
  await welcomed();
  await until((now) => now.connection === 'open' && now.error === null);
});

test('being removed is an error, leaving is not', async () => {
  render(createElement(Page, { room: 'ABC', name: 'Ada' }));
  const first = await welcomed();
  const joined = await until((now) => now.connection === 'open');
  first.close(4403, 'forbidden');
  await until((now) => now.connection === 'closed' && now.error?.code === 'forbidden');

  joined.rejoin();
  const second = await welcomed();
  await until((now) => now.connection === 'open' && now.error === null);
  const leaving = joined.leave();
  const { id } = await second.next();
  second.send({ type: 'ack', id, epoch: 1, version: 1, data: {} });
  await leaving;
  await until((now) => now.connection === 'closed' && now.error === null);
});

test('a session that is passed in is shown at once and stays open', async () => {
  await client.guest('Ada');
  const [session, connection] = await joinAt(server, client, 1, 1);
  render(createElement(Shown, { from: session }));
  const seen = await until((now) => now.connection === 'open');
  expect(renders[0]!.connection).toBe('open');
  expect(seen.session).toBe(session);
  root!.unmount();
  root = null;
  const played = session.play();
  const { id, type } = await connection.next();
  connection.send({ type: 'ack', id, epoch: 1, version: 2, data: {} });
  expect([type, (await played).version]).toEqual(['play', 2]);
  session.close();
});

test('a component renders again only for the fields that it reads', async () => {
  await client.guest('Ada');
  const [session, connection] = await joinAt(server, client, 1, 1);
  const counts = { status: 0, viewers: 0 };
  const Status = () => {
    counts.status += 1;
    return useStreaming(session).status;
  };
  const Viewers = () => {
    counts.viewers += 1;
    return useStreaming(session).viewerCount;
  };
  render(createElement('div', null, createElement(Status), createElement(Viewers)));
  await vi.waitFor(() => expect(counts).toEqual({ status: 1, viewers: 1 }));

  connection.send({ type: 'viewer_count_changed', data: { viewer_count: 7 } });
  await vi.waitFor(() => expect(counts).toEqual({ status: 1, viewers: 2 }));
  connection.send(changed(1, 2, { status: 'playing' }));
  await vi.waitFor(() => expect(counts).toEqual({ status: 2, viewers: 2 }));
  session.close();
});

test('a command goes to the room; its refusal is shown and needs no handler', async () => {
  render(createElement(Page, { room: 'ABC', name: 'Ada' }));
  const connection = await welcomed();
  const { seek, pause } = await until((now) => now.connection === 'open');
  void seek(12_345.6);
  const sought = await connection.next();
  expect(sought).toMatchObject({ type: 'seek', data: { position_ms: 12_346 } });
  connection.send(rejection(sought.id, 'not_host', 'not_applied'));
  await until((now) => now.refusal?.code === 'not_host');
  void pause();
  connection.send({ type: 'ack', id: (await connection.next()).id, epoch: 1, version: 1, data: {} });
  await until((now) => now.refusal === null);
});

test('the player lives as long as its element', async () => {
  const adapter = new StandingPlayer();
  const options = { adapter: () => adapter as unknown as PlayerAdapter };
  render(createElement(Page, { room: 'ABC', name: 'Ada', options, video: true }));
  const media = { media_id: 'm_1', delivery: [], duration_ms: 60_000, live: false } as unknown as Media;
  await welcomed({ media, playback: playback({ media_id: 'm_1', position_ms: 5_000 }) });
  await until((now) => now.player.state === 'paused');
  expect(adapter.positionMs).toBe(5_000);
  expect(document.querySelector('video')).not.toBeNull();

  root!.render(createElement(Page, { room: 'ABC', name: 'Ada', options, video: false }));
  await until((now) => now.player.state === 'idle');
  expect(adapter.destroyed).toBe(true);
  expect(renders.at(-1)!.connection).toBe('open');
});

test('the page hydrates what the server rendered', async () => {
  const element = createElement(Words, { room: 'ABC', name: 'Ada' });
  const text = renderToString(element);
  expect(text).toContain('connecting');
  const place = document.createElement('div');
  place.innerHTML = text;
  const complaints: unknown[] = [];
  root = hydrateRoot(place, element, { onRecoverableError: (error) => complaints.push(error) });
  await welcomed();
  await vi.waitFor(() => expect(place.textContent).toBe('open'));
  expect(complaints).toEqual([]);
  expect(server.requests.map(({ path }) => path)).toEqual(['/auth/guest', '/rooms/ABC/join']);
});

interface PageProps extends Omit<RoomChoice, 'client'> {
  options?: Parameters<typeof useStreaming>[1];
  video?: boolean;
}

/** Reads everything. */
function Page({ options, video = false, ...choice }: PageProps): ReactElement | null {
  const seen = useStreaming({ client, ...choice }, options);
  renders.push({ ...seen });
  return video ? createElement('video', { ref: seen.videoRef }) : null;
}

function Shown({ from }: { from: Parameters<typeof useStreaming>[0] }): null {
  renders.push({ ...useStreaming(from) });
  return null;
}

function Words(choice: Omit<RoomChoice, 'client'>): string {
  return useStreaming({ client, ...choice }).connection;
}

function render(element: ReactElement): void {
  const place = document.createElement('div');
  document.body.replaceChildren(place);
  root = createRoot(place);
  root.render(element);
}

async function welcomed(part: Parameters<typeof room>[0] = {}): Promise<Connection> {
  const connection = await server.connections.take();
  await connection.welcome(1, 1, part);
  return connection;
}

/** Waits until a condition holds, and checks that it stays so. */
async function until(holds: (now: Streamed) => boolean): Promise<Streamed> {
  await vi.waitFor(() => expect(renders.some(holds) && holds(renders.at(-1)!)).toBe(true), { timeout: 5_000 });
  return renders.at(-1)!;
}

/** A player that seeks instantly and stays there. */
class StandingPlayer {
  capabilities = { kind: 'standing', rates: [], minRate: 1, maxRate: 1, positionErrorMs: 0, playLeadMs: 0 };
  positionMs = 0;
  destroyed = false;
  load = async () => undefined;
  position = () => this.positionMs;
  duration = () => 60_000;
  paused = () => true;
  ended = () => false;
  rate = () => 1;
  ready = () => true;
  seek = (positionMs: number) => (this.positionMs = positionMs);
  play = async () => undefined;
  onEvent = () => () => undefined;
  destroy = () => (this.destroyed = true);
  pause = () => undefined;
  setRate = () => undefined;
  setRendition = () => undefined;
  setTextTrack = () => undefined;
  setAudioTrack = () => undefined;
}
