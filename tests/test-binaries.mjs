// Reads the messages of `cargo test --no-run --message-format=json` and prints a line for each test program: its
// package and target, the folder in which cargo would start it, and its path.
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';

for (const line of readFileSync(0, 'utf8').split('\n')) {
  const { reason, profile, executable, target, manifest_path: manifest } = line.startsWith('{') ? JSON.parse(line) : {};
  if (reason !== 'compiler-artifact' || !profile.test || executable === null) continue;
  const folder = dirname(manifest);
  const kind = target.kind[0] === 'test' ? target.name : target.kind[0];
  console.log([`${folder.split('/').at(-1)}/${kind}`, folder, executable].join('\t'));
}
