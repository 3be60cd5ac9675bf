// What is stored for one device: its offset, its profile and what it learned about its players.

import { clamp } from '../number.js';
import { browserSlot, memorySlot, type Slot } from '../slot.js';
import type { DeviceSettings, DeviceStore, SyncProfile } from '../types.js';
import { ALIGN_MS, OFFSET_MAX_MS } from './tuning.js';


/** Keeps a device's settings for the life of the page. */
export function memoryDeviceStore(): DeviceStore {
  return settingsIn(memorySlot());
}

/** Keeps a device's settings in localStorage, so that the next page starts as accurately as this one. */
export function browserDeviceStore(key = 'playhead.device'): DeviceStore {
  return settingsIn(browserSlot(key));
}

function settingsIn({ load, save }: Slot): DeviceStore {
  return { load: () => deviceSettings(load()), save };
}

/** Returns what a store held, with defaults for whatever is missing or invalid. */
export function deviceSettings(stored: unknown): DeviceSettings {
  const it = Object(stored) as Partial<DeviceSettings>;
  const leads = Object.entries(it.playLeadsMs ?? {}).filter(([, ms]) => Number.isFinite(ms));
  return {
    playLeadsMs: Object.fromEntries(leads),
    offsetMs: validOffset(it.offsetMs),
    profile: isProfile(it.profile) ? it.profile : 'default',
  };
}

export function validOffset(offsetMs: unknown): number {
  return Number.isFinite(offsetMs) ? clamp(offsetMs as number, -OFFSET_MAX_MS, OFFSET_MAX_MS) : 0;
}

function isProfile(name: unknown): name is SyncProfile {
  return Object.hasOwn(ALIGN_MS, name as string);
}
