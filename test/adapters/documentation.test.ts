/** docs/adapters.md: its examples compile against the package, and it names every adapter there is. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { run } from '../harness/children.ts';
import { root } from '../harness/ringstone.ts';

const text = readFileSync(join(root, 'docs', 'adapters.md'), 'utf8');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, unknown>;
  dependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
  peerDependenciesMeta: Record<string, { optional: boolean }>;
};
const adapters = Object.keys(manifest.exports).filter(name => name !== '.' && name !== './package.json');

// Inside the package, so that its own name is found by its exports map.
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(root, 'dist', '.examples-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('every example compiles', async () => {
  const examples = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = '']) => code);
  expect(examples.length).toBeGreaterThan(adapters.length);
  for (const [index, code] of examples.entries()) writeFileSync(join(folder, `example${index}.mts`), code);
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        target: 'es2023',
        module: 'nodenext',
        strict: true,
        skipLibCheck: true,
        noEmit: true,
        types: ['node'],
      },
      include: ['*.mts'],
    }),
  );
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { code, stdout, stderr } = await run(process.execPath, [tsc, '-p', folder]);
  expect([code, stdout, stderr]).toEqual([0, '', '']);
});

test('it names every adapter, and each library is an optional peer', () => {
  const rows = [...text.matchAll(/^\| `ringstone\/([\w-]+)` \|/gm)].map(([, name]) => `./${name}`);
  expect(rows.sort()).toEqual([...adapters].sort());
  const libraries = adapters.map(name => name.slice('./'.length)).sort();
  expect(Object.keys(manifest.peerDependencies).sort()).toEqual(libraries);
  for (const library of libraries) {
    expect(manifest.peerDependenciesMeta[library]).toEqual({ optional: true });
    expect(manifest.dependencies[library]).toBeUndefined();
  }
});

test('what Ringstone itself is made of imports no adapter, and no adapter its library but for types', () => {
  const source = (name: string) => readFileSync(join(root, 'dist', name), 'utf8');
  const imported = (code: string) => [...code.matchAll(/(?:from|import\()\s*'([^'.][^']*)'/g)].map(([, name]) => name);
  for (const adapter of adapters) {
    const foreign = imported(source(join('adapters', `${adapter}.js`))).filter(name => !name?.startsWith('node:'));
    // A session store has to be a subclass of the library's own.
    expect(foreign).toEqual(adapter === './express-session' ? ['express-session'] : []);
  }
  expect(source('index.js')).not.toMatch(/adapters\//);
});
