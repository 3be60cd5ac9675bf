/** Bundles a module with the SDK. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ROOT } from '../harness/paths.mjs';

const SDK = join(ROOT, 'sdk');
/** The SDK's bundler, so that the tests need none of their own. */
const { buildSync } = createRequire(join(SDK, 'package.json'))('esbuild');
const ENTRIES = { 'playhead-sdk/youtube': 'adapters/youtube.ts', 'playhead-sdk/react': 'react.ts', 'playhead-sdk/shortfall': 'adapters/shortfall.ts', 'playhead-sdk': 'index.ts' };

/** Returns a module's text as one script that includes the SDK. */
export function bundle(text) {
  const { outputFiles } = buildSync({
    stdin: { contents: text, loader: 'js', resolveDir: SDK },
    alias: Object.fromEntries(Object.entries(ENTRIES).map(([name, file]) => [name, join(SDK, 'src', file)])),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  });
  return outputFiles[0].text;
}
