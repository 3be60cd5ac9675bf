import { defineConfig } from 'vite';

const server = 'http://127.0.0.1:8080';

export default defineConfig({
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
