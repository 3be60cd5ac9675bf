/** What every page shares: the SDK's client, the notices and the display name. */
import { browserTokenStore, createClient, type Client } from 'playhead-sdk';
import { HOME } from './address.js';
import { fetchOnce } from './early.js';

export type Tone = 'plain' | 'good' | 'bad';

/** Short-lived messages, announced by screen readers. */
export interface Notices {
  say(text: string, tone?: Tone): void;
}

/** Passed to every page and to the components that need it. */
export interface App {
  client: Client;
  notices: Notices;
  name: NameStore;
  /** Navigates to another path without reloading. */
  go(path: string): void;
}

/** The display name, remembered between visits where the browser allows it. */
export interface NameStore {
  load(): string;
  save(name: string): void;
}

/** The maximum length of a display name, in characters as people count them. */
export const NAME_MAX = 40;
/** The same in bytes, of which there are never fewer than UTF-16 code units. */
export const NAME_BYTES_MAX = 256;

const NAME_KEY = 'playhead.name';

/** Creates a client for the server that this page came from; `onReplaced` runs when it has become another guest. */
export function ownClient(onReplaced: () => void): Client {
  return createClient({
    baseUrl: `${location.origin}${HOME}`,
    tokenStore: browserTokenStore(),
    fetch: fetchOnce,
    onIdentityReplaced: onReplaced,
  });
}

/** Keeps the name in localStorage, or only for this visit where storage is blocked. */
export function nameStore(): NameStore {
  let kept = '';
  return {
    load() {
      try {
        return localStorage.getItem(NAME_KEY) ?? kept;
      } catch {
        return kept;
      }
    },
    save(name) {
      kept = name;
      try {
        localStorage.setItem(NAME_KEY, name);
      } catch {
        return;
      }
    },
  };
}
