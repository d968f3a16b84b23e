/** What JavaScript lets pass and a program did not mean: options by other names, in other places, and of other types. */
import { expect, test } from '@jest/globals';
import { KeyvRingstone } from '../../ts/adapters/keyv.ts';
import { createCacheHandler } from '../../ts/adapters/next.ts';
import { RingstoneCacheStore } from '../../ts/adapters/undici.ts';
import { ringstoneDriver } from '../../ts/adapters/unstorage.ts';
import { Cache, ConfigError } from '../../ts/index.ts';
import { anyName, expectCode, openCache } from './support.ts';

/** Anything, as JavaScript has it. */
const any = (value: unknown) => value as never;

const thrownBy = (body: () => unknown): unknown => {
  try {
    return body();
  } catch (error) {
    return (error as Error).message;
  }
};

test.each<[string, unknown, string]>([
  ['a slip', { nmae: 'app' }, 'a cache has no option nmae - did you mean name?'],
  ['an option of lru-cache', { max: 500 }, 'a cache has no option max'],
  ['a name alone', 'app', 'the options of a cache are an object, not app'],
  ['null', null, 'the options of a cache are an object, not null'],
])('Cache.open refuses %s', (_, options, message) => {
  expectCode(() => Cache.open(any(options)), 'RINGSTONE_INVALID_OPTION');
  expect(thrownBy(() => Cache.open(any(options)))).toBe(message);
});

test('a write refuses a TTL that it would pass over', () => {
  using cache = openCache();
  for (const options of [5000, null, 'EX', { EX: 5 }, { maxAge: 5 }, { tll: 5 }]) {
    expectCode(() => cache.set('key', 'value', any(options)), 'RINGSTONE_INVALID_ARGUMENT');
    expectCode(() => cache.add('key', 'value', any(options)), 'RINGSTONE_INVALID_ARGUMENT');
    expectCode(() => cache.mset([['key', 'value']], any(options)), 'RINGSTONE_INVALID_ARGUMENT');
    expectCode(() => cache.incr('key', 1, any(options)), 'RINGSTONE_INVALID_ARGUMENT');
  }
  expectCode(() => cache.incr('key', 1, any({ intial: 5, ttl: 1 })), 'RINGSTONE_INVALID_ARGUMENT');
  expect(cache.size).toBe(0);
  cache.set('key', 'value', {});
  cache.set('key', 'value', { ttl: undefined });
  expect(cache.incr('count', 1, { initial: undefined, ttl: undefined })).toBe(1);
});

test('several keys are an array, several entries pairs', () => {
  using cache = openCache();
  for (const keys of ['key', undefined, null, 5, new Set(['key']), { 0: 'key', length: 1 }]) {
    expectCode(() => cache.mget(any(keys)), 'RINGSTONE_INVALID_ARGUMENT');
    expectCode(() => cache.mgetString(any(keys)), 'RINGSTONE_INVALID_ARGUMENT');
  }
  for (const entries of [undefined, null, 'key', { key: 'value' }, ['ab', 'cd'], [null], [{ a: 1 }]]) {
    expectCode(() => cache.mset(any(entries)), 'RINGSTONE_INVALID_ARGUMENT');
  }
  expect(cache.size).toBe(0);
  cache.mset(new Map([['key', 'value']]));
  expect(cache.mgetString(['key'])).toEqual(['value']);
});

test('scans, streams, loaders and fetch refuse options that they do not have', async () => {
  using cache = openCache();
  expectCode(() => cache.scan(any({ pattern: '*' })), 'RINGSTONE_INVALID_ARGUMENT');
  expectCode(() => cache.scan(any('a*')), 'RINGSTONE_INVALID_ARGUMENT');
  expectCode(() => cache.createWriteStream('key', any({ siez: 5 })), 'RINGSTONE_INVALID_ARGUMENT');
  expectCode(() => cache.createWriteStream('key', any(5)), 'RINGSTONE_INVALID_ARGUMENT');
  expectCode(() => cache.createReadStream('key', any({ from: 5 })), 'RINGSTONE_INVALID_ARGUMENT');
  expectCode(() => cache.loader('key', () => 'value', any({ tll: 5 })), 'RINGSTONE_INVALID_ARGUMENT');
  expectCode(() => cache.loader('key', () => 'value', any(5)), 'RINGSTONE_INVALID_ARGUMENT');
  expectCode(() => cache.loader('key', () => 'value', any(null)), 'RINGSTONE_INVALID_ARGUMENT');
  await expect(cache.fetch('key', any(5))).rejects.toMatchObject({ code: 'RINGSTONE_INVALID_ARGUMENT' });
  await expect(cache.fetch('key', any({ singal: 5 }))).rejects.toMatchObject({ code: 'RINGSTONE_INVALID_ARGUMENT' });
});

test('serve refuses options that it does not have', async () => {
  using cache = openCache();
  const listen = '127.0.0.1:0';
  for (const options of [undefined, {}, listen, { listen, maxConection: 5 }, { listen, port: 5 }]) {
    const error = await cache.serve(any(options)).catch(reason => reason);
    expect(error).toBeInstanceOf(ConfigError);
  }
});

test('adapters refuse options of the cache beside `cache`', () => {
  const name = anyName();
  const makers = [
    (options: unknown) => new KeyvRingstone(any(options)),
    (options: unknown) => new RingstoneCacheStore(any(options)),
    (options: unknown) => createCacheHandler(any(options)),
    (options: unknown) => ringstoneDriver(any(options)),
  ];
  for (const make of makers) {
    expectCode(() => make({ name }), 'RINGSTONE_INVALID_ARGUMENT');
    expectCode(() => make({ cache: { nmae: name } }), 'RINGSTONE_INVALID_OPTION');
  }
});
