/** One list of error codes in three places: the core, TypeScript and the documentation. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import {
  ENGINE_ERROR_CODES,
  fromNative,
  LOAD_ERROR_CODES,
  RingstoneError,
  SHELL_ERROR_CODES,
} from '../../ts/errors.ts';
import { loadNative, type OpenOptions, type ServeOptions } from '../../ts/native.ts';
import { root } from '../harness/ringstone.ts';

const read = (name: string) => readFileSync(join(root, name), 'utf8');

/** The codes of `ErrorCode::ALL`, in its order, by what `as_str` says of each. */
function codesOfCore(): (string | undefined)[] {
  const source = read('crates/engine/src/error.rs');
  const all = /const ALL: \[ErrorCode; (\d+)\] = \[([^\]]*)\]/.exec(source);
  const variants = [...(all?.[2] ?? '').matchAll(/ErrorCode::(\w+)/g)].map(([, name]) => name);
  expect(variants).toHaveLength(Number(all?.[1]));
  const texts = new Map([...source.matchAll(/ErrorCode::(\w+) => "(\w+)"/g)].map(([, name, code]) => [name, code]));
  const declared = /pub enum ErrorCode \{([^}]*)\}/.exec(source)?.[1] ?? '';
  expect([...declared.matchAll(/^ {4}(\w+),$/gm)].map(([, name]) => name)).toEqual(variants);
  return variants.map(name => texts.get(name));
}

test('the core and ts/errors.ts list the same codes in the same order', () => {
  expect(codesOfCore()).toEqual([...ENGINE_ERROR_CODES]);
});

test('the load generator has these, and else only codes of the core', () => {
  const codes = [...read('crates/load/src/error.rs').matchAll(/=> "(\w+)"/g)].map(([, code]) => code ?? '');
  const core: readonly string[] = ENGINE_ERROR_CODES;
  expect(codes.length).toBeGreaterThan(LOAD_ERROR_CODES.length);
  expect(codes.filter(code => !core.includes(code))).toEqual([...LOAD_ERROR_CODES]);
});

test('docs/errors.md explains each, in the same order', () => {
  const rows = [...read('docs/errors.md').matchAll(/^\| `(RINGSTONE_\w+)` \| ([^|]+) \| ([^|]+) \|$/gm)];
  expect(rows.map(([, code]) => code)).toEqual([...ENGINE_ERROR_CODES, ...LOAD_ERROR_CODES, ...SHELL_ERROR_CODES]);
});

test('an error of the core arrives with its code', () => {
  const { openCache } = loadNative();
  const options = {
    version: '0',
    listeners: [{ address: 'not numeric', protocol: 'auto' as const }],
    runtime: 'mio' as const,
    workers: 1,
    maxConnections: 1,
    idleTimeoutMs: 0,
    readBufferSize: 4096,
    writeBufferSize: 4096,
    tcpNodelay: true,
    enableShutdown: false,
  };
  const storage = {
    maxMemory: 1 << 20,
    maxValueSize: 1024,
    defaultTtlMs: 0,
    cleanupIntervalMs: 1000,
    eviction: 's3fifo' as const,
    asked: [],
  };
  const failure = (changes: object, ofStorage: object = {}) => {
    try {
      const cache = openCache({ ...storage, ...ofStorage } as OpenOptions, new Uint8Array(0));
      cache.serve({ ...options, ...changes } as ServeOptions, () => undefined);
    } catch (error) {
      return fromNative(error);
    }
    throw new Error('it started');
  };
  const elsewhere = [{ address: '192.0.2.1:0', protocol: 'auto' }];
  expect(failure({})).toMatchObject({ name: 'RingstoneError', code: 'RINGSTONE_INVALID_OPTION' });
  expect(failure({ workers: 1.5 })).toMatchObject({ code: 'RINGSTONE_INVALID_OPTION' });
  expect(failure({}, { maxMemory: -1 })).toMatchObject({ code: 'RINGSTONE_INVALID_OPTION' });
  expect(failure({ listeners: [] })).toMatchObject({ code: 'RINGSTONE_INVALID_OPTION' });
  expect(failure({ listeners: elsewhere })).toMatchObject({ code: 'RINGSTONE_ADDRESS_UNAVAILABLE' });
});

test('other errors pass as they are', () => {
  const ours = new RingstoneError('RINGSTONE_STOPPED', 'x');
  const foreign = Object.assign(new Error('x'), { code: 'ENOENT' });
  expect([fromNative(ours), fromNative(foreign), fromNative('text')]).toEqual([ours, foreign, 'text']);
  expect(fromNative(ours)).toBe(ours);
});
