/** Builds the page into `dist/`, and serves it during development. */
import { defineConfig, type Plugin } from 'vite';

const server = 'http://127.0.0.1:8080';

/** Lists the files of hls.js in the inline script of `index.html`, so that it can preload all of them at once. */
function namedHls(): Plugin {
  const marker = '/* the files of hls.js */ []';
  return {
    name: 'named-hls',
    transformIndexHtml: {
      order: 'post',
      handler(html, { bundle }) {
        const chunks = Object.values(bundle ?? {}).filter((file) => file.type === 'chunk');
        const wanted = chunks.filter(({ facadeModuleId }) => /\/hls\.(ts|m?js)$|hls\.js\//.test(facadeModuleId ?? ''));
        const entries = new Set(chunks.filter(({ isEntry }) => isEntry).map(({ fileName }) => fileName));
        const files = new Set(wanted.flatMap(({ fileName, imports }) => [fileName, ...imports]));
        const asked = [...files].filter((name) => !entries.has(name)).map((name) => `/${name}`);
        if (bundle !== undefined && asked.length === 0) throw new Error('the build has no chunk for hls.js');
        if (bundle !== undefined && !html.includes(marker)) throw new Error('index.html has no marker for the files of hls.js');
        return html.replace(marker, JSON.stringify(asked));
      },
    },
  };
}

export default defineConfig({
  plugins: [namedHls()],
  // The SDK is compiled from its source: one checkout, one version, nothing to install.
  resolve: { alias: { 'playhead-sdk': new URL('../sdk/src/index.ts', import.meta.url).pathname } },
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
