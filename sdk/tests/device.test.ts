// Tests of the settings that a device keeps.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { browserDeviceStore, deviceSettings, memoryDeviceStore } from '../src/player/device.js';
import { OFFSET_MAX_MS } from '../src/player/tuning.js';
import type { DeviceSettings } from '../src/index.js';

const DEFAULTS: DeviceSettings = { playLeadsMs: {}, offsetMs: 0, profile: 'default' };
const OWN: DeviceSettings = { playLeadsMs: { file: 81.5 }, offsetMs: -120, profile: 'tight' };

afterEach(() => vi.unstubAllGlobals());

describe('whatever was stored, the settings are valid', () => {
  test.each<[string, unknown, Partial<DeviceSettings>]>([
    ['nothing', null, {}],
    ['undefined', undefined, {}],
    ['a number', 7, {}],
    ['a text', 'tight', {}],
    ['a list', [1, 2], {}],
    ['an empty object', {}, {}],
    ['its own settings', OWN, OWN],
    ['leads that are no numbers', { playLeadsMs: { file: '80', hls: null, youtube: Infinity, other: 70 } }, { playLeadsMs: { other: 70 } }],
    ['leads that are a text', { playLeadsMs: 'file' }, {}],
    ['leads that are null', { playLeadsMs: null }, {}],
    ['an offset that is a text', { offsetMs: '200' }, {}],
    ['an offset that is no number', { offsetMs: Number.NaN }, {}],
    ['an offset beyond the most', { offsetMs: 1e9 }, { offsetMs: OFFSET_MAX_MS }],
    ['an offset below the least', { offsetMs: -1e9 }, { offsetMs: -OFFSET_MAX_MS }],
    ['a profile that is unknown', { profile: 'brutal' }, {}],
    ['a profile that every object has', { profile: 'toString' }, {}],
    ['a profile that is an object', { profile: {} }, {}],
  ])('%s', (_name, stored, found) => {
    expect(deviceSettings(stored)).toEqual({ ...DEFAULTS, ...found });
  });
});

test('memory keeps settings for the life of the page', () => {
  const store = memoryDeviceStore();
  expect(deviceSettings(store.load())).toEqual(DEFAULTS);
  store.save(OWN);
  expect(store.load()).toEqual(OWN);
});

describe('the browser’s store', () => {
  test('gives the next page what this one saved', () => {
    vi.stubGlobal('localStorage', new Storage());
    browserDeviceStore().save(OWN);
    expect(browserDeviceStore().load()).toEqual(OWN);
  });

  test('keeps two keys apart', () => {
    vi.stubGlobal('localStorage', new Storage());
    browserDeviceStore('a').save(OWN);
    expect(deviceSettings(browserDeviceStore('b').load())).toEqual(DEFAULTS);
  });

  test.each(['', '{', 'null', '17', '"tight"', '[]', '{"offsetMs":"x","playLeadsMs":7}'])(
    'takes damaged text for nothing: %s',
    (text) => {
      const storage = new Storage();
      vi.stubGlobal('localStorage', storage);
      const store = browserDeviceStore('k');
      storage.setItem('k', text);
      expect(deviceSettings(store.load())).toEqual(DEFAULTS);
      store.save(OWN);
      expect(store.load()).toEqual(OWN);
    },
  );

  test.each<[string, () => object]>([
    ['full', () => Object.assign(new Storage(), { setItem: refuse })],
    ['forbidden', () => Object.assign(new Storage(), { setItem: refuse, getItem: refuse })],
  ])('works for the life of the page where storage is %s', (_name, storage) => {
    vi.stubGlobal('localStorage', storage());
    const store = browserDeviceStore();
    store.save(OWN);
    expect(store.load()).toEqual(OWN);
  });

  test('works for the life of the page where there is no storage', () => {
    vi.stubGlobal('localStorage', undefined);
    const store = browserDeviceStore();
    store.save(OWN);
    expect(store.load()).toEqual(OWN);
  });
});

function refuse(): never {
  throw new DOMException('no room', 'QuotaExceededError');
}

/** The part of localStorage that the SDK uses. */
class Storage {
  readonly #items = new Map<string, string>();
  getItem = (key: string): string | null => this.#items.get(key) ?? null;
  setItem = (key: string, text: string): void => void this.#items.set(key, text);
  removeItem = (key: string): void => void this.#items.delete(key);
}
