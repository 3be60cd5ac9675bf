// Playlists as hls.js is to read them, where it would read them otherwise than the server has.

/** The loader of hls.js, as far as it is changed. */
interface Loader {
  load(context: LoaderContext, config: unknown, callbacks: LoaderCallbacks): void;
}

interface LoaderContext {
  type: string;
  url: string;
}

interface LoaderCallbacks {
  onSuccess(response: { url?: string; data?: unknown }, ...rest: unknown[]): void;
}

type LoaderClass = new (config: any) => Loader;

/** Returns a playlist as it is to be read; `type` is what hls.js loads it as. */
export type Read = (text: string, url: string, type: string) => string;

/** Returns the setting of hls.js with which it reads what `read` makes of each playlist. */
export function readPlaylists(Hls: { DefaultConfig?: { loader?: unknown } }, read: Read): { pLoader?: LoaderClass } {
  const Base = Hls.DefaultConfig?.loader as LoaderClass | undefined;
  if (Base === undefined) return {};
  class PlaylistLoader extends Base {
    override load(context: LoaderContext, config: unknown, callbacks: LoaderCallbacks): void {
      const onSuccess: LoaderCallbacks['onSuccess'] = (response, ...rest) => {
        const { data, url } = response;
        if (typeof data === 'string') response.data = read(data, url || context.url, context.type);
        callbacks.onSuccess(response, ...rest);
      };
      super.load(context, config, { ...callbacks, onSuccess });
    }
  }
  return { pLoader: PlaylistLoader };
}

/** Leaves out the white space around the tag that a playlist begins with, without which hls.js finds no pieces. */
export function begun(text: string): string {
  return text.trimStart().replace(/^#EXTM3U[^\S\r\n]+$/m, '#EXTM3U');
}

/**
 * Leaves out what the server overlooks in a list of segments and hls.js takes for a piece more: whatever stands between
 * the number of an `EXTINF` and its comma, and lines that no `EXTINF` announces.
 */
export function announced(text: string): string {
  if (!/^#EXTINF:/m.test(text)) return text;
  let isDue = false;
  return text.replace(LINE, (line: string, tag?: string) => {
    if (tag === undefined && (!isDue || /^\s*(#|$)/.test(line))) return '';
    isDue = tag !== undefined;
    return tag ?? line;
  });
}

/** A line with the number of an `EXTINF`, up to its comma, or a line that is no tag. */
const LINE = /^(#EXTINF:[^\S\r\n]*(?:\d+(?:\.\d+)?|\.\d+)?)[^,\r\n]*|^[^#\r\n].*/gm;

/**
 * Ends a film's list of segments that doesn't say where it ends: a film can be told by `EXT-X-PLAYLIST-TYPE:VOD` alone,
 * which hls.js takes for live, reads again and again, and never ends.
 */
export function ended(text: string): string {
  return /^#EXTINF:/m.test(text) && !/^#EXT-X-ENDLIST/m.test(text) ? `${text}\n#EXT-X-ENDLIST\n` : text;
}
