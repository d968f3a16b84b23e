/** Walks through the keys. */
import { expect, test } from '@jest/globals';
import { Cache } from '../../ts/index.ts';
import { anyName, expectCode, openCache } from './support.ts';

test('every key is given once, whatever the batch', () => {
  using cache = openCache();
  expect([...cache.scan()]).toEqual([]);
  const keys = Array.from({ length: 5000 }, (_, n) => `key:${n}:${'x'.repeat(n % 300)}`);
  keys.push('é', '世界', 'k'.repeat(65_536));
  for (const key of keys) cache.set(key, 'v');
  keys.sort();
  for (const batch of [undefined, 1, 7, 1000, 10_000]) expect([...cache.scan({ batch })].sort()).toEqual(keys);
  expect([...cache.scan({ as: 'buffer' })].map(String).sort()).toEqual(keys);
});

test('patterns are those of Redis', () => {
  using cache = openCache();
  for (const key of ['user:1', 'user:2', 'user:10', 'item:1', 'a*b', 'é:1']) cache.set(key, 'v');
  const found = (match: string | Buffer) => [...cache.scan({ match })].sort();
  expect(found('user:*')).toEqual(['user:1', 'user:10', 'user:2']);
  expect(found('user:?')).toEqual(['user:1', 'user:2']);
  expect(found('[iu]*:1')).toEqual(['item:1', 'user:1']);
  expect(found('a\\*b')).toEqual(['a*b']);
  expect(found(Buffer.from('é:*'))).toEqual(['é:1']);
  expect(found('*')).toHaveLength(6);
  expect(found('none')).toEqual([]);
  expect(found('')).toEqual([]);
});

test('keys that are not UTF-8 are whole as buffers only', () => {
  using cache = openCache();
  const key = Buffer.from([0xff, 0, 0x61]);
  cache.set(key, 'v');
  expect([...cache.scan()]).toEqual(['\uFFFD\0a']);
  expect([...cache.scan({ as: 'buffer' })]).toEqual([key]);
});

test('what stays is given once while others come and go', () => {
  using cache = openCache();
  const stays = Array.from({ length: 2000 }, (_, n) => `stays:${n}`);
  for (const key of stays) cache.set(key, 'v');
  const seen = new Map<string, number>();
  let n = 0;
  for (const key of cache.scan({ batch: 16 })) {
    seen.set(key, (seen.get(key) ?? 0) + 1);
    cache.set(`comes:${n}`, 'x'.repeat(n % 500));
    cache.delete(`comes:${n - 100}`);
    cache.set(stays[n % stays.length] as string, 'w'.repeat(n % 700));
    n += 1;
    if (n > 20_000) break;
  }
  expect(stays.filter(key => seen.get(key) !== 1)).toEqual([]);
  expect([...seen.values()].every(count => count === 1)).toBe(true);
});

test('expired and removed items are not given; a walk may end early', () => {
  using cache = openCache();
  for (let n = 0; n < 100; n++) cache.set(`key ${n}`, 'v', { ttl: n % 2 ? 1 : 0 });
  const end = Date.now() + 10;
  while (Date.now() < end);
  expect([...cache.scan()]).toHaveLength(50);
  for (const _ of cache.scan()) break;
  const walk = cache.scan({ batch: 1 });
  expect(walk.next().done).toBe(false);
  expect(walk.return?.().done).toBe(true);
  cache.clear();
  expect([...cache.scan()]).toEqual([]);
});

test('a pattern is that of the beginning, whatever becomes of its bytes', () => {
  using cache = openCache();
  for (let n = 0; n < 100; n++) cache.set(`key ${n}`, 'v');
  const match = Buffer.from('key*');
  const walk = cache.scan({ match, batch: 1 });
  walk.next();
  match.fill(0);
  expect([...walk]).toHaveLength(99);
});

test('options that are none are refused; a walk ends when the cache is closed', () => {
  const cache = openCache();
  for (const batch of [0, -1, 1.5, 10_001, Number.NaN, '7']) {
    expectCode(() => cache.scan({ batch: batch as number }), 'RINGSTONE_INVALID_ARGUMENT');
  }
  expectCode(() => cache.scan({ match: 5 as unknown as string }), 'RINGSTONE_INVALID_ARGUMENT');
  expectCode(() => cache.scan({ as: 'text' as 'string' }), 'RINGSTONE_INVALID_ARGUMENT');
  for (let n = 0; n < 10; n++) cache.set(`key ${n}`, 'v');
  const walk = cache.scan({ batch: 1 });
  walk.next();
  cache.close();
  expectCode(() => [...walk], 'RINGSTONE_CLOSED');
});

test('stats count what was done, of a handle and of all', () => {
  const name = anyName();
  using cache = Cache.open({ name, maxMemory: '4mb', maxValueSize: '1mb' });
  {
    using other = Cache.open({ name });
    other.set('a', 'v');
    other.get('a');
    other.get('none');
    expect(cache.stats()).toMatchObject({ handles: 2, own: { hits: 0 }, callers: { hits: 1 } });
  }
  cache.set('large', Buffer.alloc(100_000));
  cache.mget(['a', 'none']);
  cache.decr('n');
  cache.has('n');
  expectCode(() => cache.set('a', Buffer.alloc(2_000_000)), 'RINGSTONE_TOO_LARGE');
  cache.set('gone', 'v', { ttl: 1 });
  const end = Date.now() + 10;
  while (Date.now() < end);
  cache.get('gone');
  const stats = cache.stats();
  expect(stats).toMatchObject({ items: 3, handles: 1, memoryLimitBytes: 4 << 20, expirations: 1, evictions: 0 });
  expect(stats.own).toMatchObject({ hits: 1, misses: { absent: 1, expired: 1 }, valuesTooLarge: 1, outOfMemory: 0 });
  expect(stats.callers).toMatchObject({ hits: 2, misses: { absent: 2, expired: 1 } });
  expect(stats.own.operations).toMatchObject({ get: 1, set: 3, mget: 1, incr: 1, has: 1, clear: 0 });
  expect(stats.callers.operations).toMatchObject({ get: 3, set: 4 });
  expect(stats.itemsBytes).toBe('large'.length + 100_000 + 'av'.length + 'n-1'.length);
  expect(stats.memoryBytes.largeValues).toBeGreaterThanOrEqual(100_000);
  cache.clear();
  expect(cache.stats().items).toBe(0);
});
