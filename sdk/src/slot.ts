// Places that hold one value.

/** A place for one value. */
export interface Slot {
  load(): unknown;
  /** Null empties it. */
  save(value: unknown): void;
}

/** Holds its value for the life of the page. */
export function memorySlot(): Slot {
  let kept: unknown = null;
  return {
    load: () => kept,
    save: (value) => {
      kept = value;
    },
  };
}

/** Holds its value in localStorage, or for the life of the page if that is full or forbidden. */
export function browserSlot(key: string): Slot {
  const fallback = memorySlot();
  return {
    load() {
      try {
        const text = localStorage.getItem(key);
        return text === null ? fallback.load() : JSON.parse(text);
      } catch {
        return fallback.load();
      }
    },
    save(value) {
      fallback.save(value);
      try {
        if (value === null) localStorage.removeItem(key);
        else localStorage.setItem(key, JSON.stringify(value));
      } catch {
        // An older value that remains would come back in its place.
        try {
          localStorage.removeItem(key);
        } catch {
          return;
        }
      }
    },
  };
}
