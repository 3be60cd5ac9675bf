// A store in the shape that UI frameworks expect.

import { Emitter } from './emitter.js';
import type { Subscribable } from './types.js';

/** Holds an immutable snapshot and notifies subscribers when it changes. */
export class SnapshotStore<T extends object> implements Subscribable<T> {
  readonly #emitter = new Emitter<{ change: [] }>();
  #snapshot: T;

  constructor(first: T) {
    this.#snapshot = first;
  }

  // Bound, because stores are handed to frameworks as bare functions.
  readonly getSnapshot = (): T => this.#snapshot;

  readonly subscribe = (listener: () => void): (() => void) => this.#emitter.on('change', listener);

  update(part: Partial<T>): void {
    const keys = Object.keys(part) as (keyof T)[];
    if (keys.every((key) => Object.is(this.#snapshot[key], part[key]))) return;
    this.#snapshot = { ...this.#snapshot, ...part };
    this.#emitter.emit('change');
  }

  clear(): void {
    this.#emitter.clear();
  }
}
