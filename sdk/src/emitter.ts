// A typed event emitter.

/** Calls listeners by event; one that throws is reported and doesn't stop the others. */
export class Emitter<Events extends Record<keyof Events, unknown[]>> {
  readonly #listeners = new Map<keyof Events, Set<(...args: any[]) => void>>();

  on<K extends keyof Events>(type: K, listener: (...args: Events[K]) => void): () => void {
    const of = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, of);
    of.add(listener);
    return () => of.delete(listener);
  }

  emit<K extends keyof Events>(type: K, ...args: Events[K]): void {
    for (const listener of [...(this.#listeners.get(type) ?? [])]) {
      try {
        listener(...args);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  clear(): void {
    this.#listeners.clear();
  }
}
