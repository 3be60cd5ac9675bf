// Runs the test files: those that measure how players keep time have the machine to themselves, the others run two at a
// time. `node run.mjs together` or `alone` runs one of the two sets, no argument runs both.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';

/** They look for stops and gaps of milliseconds, or for repeated requests, all of which a busy machine causes. */
const ALONE = ['barrier', 'guests', 'lapsed', 'nodes', 'page', 'ranges', 'stall', 'story', 'sync'].map((name) => `${name}.test.mjs`);

const folder = new URL('.', import.meta.url);
const found = ['.', 'bench'].flatMap((below) =>
  readdirSync(new URL(below, folder)).filter((name) => name.endsWith('.test.mjs')).map((name) => `${below}/${name}`),
);
const isAlone = (file) => ALONE.some((name) => file === `./${name}`);
const sets = {
  together: { files: found.filter((file) => !isAlone(file)), concurrency: 2 },
  alone: { files: found.filter(isAlone), concurrency: 1 },
};
if (sets.alone.files.length !== ALONE.length) throw new Error(`not all of these are there: ${ALONE.join(', ')}`);

const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(sets);
for (const name of wanted) {
  const { files, concurrency } = sets[name];
  const { status } = spawnSync(process.execPath, ['--test', `--test-concurrency=${concurrency}`, ...files], {
    cwd: folder,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}
