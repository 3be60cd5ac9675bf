import type { Identity, TokenStore } from './types.js';

/** Keeps the identity for the life of the page. */
export function memoryTokenStore(): TokenStore {
  let kept: Identity | null = null;
  return {
    load: () => kept,
    save: (identity) => {
      kept = identity;
    },
  };
}

/** Keeps the identity in localStorage, so that a reload resumes as the same participant. */
export function browserTokenStore(key = 'playhead.identity'): TokenStore {
  const fallback = memoryTokenStore();
  return {
    load() {
      try {
        const text = localStorage.getItem(key);
        return text === null ? fallback.load() : asIdentity(JSON.parse(text));
      } catch {
        return fallback.load();
      }
    },
    save(identity) {
      // Storage may be full or forbidden; the page still works until it is closed.
      fallback.save(identity);
      try {
        if (identity === null) localStorage.removeItem(key);
        else localStorage.setItem(key, JSON.stringify(identity));
      } catch {
        return;
      }
    },
  };
}

function asIdentity(value: unknown): Identity | null {
  const it = value as Partial<Identity> | null;
  const whole =
    typeof it?.access_token === 'string' &&
    typeof it.user_id === 'string' &&
    typeof it.expires_at_ms === 'number' &&
    typeof it.display_name === 'string';
  return whole ? (it as Identity) : null;
}
