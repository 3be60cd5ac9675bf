'use client';

// The React hook.

import { useEffect, useInsertionEffect, useMemo, useSyncExternalStore } from 'react';
import type { PlayerOptions } from './player/player.js';
import { isSession, Streaming, type RoomChoice, type StreamingCommands, type StreamingSnapshot } from './player/streaming.js';
import type { RoomSession } from './types.js';

export type { RoomChoice, StreamingCommands, StreamingSnapshot, Trouble } from './player/streaming.js';

/** Reading a field makes the component render again when that field changes, and only then. */
export type Streamed = StreamingSnapshot & StreamingCommands;

/**
 * Joins a room while the component is mounted and keeps the video of `videoRef` on its timeline. A session that is
 * passed instead stays open when the component unmounts. Works with React 18 and 19, including server rendering.
 */
export function useStreaming(from: RoomSession | RoomChoice, options: PlayerOptions = {}): Streamed {
  const streaming = useStreamingOf(from);
  useInsertionEffect(() => {
    streaming.options = options;
  });
  useEffect(streaming.mount, [streaming]);
  const fields = useMemo(() => new Fields(streaming), [streaming]);
  const seen = useSyncExternalStore(streaming.store.subscribe, fields.changed, fields.first);
  return useMemo(() => fields.view(seen), [fields, seen]);
}

/** Returns the same object while the room is the same, even if `from` is a new object. */
function useStreamingOf(from: RoomSession | RoomChoice): Streaming {
  const session = isSession(from) ? from : null;
  const { client, room, name, invite, password, ready, timeoutMs }: Partial<RoomChoice> = session ? {} : (from as RoomChoice);
  return useMemo(
    () => new Streaming(session ?? { client: client!, room: room ?? null, name, invite, password, ready, timeoutMs }),
    [session, client, room, name, invite, password, ready, timeoutMs],
  );
}

/** Records which fields a component reads and detects when one of them has changed. */
class Fields {
  readonly #streaming: Streaming;
  readonly #first: StreamingSnapshot;
  readonly #read = new Set<keyof StreamingSnapshot>();
  #seen: StreamingSnapshot;

  constructor(streaming: Streaming) {
    this.#streaming = streaming;
    this.#first = this.#seen = streaming.store.getSnapshot();
  }

  readonly first = (): StreamingSnapshot => this.#first;

  /** Returns the same snapshot until a field that was read differs. */
  readonly changed = (): StreamingSnapshot => {
    const now = this.#streaming.store.getSnapshot();
    const differs = [...this.#read].some((field) => !Object.is(now[field], this.#seen[field]));
    if (differs) this.#seen = now;
    return this.#seen;
  };

  /** Returns what the component gets: a new object for each relevant snapshot. */
  view(_seen: StreamingSnapshot): Streamed {
    const view = { ...this.#streaming.commands };
    for (const field of Object.keys(this.#first) as (keyof StreamingSnapshot)[]) {
      const get = () => {
        this.#read.add(field);
        return this.#streaming.store.getSnapshot()[field];
      };
      Object.defineProperty(view, field, { get, enumerable: true });
    }
    return view as Streamed;
  }
}
