// Bundles the SDK with both adapters (hls.js is the caller's) and keeps its size within the budget.
import { gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const BUDGET_BYTES = 15_000;

const entry = fileURLToPath(new URL('../src/index.ts', import.meta.url));
const result = await build({
  entryPoints: [entry],
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  write: false,
});
const bundle = result.outputFiles[0].contents;
const bytes = gzipSync(bundle, { level: 9 }).length;
console.log(`${bundle.length} bytes minified, ${bytes} bytes gzip, budget ${BUDGET_BYTES}`);
if (bytes >= BUDGET_BYTES) {
  console.error('the SDK is over its size budget');
  process.exitCode = 1;
}
