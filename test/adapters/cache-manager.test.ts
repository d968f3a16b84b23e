/** The store through cache-manager. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createCache } from 'cache-manager';
import { Keyv } from 'keyv-5';
import { createStore, RingstoneStore } from '../../ts/adapters/cache-manager.ts';
import { KeyvRingstone } from '../../ts/adapters/keyv.ts';
import type { Cache } from '../../ts/cache/cache.ts';
import { eventually } from '../harness/eventually.ts';
import { collect, openCache, putStranger } from './support.ts';

let cache: Cache;
let stranger: () => string | undefined;

beforeEach(() => {
  cache = openCache();
  stranger = putStranger(cache);
});

afterEach(() => cache.close());

describe.each([
  ['createStore', () => createStore({ cache })],
  ['a Keyv on the adapter', () => new Keyv({ store: new KeyvRingstone({ cache }) })],
])('%s', (_, createOne) => {
  const open = (options = {}) => createCache({ stores: [createOne()], ...options });

  test('get, set and del', async () => {
    const manager = open();
    await manager.set('key', { name: 'Ada' });
    expect(await manager.get('key')).toEqual({ name: 'Ada' });
    expect(await manager.get('absent')).toBeUndefined();
    expect(await manager.del('key')).toBe(true);
    expect(await manager.get('key')).toBeUndefined();
  });

  test.each([0, false, '', null])('keeps %p', async value => {
    const manager = open();
    await manager.set('key', value);
    expect(await manager.get('key')).toBe(value);
  });

  test('several at once', async () => {
    const manager = open();
    await manager.mset([
      { key: 'a', value: 1 },
      { key: 'b', value: 2, ttl: 60_000 },
    ]);
    expect(await manager.mget(['a', 'absent', 'b'])).toEqual([1, undefined, 2]);
    await manager.mdel(['a', 'absent']);
    expect(await manager.mget(['a', 'b'])).toEqual([undefined, 2]);
  });

  test('times to live: of an item, of the manager, and none', async () => {
    const manager = open({ ttl: 60_000 });
    await manager.set('default', 1);
    await manager.set('own', 1, 5_000);
    const left = async (key: string) => ((await manager.ttl(key)) ?? Number.NaN) - Date.now();
    expect(await left('default')).toBeGreaterThan(50_000);
    expect(await left('default')).toBeLessThanOrEqual(60_000);
    expect(await left('own')).toBeLessThanOrEqual(5_000);
    const without = open();
    await without.set('for-ever', 1);
    expect(await without.ttl('for-ever')).toBeUndefined();
    expect(await without.ttl('absent')).toBeUndefined();
    await without.set('short', 1, 1);
    await eventually('the item is gone', async () => ((await without.get('short')) === undefined ? true : undefined));
  });

  test('wrap runs once for all who wait, and again after the item is gone', async () => {
    const manager = open();
    let runs = 0;
    const load = async () => {
      runs += 1;
      await new Promise(resolve => setTimeout(resolve, 20));
      return { run: runs };
    };
    const all = await Promise.all([1, 2, 3].map(() => manager.wrap('key', load, 60_000)));
    expect(all).toEqual([{ run: 1 }, { run: 1 }, { run: 1 }]);
    expect(await manager.wrap('key', load)).toEqual({ run: 1 });
    await manager.del('key');
    expect(await manager.wrap('key', load)).toEqual({ run: 2 });
  });

  test('wrap refreshes what is soon to expire', async () => {
    const manager = open();
    let runs = 0;
    const load = () => {
      runs += 1;
      return runs;
    };
    await manager.wrap('key', load, 10_000, 60_000);
    expect(await manager.wrap('key', load, 10_000, 60_000)).toBe(1);
    await eventually('a fresh value', async () => ((await manager.get<number>('key')) ?? 0) > 1 || undefined);
  });

  test('clear leaves the keys of others alone', async () => {
    const manager = open();
    await manager.set('key', 1);
    await manager.clear();
    expect([await manager.get('key'), stranger()]).toEqual([undefined, 'untouched']);
  });

  test('behind a faster one', async () => {
    const first = new Keyv();
    const manager = createCache({ stores: [first, createOne()] });
    await manager.set('key', 'value');
    await first.clear();
    expect(await manager.wrap('key', () => 'not asked')).toBe('value');
    expect(await first.get('key')).toBe('value');
  });

  test('disconnect lets the cache go', async () => {
    const manager = open();
    await manager.disconnect();
    expect(await manager.get('key')).toBeUndefined();
    expect(stranger()).toBe('untouched');
  });
});

test('values keep what JSON would lose', async () => {
  const manager = createCache({ stores: [createStore({ cache })] });
  const value = { at: new Date(5), bytes: Buffer.from([0, 255]), map: new Map([['a', 1n]]) };
  await manager.set('key', value);
  expect(await manager.get('key')).toEqual(value);
});

test('with the codec json others read them', async () => {
  const manager = createCache({ stores: [createStore({ cache, codec: 'json', prefix: 'app:' })] });
  await manager.set('key', { a: 1 });
  expect(cache.getString('app:key')).toBe('{"a":1}');
});

test('what somebody else wrote under a key is a miss, and an error that can be heard', async () => {
  const manager = createCache({ stores: [createStore({ cache })] });
  const errors: unknown[] = [];
  manager.on('get', ({ error }) => errors.push(error));
  cache.set('cache-manager:key', 'bytes of a network client');
  expect(await manager.get('key')).toBeUndefined();
  expect(errors).toEqual([expect.objectContaining({ code: 'RINGSTONE_WRONG_CODEC' })]);
  expect(await manager.wrap('key', () => 'made')).toBe('made');
  expect(await manager.get('key')).toBe('made');
});

test('an item of a time that is over is removed', async () => {
  const store = new RingstoneStore({ cache, ttl: 60_000 });
  await store.set('key', 1);
  expect(await store.get('key', { raw: true })).toEqual({ value: 1, expires: expect.any(Number) });
  await store.set('key', 2, -1);
  expect(await store.has('key')).toBe(false);
  expect(await store.deleteMany(['key'])).toBe(false);
});

test('iterates over its keys', async () => {
  const store = new RingstoneStore({ cache });
  await store.setMany([
    { key: 'a', value: 1 },
    { key: 'b', value: 2 },
  ]);
  expect(new Map(await collect(store.iterator()))).toEqual(
    new Map([
      ['a', 1],
      ['b', 2],
    ]),
  );
});
