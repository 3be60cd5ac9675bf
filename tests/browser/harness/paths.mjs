import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout. */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** The media that `tests/media/make.sh` makes. */
export const MEDIA = join(ROOT, 'target/test-media');
/** Screenshots go here. */
export const ARTIFACTS = fileURLToPath(new URL('../artifacts', import.meta.url));

const made = new Set();
process.on('exit', () => made.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** An empty folder, in `parent`, that is gone when the tests are over. */
export function temporaryFolder(name, parent = tmpdir()) {
  const folder = mkdtempSync(join(parent, `playhead-${name}-`));
  made.add(folder);
  return folder;
}
