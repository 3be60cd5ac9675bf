/** The folders that the tests use. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the checkout. */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** The test media, made by `tests/media/make.sh`. */
export const MEDIA = join(ROOT, 'target/test-media');
/** The folder for screenshots. */
export const ARTIFACTS = fileURLToPath(new URL('../artifacts', import.meta.url));

const made = new Set();
process.on('exit', () => made.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** Creates an empty folder in `parent` that is removed when the tests end. */
export function temporaryFolder(name, parent = tmpdir()) {
  const folder = mkdtempSync(join(parent, `playhead-${name}-`));
  made.add(folder);
  return folder;
}
