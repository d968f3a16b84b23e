/** Each operation on one key, and what it refuses. */
import { expect, test } from '@jest/globals';
import { Cache } from '../../ts/index.ts';
import { anyName, expectCode, openCache, sleep } from './support.ts';

test('add and replace write where they may', () => {
  using cache = openCache();
  expect(cache.replace('key', 'a')).toBe(false);
  expect(cache.has('key')).toBe(false);
  expect(cache.add('key', 'b')).toBe(true);
  expect(cache.add('key', 'c')).toBe(false);
  expect(cache.replace('key', 'd')).toBe(true);
  expect(cache.getString('key')).toBe('d');
  const large = 'e'.repeat(1_000_000);
  expect(cache.add('key', large)).toBe(false);
  expect(cache.replace('key', large)).toBe(true);
  expect(cache.add('other', large)).toBe(true);
  expect(cache.getString('other')).toBe(large);
});

test('cas writes only that version', () => {
  using cache = openCache();
  expect(cache.getWithCas('key')).toBeUndefined();
  expect(cache.cas('key', 'value', 1n)).toBe(false);
  cache.set('key', 'first');
  const found = cache.getWithCas('key');
  expect(found?.value.toString()).toBe('first');
  expect(typeof found?.cas).toBe('bigint');
  const token = found?.cas ?? 0n;
  expect(cache.cas('key', 'second', token)).toBe(true);
  expect(cache.cas('key', 'third', token)).toBe(false);
  expect(cache.cas('key', 'third', 0n)).toBe(false);
  expect(cache.cas('key', 'third', 2n ** 64n - 1n)).toBe(false);
  expect(cache.getString('key')).toBe('second');
  for (const bad of [-1n, 2n ** 64n, 1, '1', undefined]) {
    expectCode(() => cache.cas('key', 'value', bad as bigint), 'RINGSTONE_INVALID_ARGUMENT');
  }
  const large = 'x'.repeat(2_000_000);
  cache.set('large', large);
  const { value, cas } = cache.getWithCas('large') ?? { value: '', cas: 0n };
  expect(value.toString() === large).toBe(true);
  expect(cache.cas('large', `${large}y`, cas)).toBe(true);
  expect(cache.getString('large')?.length).toBe(2_000_001);
});

test('append and prepend change what is there, and nothing else', () => {
  using cache = openCache();
  expect([cache.append('key', 'x'), cache.prepend('key', 'x')]).toEqual([false, false]);
  expect(cache.has('key')).toBe(false);
  cache.set('key', 'b', { ttl: 60_000 });
  expect([cache.append('key', Buffer.from('c')), cache.prepend('key', 'a')]).toEqual([true, true]);
  expect(cache.getString('key')).toBe('abc');
  expect(cache.ttl('key')).toBeLessThanOrEqual(60_000);
  cache.append('key', '');
  cache.append('key', 'd'.repeat(100_000));
  expect(cache.getString('key')).toBe(`abc${'d'.repeat(100_000)}`);
  cache.append('key', 'e'.repeat(100_000));
  cache.prepend('key', 'f'.repeat(100_000));
  expect(cache.getString('key')).toBe(`${'f'.repeat(100_000)}abc${'d'.repeat(100_000)}${'e'.repeat(100_000)}`);
});

