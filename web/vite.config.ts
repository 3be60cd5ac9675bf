import { defineConfig, type Plugin } from 'vite';

const server = 'http://127.0.0.1:8080';

/** Tells the script in `index.html` which files hls.js comes in, so that it can ask for all of them at once. */
function namedHls(): Plugin {
  const place = '/* the files of hls.js */ []';
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
        if (bundle !== undefined && (asked.length === 0 || !html.includes(place))) throw new Error('where is hls.js?');
        return html.replace(place, JSON.stringify(asked));
      },
    },
  };
}

export default defineConfig({
  plugins: [namedHls()],
  // The SDK is read as source: one checkout, one version, no link to install.
  resolve: { alias: { 'playhead-sdk': new URL('../sdk/src/index.ts', import.meta.url).pathname } },
  build: {
    target: 'es2022',
    // The server's policy allows no inline script and no data: media.
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
