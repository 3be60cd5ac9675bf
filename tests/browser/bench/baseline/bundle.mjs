/** Bundles the page of the baselines. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from '../../harness/paths.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));

const PAGE = `<!doctype html><meta charset="utf-8"><title>Party</title>
<video playsinline preload="auto" width="640" height="360"></video>
<script type="module" src="party.js"></script>
`;

/** Returns the page and its script, which includes the SDK, as path → text. */
export function bundleBaselines() {
  const { buildSync } = createRequire(join(ROOT, 'sdk/package.json'))('esbuild');
  const { outputFiles } = buildSync({
    entryPoints: [join(HERE, 'page.mjs')],
    alias: { 'playhead-sdk': join(ROOT, 'sdk/src/index.ts') },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    logLevel: 'error',
  });
  return {
    'party.html': PAGE,
    'party.js': outputFiles[0].text,
  };
}
