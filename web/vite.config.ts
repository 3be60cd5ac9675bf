/** Builds the page into `dist/`, and serves it during development. */
import { defineConfig, type Plugin } from 'vite';

const server = 'http://127.0.0.1:8080';

/**
 * Names the page's files in the inline script of `index.html`: the program and its styles, which it loads from wherever
 * the page is served, and those of hls.js, so that it can preload all of them at once.
 */
function namedFiles(): Plugin {
  return {
    name: 'named-files',
    transformIndexHtml: {
      order: 'post',
      handler(html, { bundle }) {
        // During development the page is served at `/` and keeps its tags.
        if (bundle === undefined) return html;
        const tags = [
          /\s*<script type="module" crossorigin src="\.\/([^"]+)"><\/script>/,
          /\s*<link rel="stylesheet" crossorigin href="\.\/([^"]+)">/,
        ];
        const program = tags.map((tag) => tag.exec(html)?.[1]);
        const bare = tags.reduce((rest, tag) => rest.replace(tag, ''), html);
        if (/ (?:href|src)="\.\//.test(bare)) throw new Error('the build has tags that the inline script doesn’t write');
        const chunks = Object.values(bundle).filter((file) => file.type === 'chunk');
        const wanted = chunks.filter(({ facadeModuleId }) => /\/hls\.(ts|m?js)$|hls\.js\//.test(facadeModuleId ?? ''));
        const entries = new Set(chunks.filter(({ isEntry }) => isEntry).map(({ fileName }) => fileName));
        const files = new Set(wanted.flatMap(({ fileName, imports }) => [fileName, ...imports]));
        const hls = [...files].filter((name) => !entries.has(name));
        return named(named(bare, 'the program and its styles', program), 'the files of hls.js', hls);
      },
    },
  };
}

/** Replaces the empty list after a comment. */
function named(html: string, comment: string, files: (string | undefined)[]): string {
  const marker = `/* ${comment} */ []`;
  if (files.length === 0 || files.includes(undefined)) throw new Error(`the build doesn't have ${comment}`);
  if (!html.includes(marker)) throw new Error(`index.html has no place for ${comment}`);
  return html.replace(marker, JSON.stringify(files));
}

export default defineConfig({
  // Files name each other relative to themselves.
  base: './',
  plugins: [namedFiles()],
  // The SDK is compiled from its source: one checkout, one version, nothing to install.
  resolve: {
    // The more exact name first: the first that matches is taken.
    alias: {
      'playhead-sdk/knock': new URL('../sdk/src/session/knock.ts', import.meta.url).pathname,
      'playhead-sdk/shortfall': new URL('../sdk/src/adapters/shortfall.ts', import.meta.url).pathname,
      'playhead-sdk': new URL('../sdk/src/index.ts', import.meta.url).pathname,
    },
  },
  build: {
    target: 'es2022',
    // The server's content security policy forbids other inline scripts and `data:` media.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 700,
  },
  server: {
    host: '127.0.0.1',
    proxy: { '/api': { target: server, ws: true, changeOrigin: false } },
    fs: { allow: ['..'] },
  },
});
