// Bundles what every page loads of the SDK and keeps its size within the budget.
import { gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const BUDGET_BYTES = 15 * 1024;

/** The bundle of one entry without what is fetched only when it is wanted: with hls.js, and after a failure. */
async function gzippedBytes(entry, external) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`../src/${entry}`, import.meta.url))],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    external,
    write: false,
  });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length;
}

const core = await gzippedBytes('index.ts', ['./hls.js', './probe.js']);
const whole = await gzippedBytes('index.ts', []);
console.log(`core ${core} bytes gzip, budget ${BUDGET_BYTES}; with all that is fetched when wanted ${whole}`);
if (core >= BUDGET_BYTES) {
  console.error('the SDK is over its size budget');
  process.exitCode = 1;
}