test('incr and decr count as Redis does, in exact numbers', () => {
  using cache = openCache();
  expect([cache.incr('n'), cache.incr('n'), cache.incr('n', 40), cache.decr('n', 50), cache.decr('n')]).toEqual([
    1, 2, 42, -8, -9,
  ]);
  expect(cache.getString('n')).toBe('-9');
  expect(cache.incr('made', 5, { initial: 10, ttl: 60_000 })).toBe(15);
  expect(cache.decr('made', 5, { initial: 99, ttl: 1 })).toBe(10);
  expect(cache.ttl('made')).toBeGreaterThan(1000);
  expect(cache.decr('below', 3)).toBe(-3);
  expect(cache.incr('zero', 0)).toBe(0);
  const most = Number.MAX_SAFE_INTEGER;
  expect(cache.incr('most', most)).toBe(most);
  expectCode(() => cache.incr('most'), 'RINGSTONE_OUT_OF_RANGE');
  expect(cache.getString('most')).toBe(String(most));
  expect(cache.incr('least', -most)).toBe(-most);
  expectCode(() => cache.decr('least'), 'RINGSTONE_OUT_OF_RANGE');
  cache.set('far', '9223372036854775807');
  expectCode(() => cache.incr('far'), 'RINGSTONE_OUT_OF_RANGE');
  for (const value of ['', ' 1', '1.5', 'x', '01', '1e3']) {
    cache.set('text', value);
    expectCode(() => cache.incr('text'), 'RINGSTONE_NOT_A_NUMBER');
    expect(cache.getString('text')).toBe(value);
  }
  for (const by of [1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '1']) {
    expectCode(() => cache.incr('n', by as number), 'RINGSTONE_INVALID_ARGUMENT');
    expectCode(() => cache.decr('n', by as number), 'RINGSTONE_INVALID_ARGUMENT');
    expectCode(() => cache.incr('n', 1, { initial: by as number }), 'RINGSTONE_INVALID_ARGUMENT');
  }
  expectCode(() => cache.incr(''), 'RINGSTONE_INVALID_ARGUMENT');
  expectCode(() => cache.incr(7 as unknown as string), 'RINGSTONE_INVALID_ARGUMENT');
});

test('an item lives for its ttl', async () => {
  using cache = openCache();
  cache.set('short', 'value', { ttl: 40 });
  cache.set('part', 'value', { ttl: 0.2 });
  cache.set('long', 'value', { ttl: 60_000 });
  cache.set('zero', 'value', { ttl: 0 });
  cache.set('ever', 'value', { ttl: Number.POSITIVE_INFINITY });
  cache.set('vast', 'value', { ttl: 1e300 });
  cache.set('most', 'value', { ttl: Number.MAX_SAFE_INTEGER - 1 });
  cache.set('default', 'value', {});
  const left = cache.ttl('long') ?? 0;
  expect(left > 50_000 && left <= 60_000).toBe(true);
  for (const key of ['zero', 'ever', 'vast', 'default']) expect(cache.ttl(key)).toBe(Number.POSITIVE_INFINITY);
  expect(cache.ttl('none')).toBeUndefined();
  expect([cache.touch('long', 1), cache.touch('none', 1), cache.touch('ever', 60_000)]).toEqual([true, false, true]);
  await sleep(60);
  for (const key of ['short', 'part', 'long']) {
    expect([cache.has(key), cache.ttl(key), cache.get(key), cache.peek(key)]).toEqual([false, ...Array(3)]);
  }
  expect(cache.getString('most')).toBe('value');
  expect(cache.ttl('ever')).toBeLessThanOrEqual(60_000);
  expect(cache.touch('ever', 0)).toBe(true);
  expect(cache.ttl('ever')).toBe(Number.POSITIVE_INFINITY);
});

test('a ttl that is none is refused, and nothing is written', () => {
  using cache = openCache();
  for (const ttl of [-1, Number.NaN, Number.NEGATIVE_INFINITY, '5', null, 5n]) {
    const options = { ttl: ttl as number };
    const code = 'RINGSTONE_INVALID_ARGUMENT';
    expectCode(() => cache.set('key', 'value', options), code);
    expectCode(() => cache.add('key', 'value', options), code);
    expectCode(() => cache.incr('key', 1, options), code);
    expectCode(() => cache.mset([['key', 'value']], options), code);
    expectCode(() => cache.touch('key', ttl as number), code);
  }
  expect(cache.has('key')).toBe(false);
});

test('the default ttl is that of the cache, in all handles', async () => {
  const name = anyName();
  using cache = Cache.open({ name, maxMemory: '4mb', defaultTtl: 30 });
  using other = Cache.open({ name });
  other.set('short', 'value');
  other.incr('count');
  cache.set('ever', 'value', { ttl: 0 });
  expect(cache.ttl('short')).toBeLessThanOrEqual(30);
  expect(cache.ttl('ever')).toBe(Number.POSITIVE_INFINITY);
  await sleep(50);
  expect([other.has('short'), other.has('count'), other.has('ever')]).toEqual([false, false, true]);
});

