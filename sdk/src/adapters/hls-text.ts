// Decodes subtitles that aren't UTF-8, which hls.js would show with replacement characters.

/** The loader of hls.js, as far as it is changed. */
interface Loader {
  load(context: LoaderContext, config: unknown, callbacks: LoaderCallbacks): void;
}

interface LoaderContext {
  frag?: { type: string };
}

interface LoaderCallbacks {
  onSuccess(response: { data?: unknown }, ...rest: unknown[]): void;
}

type LoaderClass = new (config: any) => Loader;

/** Returns the setting of hls.js with which subtitles are decoded as browsers decode pages: Windows-1252, unless UTF-8. */
export function decodedText(Hls: { DefaultConfig?: { loader?: unknown } }): { fLoader?: LoaderClass } {
  const Base = Hls.DefaultConfig?.loader as LoaderClass | undefined;
  if (Base === undefined) return {};
  class TextLoader extends Base {
    override load(context: LoaderContext, config: unknown, callbacks: LoaderCallbacks): void {
      if (context.frag?.type !== 'subtitle') return super.load(context, config, callbacks);
      const onSuccess = (response: { data?: unknown }, ...rest: unknown[]) => {
        if (response.data instanceof ArrayBuffer) response.data = inUtf8(response.data);
        callbacks.onSuccess(response, ...rest);
      };
      super.load(context, config, { ...callbacks, onSuccess });
    }
  }
  return { fLoader: TextLoader };
}

/** Returns WebVTT in UTF-8, and anything else as it is. */
export function inUtf8(bytes: ArrayBuffer): ArrayBuffer {
  const text = new TextDecoder('windows-1252').decode(bytes);
  if (!/^(\u00ef\u00bb\u00bf)?WEBVTT/.test(text)) return bytes;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return bytes;
  } catch {
    return new TextEncoder().encode(text).buffer as ArrayBuffer;
  }
}
