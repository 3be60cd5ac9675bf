// Tests of places that hold one value.
import { afterEach, expect, test, vi } from 'vitest';
import { browserSlot } from '../src/slot.js';

afterEach(() => vi.unstubAllGlobals());

test('a value outlives the page', () => {
  useStorage();
  browserSlot('name').save('Ada');
  expect(browserSlot('name').load()).toBe('Ada');
});

test('a value that no longer fits doesn’t leave the former one behind', () => {
  const storage = useStorage();
  browserSlot('name').save('Ada');
  storage.isFull = true;
  const slot = browserSlot('name');
  slot.save('Grace');
  expect(slot.load()).toBe('Grace');
  expect(browserSlot('name').load(), 'after a reload').toBeNull();
});

test('without storage a value lives as long as the page', () => {
  const forbidden = () => {
    throw new Error('forbidden');
  };
  vi.stubGlobal('localStorage', { getItem: forbidden, setItem: forbidden, removeItem: forbidden });
  const slot = browserSlot('name');
  slot.save('Ada');
  expect(slot.load()).toBe('Ada');
  slot.save(null);
  expect(slot.load()).toBeNull();
});

/** Gives the page a storage that can be full. */
function useStorage() {
  const values = new Map<string, string>();
  const storage = {
    isFull: false,
    getItem: (key: string) => values.get(key) ?? null,
    setItem(key: string, value: string) {
      if (storage.isFull) throw new Error('full');
      values.set(key, value);
    },
    removeItem: (key: string) => void values.delete(key),
  };
  vi.stubGlobal('localStorage', storage);
  return storage;
}
