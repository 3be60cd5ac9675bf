// Stores for the caller's identity.

import { browserSlot, memorySlot, type Slot } from '../slot.js';
import type { Identity, TokenStore } from '../types.js';

/** Keeps the identity for the life of the page. */
export function memoryTokenStore(): TokenStore {
  return tokensIn(memorySlot());
}

/** Keeps the identity in localStorage, so that a reload returns as the same participant. */
export function browserTokenStore(key = 'playhead.identity'): TokenStore {
  return tokensIn(browserSlot(key));
}

function tokensIn({ load, save }: Slot): TokenStore {
  return { load: () => asIdentity(load()), save };
}

function asIdentity(value: unknown): Identity | null {
  const it = value as Partial<Identity> | null;
  const whole =
    typeof it?.access_token === 'string' && typeof it.user_id === 'string' && typeof it.display_name === 'string';
  return whole ? (it as Identity) : null;
}
