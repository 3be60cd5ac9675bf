// Bundles what every page loads of the SDK and keeps its size within the budget.
import { gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const BUDGET_BYTES = 15 * 1024;

/** What every page loads that joins a room and plays in it. */
const CORE = "export { createClient, createPlayer } from './index.js'";
const ALL = "export * from './index.js'";
/** Fetched only when it is wanted: with hls.js, after a failure, once the player follows the room. */
const LATER = ['../adapters/hls.js', './probe.js', './pacing.js'];

async function gzippedBytes(contents, external) {
  const { outputFiles } = await build({
    stdin: { contents, loader: 'ts', resolveDir: fileURLToPath(new URL('../src', import.meta.url)) },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    external,
    write: false,
  });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length;
}

const core = await gzippedBytes(CORE, LATER);
const whole = await gzippedBytes(ALL, []);
console.log(`core ${core} bytes gzip, budget ${BUDGET_BYTES}; with all that can be imported and fetched ${whole}`);
if (core >= BUDGET_BYTES) {
  console.error('the SDK is over its size budget');
  process.exitCode = 1;
}
