import { browserTokenStore, createClient, type Client } from 'playhead-sdk';
import { fetchOnce } from './early.js';
import type { Notices } from './components/notices.js';

/** What every page may use. */
export interface App {
  client: Client;
  notices: Notices;
  name: NameStore;
  /** Goes to a path of this page without a reload. */
  go(path: string): void;
}

/** The display name, kept between visits where the browser allows it. */
export interface NameStore {
  load(): string;
  save(name: string): void;
}

/** The longest display name the page takes. */
export const NAME_MAX = 40;

const NAME_KEY = 'playhead.name';

/** The client of this page's own server. */
export function ownClient(): Client {
  return createClient({ baseUrl: location.origin, tokenStore: browserTokenStore(), fetch: fetchOnce });
}

/** Keeps the name in localStorage, or only for this visit where storage is forbidden. */
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