test('peek and has are no reads', () => {
  using cache = openCache();
  cache.set('key', 'value');
  expect([cache.peek('key')?.toString(), cache.peek('none'), cache.has('key'), cache.has('none')]).toEqual([
    'value',
    undefined,
    true,
    false,
  ]);
  expect(cache.stats().own).toMatchObject({ hits: 0, misses: { absent: 0 } });
});

test('getInto copies what fits', () => {
  using cache = openCache();
  cache.set('key', 'abcdef');
  const target = Buffer.alloc(8, '.');
  expect([cache.getInto('key', target), target.toString()]).toEqual([6, 'abcdef..']);
  target.fill('.');
  expect([cache.getInto('key', target, 5), target.toString()]).toEqual([6, '.....abc']);
  expect([cache.getInto('key', target, 8), cache.getInto('none', target)]).toEqual([6, undefined]);
  expect(cache.getInto('key', new Uint8Array(0))).toBe(6);
  const large = Buffer.from(Array.from({ length: 100_000 }, (_, n) => n & 0xff));
  cache.set('large', large);
  const part = Buffer.alloc(70_000);
  expect(cache.getInto('large', part)).toBe(100_000);
  expect(part.equals(large.subarray(0, 70_000))).toBe(true);
  for (const offset of [9, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    expectCode(() => cache.getInto('key', target, offset), 'RINGSTONE_INVALID_ARGUMENT');
  }
  for (const bad of ['text', new Uint16Array(4), new ArrayBuffer(4), undefined]) {
    expectCode(() => cache.getInto('key', bad as unknown as Uint8Array), 'RINGSTONE_INVALID_ARGUMENT');
  }
});

test('clear removes everything, for all handles', () => {
  const name = anyName();
  using cache = Cache.open({ name, maxMemory: '4mb' });
  using other = Cache.open({ name });
  for (let n = 0; n < 100; n++) cache.set(`key ${n}`, 'value');
  const kept = cache.get('key 1');
  expect([cache.size, other.size]).toEqual([100, 100]);
  other.clear();
  expect([cache.size, other.size, cache.has('key 1'), [...cache.scan()]]).toEqual([0, 0, false, []]);
  expect(kept?.toString()).toBe('value');
  cache.set('key 1', 'again');
  expect(other.getString('key 1')).toBe('again');
});

test('a full cache without eviction refuses, and keeps what it has', () => {
  using cache = Cache.open({ name: anyName(), maxMemory: '1mb', eviction: 'none' });
  const value = 'x'.repeat(4096);
  let written = 0;
  expectCode(() => {
    for (; ; written++) cache.set(`key ${written}`, value);
  }, 'RINGSTONE_OUT_OF_MEMORY');
  expect(cache.size).toBe(written);
  expect(cache.getString('key 0')).toBe(value);
  expect(cache.stats().own.outOfMemory).toBe(1);
});

test('every operation of a closed cache says so', () => {
  const cache = openCache();
  cache.close();
  const target = Buffer.alloc(8);
  const calls: (() => unknown)[] = [
    () => cache.get('k'),
    () => cache.getString('k'),
    () => cache.getBuffer('k'),
    () => cache.getInto('k', target),
    () => cache.peek('k'),
    () => cache.getWithCas('k'),
    () => cache.has('k'),
    () => cache.ttl('k'),
    () => cache.set('k', 'v'),
    () => cache.add('k', 'v'),
    () => cache.replace('k', 'v'),
    () => cache.cas('k', 'v', 1n),
    () => cache.append('k', 'v'),
    () => cache.prepend('k', 'v'),
    () => cache.incr('k'),
    () => cache.decr('k'),
    () => cache.touch('k', 1),
    () => cache.delete('k'),
    () => cache.mget(['k']),
    () => cache.mgetString(['k']),
    () => cache.mset([['k', 'v']]),
    () => [...cache.scan()],
    () => cache.clear(),
    () => cache.size,
    () => cache.stats(),
  ];
  for (const call of calls) expectCode(call, 'RINGSTONE_CLOSED');
});
