// Bundles the part of the SDK that every page loads and checks its size against the budget.
import { gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const BUDGET_BYTES = 15_000;

/** What every page that joins a room and plays in it loads. */
const CORE = "export { createClient, createPlayer } from './index.js'";
const ALL = "export * from './index.js'";
/** Fetched only when needed: with hls.js, after a failure, for media without byte ranges, where a file has tracks, once a file has begun to load, once the room is open, or once the player has started. */
const LATER = ['../adapters/hls.js', './mending.js', './forward.js', './file-end.js', './file-tracks.js', './recovery.js', './people.js', '../clock/skew.js', './following.js'];

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
console.log(`core ${core} bytes gzip, budget ${BUDGET_BYTES}; with everything that can be imported or fetched ${whole}`);
if (core >= BUDGET_BYTES) {
  console.error('the SDK is over its size budget');
  process.exitCode = 1;
}
