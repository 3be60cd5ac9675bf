/** Addresses of the page, wherever it is served. */

declare global {
  interface Window {
    /** The path below which the page is served, such as `/` or `/watch/`; the inline script of `index.html` finds it. */
    playheadBase: string;
  }
}

/** The path of the home page, which ends in a slash. */
export const HOME = window.playheadBase;

/** Returns the path of a file that the server has beside the page. */
export function filePath(name: string): string {
  return `${HOME}${name}`;
}

/** Returns the path of a party's page. */
export function roomPath(code: string): string {
  return `${HOME}r/${encodeURIComponent(code)}`;
}

/** Returns the party's code from a path of this page; null if it isn't a party's. */
export function codeAt(path: string): string | null {
  const below = path.startsWith(HOME) ? path.slice(HOME.length) : '';
  const [, code] = /^r\/([^/]+)\/?$/.exec(below) ?? [];
  try {
    return code === undefined ? null : decodeURIComponent(code);
  } catch {
    // The link was garbled on its way here.
    return null;
  }
}
