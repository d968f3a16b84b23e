/** What the core and TypeScript say alike about calls from JavaScript. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { STATUS, statusError } from '../../ts/cache/status.ts';
import { Cache } from '../../ts/index.ts';
import { root } from '../harness/ringstone.ts';

const read = (name: string) => readFileSync(join(root, name), 'utf8');

test('statuses have the same names and numbers', () => {
  const declared = /pub enum Status \{([^}]*)\}/.exec(read('crates/addon/src/direct/status.rs'))?.[1] ?? '';
  const core = [...declared.matchAll(/^ {4}(\w+) = (-\d+),$/gm)].map(([, name = '', number]) => [
    name.replace(/(?<=[a-z])(?=[A-Z])|(?<=A)(?=Number)/g, '_').toUpperCase(),
    Number(number),
  ]);
  expect(core.length).toBeGreaterThan(10);
  expect(Object.entries(STATUS)).toEqual(core);
  expect(core.map(([, number]) => number)).toEqual(core.map((_, index) => -1 - index));
});

test('each status but ABSENT and INTERNAL has an error of its own', () => {
  for (const [name, status] of Object.entries(STATUS)) {
    const isPlain = name === 'ABSENT' || name === 'INTERNAL';
    expect([name, statusError(status).code === 'RINGSTONE_INTERNAL']).toEqual([name, isPlain]);
  }
});

test('NativeOperations names the functions that the core has', () => {
  const sources = ['operations', 'several'].map(name => read(`crates/addon/src/direct/${name}.rs`)).join('\n');
  const core = [...sources.matchAll(/add_function\(env, &?object, c"(\w+)"/g)].map(([, name]) => name);
  const declared = /export interface NativeOperations \{([^}]*)\n\}/.exec(read('ts/native.ts'))?.[1] ?? '';
  const names = [...declared.matchAll(/^ {2}(\w+)\(/gm)].map(([, name]) => name);
  expect(core.length).toBeGreaterThan(20);
  expect(names.sort()).toEqual(core.sort());
});

test('bounds that both sides go by are the same', () => {
  const number = (file: string, pattern: RegExp) => Number(pattern.exec(read(file))?.[1]?.replaceAll('_', ''));
  const share = number('crates/addon/src/direct/handle.rs', /const SLAB_SHARE: usize = (\d+);/);
  expect(number('ts/cache/port.ts', /LARGEST_IN_SLAB = SLAB_BYTES \/ (\d+);/)).toBe(share);
  const batch = number('crates/engine/src/direct/walk.rs', /MAX_WALK_ITEMS: usize = ([\d_]+);/);
  expect(number('ts/cache/scan.ts', /const MAX_BATCH = ([\d_]+);/)).toBe(batch);
});

test('what is counted by operation are methods of a cache', () => {
  using cache = Cache.open({ name: 'rules', maxMemory: '1mb' });
  const names = Object.keys(cache.stats().own.operations);
  expect(names.length).toBeGreaterThan(15);
  for (const name of names)
    expect([name, typeof (cache as unknown as Record<string, unknown>)[name]]).toEqual([name, 'function']);
});
