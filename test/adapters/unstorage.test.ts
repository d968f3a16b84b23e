/** The driver through unstorage: what its own tests ask of every driver, and what this one has besides. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createStorage, prefixStorage, restoreSnapshot, type Storage, type StorageValue, snapshot } from 'unstorage';
import defaultExport, { ringstoneDriver } from '../../ts/adapters/unstorage.ts';
import type { Cache } from '../../ts/cache/cache.ts';
import { eventually } from '../harness/eventually.ts';
import { openCache, putStranger } from './support.ts';

let cache: Cache;
let storage: Storage;
let stranger: () => string | undefined;

beforeEach(() => {
  cache = openCache();
  stranger = putStranger(cache);
  storage = createStorage({ driver: ringstoneDriver({ cache }) });
});

afterEach(async () => {
  await storage.dispose();
  cache.close();
});

const sortedKeys = async (base?: string, maxDepth?: number) =>
  (await storage.getKeys(base, maxDepth === undefined ? {} : { maxDepth })).sort();

describe('as every driver', () => {
  test('empty at first', async () => {
    expect(await storage.hasItem('s1:a')).toBe(false);
    expect(await storage.getItem('s2:a')).toBeNull();
    expect(await storage.getItemRaw('s2:a')).toBeNull();
    expect(await storage.getKeys()).toEqual([]);
  });

  test('sets, gets, has and removes; a query is no part of a key', async () => {
    await storage.setItem('s1:a', 'test_data');
    await storage.setItem('s3:a?q=1', 'other');
    expect(await storage.hasItem('s1:a')).toBe(true);
    expect(await storage.getItem('s1:a')).toBe('test_data');
    expect(await storage.getItem('s3:a?q=2')).toBe('other');
    await storage.removeItem('s1:a');
    expect(await storage.hasItem('s1:a')).toBe(false);
    expect(await storage.getItem('s1:a')).toBeNull();
  });

  test.each([{ json: 'works' }, true, false, 0, 12, 'text', ['a', 1], null])('keeps %j', async value => {
    await storage.setItem('/data/value.json', value);
    expect(await storage.getItem('/data/value.json')).toEqual(value);
  });

  test('refuses what cannot be serialised', async () => {
    class NoPlainObject {}
    await expect(storage.setItem('key', new NoPlainObject())).rejects.toThrow('Cannot stringify');
  });

  test('lists keys, under a base and to a depth', async () => {
    for (const key of ['depth0_0', 'depth0:depth1_0', 'depth0:depth1_1', 'depth0:depth1:depth2_0', 's1:a']) {
      await storage.setItem(key, 'x');
    }
    expect(await sortedKeys('s1')).toEqual(['s1:a']);
    expect(await sortedKeys(undefined, 0)).toEqual(['depth0_0']);
    expect(await sortedKeys(undefined, 1)).toEqual(['depth0:depth1_0', 'depth0:depth1_1', 'depth0_0', 's1:a']);
    expect(await sortedKeys()).toHaveLength(5);
  });

  test('several at once', async () => {
    await storage.setItems<StorageValue>([
      { key: 't:1', value: 'one' },
      { key: 't:2', value: { two: 2 } },
    ]);
    expect(await storage.getItems(['t:1', { key: 't:2' }, 't:absent'])).toEqual([
      { key: 't:1', value: 'one' },
      { key: 't:2', value: { two: 2 } },
      { key: 't:absent', value: null },
    ]);
  });

  test('raw bytes', async () => {
    const bytes = new Uint8Array([1, 0, 255]);
    await storage.setItemRaw('/data/raw.bin', bytes);
    expect(await storage.getItemRaw('/data/raw.bin')).toEqual(Buffer.from(bytes));
    await storage.setItemRaw('buffer', bytes.buffer);
    expect(await storage.getItemRaw('buffer')).toEqual(Buffer.from(bytes));
    await storage.setItemRaw('view', new DataView(bytes.buffer, 1));
    expect(await storage.getItemRaw('view')).toEqual(Buffer.from([0, 255]));
    await storage.setItemRaw('text', 'text');
    expect(String(await storage.getItemRaw('text'))).toBe('text');
    await expect(storage.setItemRaw('object', {})).rejects.toMatchObject({ code: 'RINGSTONE_INVALID_ARGUMENT' });
  });

  test('clears, all and under a base', async () => {
    await storage.clear();
    await restoreSnapshot(storage, { 'a:1': 'x', 'a:2': 'y', 'b:1': 'z' });
    expect(await snapshot(storage, 'a')).toEqual({ '1': 'x', '2': 'y' });
    // unstorage itself clears whole mounts only.
    await ringstoneDriver({ cache }).clear?.('a:', {});
    expect(await storage.getKeys()).toEqual(['b:1']);
    await storage.clear();
    expect(await storage.getKeys()).toEqual([]);
    expect(stranger()).toBe('untouched');
  });
});

describe('as a cache', () => {
  test('times to live are seconds, of an item and of the driver', async () => {
    const other = createStorage({ driver: defaultExport({ cache, prefix: 'other:', ttl: 60 }) });
    await other.setItem('default', 1);
    await other.setItem('own', 1, { ttl: 5 });
    await other.setItemRaw('raw', 'x', { ttl: 5 });
    await other.setItems([{ key: 'many', value: '1', options: { ttl: 5 } }], { ttl: 9 });
    expect(cache.ttl('other:default')).toBeGreaterThan(50_000);
    for (const key of ['own', 'raw', 'many']) {
      expect(cache.ttl(`other:${key}`)).toBeLessThanOrEqual(5_000);
      expect(await other.getMeta(key)).toMatchObject({ ttl: 5 });
    }
    await storage.setItem('for-ever', 1);
    expect(await storage.getMeta('for-ever')).toEqual({});
    expect(await storage.getMeta('absent')).toEqual({});
    await storage.setItem('short', 1, { ttl: 0.001 });
    await eventually('it has expired', async () => ((await storage.hasItem('short')) ? undefined : true));
  });

  test('a base with signs of a pattern is taken as it is', async () => {
    const starred = createStorage({ driver: ringstoneDriver({ cache, prefix: 'a*[b]?\\:' }) });
    await starred.setItem('key', 1);
    cache.set('aXb:key', 'not mine');
    expect(await starred.getKeys()).toEqual(['key']);
    await starred.clear();
    expect([await starred.getKeys(), cache.getString('aXb:key')]).toEqual([[], 'not mine']);
  });

  test('mounted beside others, and under a prefix', async () => {
    const root = createStorage();
    root.mount('cache', ringstoneDriver({ cache }));
    await prefixStorage(root, 'cache:users').setItem('1', { name: 'Ada' });
    expect(cache.getString('unstorage:users:1')).toBe('{"name":"Ada"}');
    await root.unmount('cache');
    expect(cache.getString('unstorage:users:1')).toBe('{"name":"Ada"}');
  });

  test('with an empty prefix the whole cache is its own', async () => {
    const whole = createStorage({ driver: ringstoneDriver({ cache, prefix: '' }) });
    expect(await whole.getItem('stranger')).toBe('untouched');
    await whole.clear();
    expect(stranger()).toBeUndefined();
  });
});
