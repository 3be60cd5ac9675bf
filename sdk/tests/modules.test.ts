// Tests that the modules of the SDK import each other without circles.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));
const PAGE_SRC = fileURLToPath(new URL('../../web/src', import.meta.url));
/** `import … from '…'`, `export … from '…'` and `import('…')`, of types or values. */
const IMPORT = /\b(?:(?:import|export)\s[^;'"]*?\bfrom\s*|import\s*\(\s*)['"](\.[^'"]+)['"]/g;

type Graph = Map<string, Set<string>>;

// Types count as much as values: folders that need each other's types can't be read, moved or replaced alone either.
describe.each([['the SDK', SRC], ['the page', PAGE_SRC]])('imports of %s form no circle', (_, src) => {
  test('between the folders and root files of src/', () => {
    expect(circleIn(graphOf(filesOf(src), folderOf))).toBeNull();
  });

  test('between single files', () => {
    expect(circleIn(graphOf(filesOf(src), (file) => file))).toBeNull();
  });
});

describe('the test itself', () => {
  test('sees every kind of import', () => {
    const text = [
      "import { a } from './a.js';",
      "import type { b } from './b.js';",
      "import {\n  c,\n  type d,\n} from './c.js';",
      "export * from './e.js';",
      "export type * from './f.js';",
      "const g = () => import('./g.js');",
      "import { other } from 'elsewhere';",
    ].join('\n');
    expect(importsIn('folder/x.ts', text)).toEqual(['a', 'b', 'c', 'e', 'f', 'g'].map((name) => `folder/${name}.ts`));
  });

  test('finds every file of the sources', () => {
    const graph = graphOf(filesOf(SRC), (file) => file);
    expect(graph.get('player/controller.ts')).toContain('player/start.ts');
    expect(graph.get('react.ts')).toContain('player/streaming.ts');
    const missing = [...graph.values()].flatMap((targets) => [...targets]).filter((target) => !graph.has(target));
    expect(missing).toEqual([]);
    const page = graphOf(filesOf(PAGE_SRC), (file) => file);
    expect(page.get('components/notices.ts')).toContain('app.ts');
  });

  test('names a circle', () => {
    const graph: Graph = new Map([
      ['a', new Set(['b'])],
      ['b', new Set(['c', 'd'])],
      ['c', new Set()],
      ['d', new Set(['b'])],
    ]);
    expect(circleIn(graph)).toEqual(['b', 'd', 'b']);
  });
});

function filesOf(src: string): Map<string, string> {
  const names = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return new Map(names.map((name) => [name, readFileSync(join(src, name), 'utf8')]));
}

function folderOf(file: string): string {
  return file.split('/')[0]!;
}

function graphOf(sources: Map<string, string>, nodeOf: (file: string) => string): Graph {
  const graph: Graph = new Map();
  for (const [file, text] of sources) {
    const targets = importsIn(file, text).map(nodeOf).filter((target) => target !== nodeOf(file));
    graph.set(nodeOf(file), new Set([...(graph.get(nodeOf(file)) ?? []), ...targets]));
  }
  return graph;
}

function importsIn(file: string, text: string): string[] {
  return [...text.matchAll(IMPORT)].map(([, target]) => normalize(join(dirname(file), target!)).replace(/\.js$/, '.ts'));
}

/** Returns the first circle that a walk from every node finds, such as `['a', 'b', 'a']`, or null. */
function circleIn(graph: Graph): string[] | null {
  const done = new Set<string>();
  const walk = (node: string, path: string[]): string[] | null => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node];
    if (done.has(node)) return null;
    for (const target of graph.get(node) ?? []) {
      const circle = walk(target, [...path, node]);
      if (circle) return circle;
    }
    done.add(node);
    return null;
  };
  for (const node of graph.keys()) {
    const circle = walk(node, []);
    if (circle) return circle;
  }
  return null;
}
