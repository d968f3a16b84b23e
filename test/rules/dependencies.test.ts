/** The dependency rules of ARCHITECTURE.md, read from the manifests and sources. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'smol-toml';
import { listFiles } from '../../scripts/files.mjs';
import { root } from '../harness/ringstone.ts';

/** What each crate may depend on of ours. A new crate needs a line here, and a reason in ARCHITECTURE.md. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  store: [],
  protocol: [],
  net: [],
  engine: ['net', 'protocol', 'store'],
  load: [],
  addon: ['engine', 'load'],
};

/** Outside crates that only some of ours may know. */
const RESERVED: Readonly<Record<string, readonly string[]>> = {
  napi: ['addon'],
  'napi-derive': ['addon'],
  'napi-build': ['addon'],
  'io-uring': ['net'],
  mio: ['load', 'net'],
  socket2: ['net'],
};

const PREFIX = 'ringstone-';

/** Names of all dependencies of a crate, for building, tests and targets too. */
function dependenciesOf(crate: string): string[] {
  const names: string[] = [];
  const collect = (table: object) => {
    for (const [key, value] of Object.entries(table)) {
      if (/^(dev-|build-)?dependencies$/.test(key)) names.push(...Object.keys(value));
      else if (key === 'target') for (const target of Object.values(value)) collect(target as object);
    }
  };
  collect(parse(readFileSync(join(root, 'crates', crate, 'Cargo.toml'), 'utf8')));
  return names;
}

const crates = readdirSync(join(root, 'crates'), { withFileTypes: true })
  .filter(entry => entry.isDirectory())
  .map(entry => entry.name);

test('every crate has a rule and every rule a crate', () => {
  expect(crates.sort()).toEqual(Object.keys(ALLOWED).sort());
});

describe.each(crates)('crates/%s', crate => {
  const dependencies = dependenciesOf(crate);

  test('depends on no other crate of ours than it may', () => {
    const ours = dependencies.filter(name => name.startsWith(PREFIX)).map(name => name.slice(PREFIX.length));
    expect(ours.filter(name => !ALLOWED[crate]?.includes(name))).toEqual([]);
  });

  test('leaves Node.js to addon, and sockets to net and load', () => {
    expect(dependencies.filter(name => RESERVED[name]?.includes(crate) === false)).toEqual([]);
  });

  test('its sources name no crate of ours that it may not know', () => {
    const known = new Set([crate, ...(ALLOWED[crate] ?? [])]);
    const strangers = listFiles(join('crates', crate), name => name.endsWith('.rs')).flatMap(name =>
      [...readFileSync(join(root, name), 'utf8').matchAll(/\bringstone_(\w+?)::/g)]
        .filter(([, named = '']) => !known.has(named))
        .map(([use]) => `${name}: ${use}`),
    );
    expect(strangers).toEqual([]);
  });
});

test('only ts/native.ts knows the addon', () => {
  const knowing = [...listFiles('ts'), ...listFiles('test', name => name.endsWith('.ts'))].filter(name =>
    /(?:from|import\(|require\w*\()\s*['"][^'"]*index\.node-build/.test(readFileSync(join(root, name), 'utf8')),
  );
  expect(knowing).toEqual(['ts/native.ts']);
});

test('defaults are in the schemas only', () => {
  const elsewhere = listFiles('ts', name => !name.endsWith('/schema.ts')).filter(name =>
    /\.(?:prefault|default)\(/.test(readFileSync(join(root, name), 'utf8')),
  );
  expect(elsewhere).toEqual([]);
});
