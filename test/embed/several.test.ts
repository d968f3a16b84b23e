/** Several keys in one call: the same as one after another, whatever the keys and values are. */
import { describe, expect, test } from '@jest/globals';
import { uniform } from '../../bench/missratio/random.mjs';
import { portOf } from '../../ts/cache/operations.ts';
import { Cache, type Codec, type Key, type RingstoneError } from '../../ts/index.ts';

const open = (name: string) => Cache.open({ name: `several ${name}`, maxMemory: '64mb' });

const WORDS = ['Ada', 'é', '世界', '', '\0', 'x'.repeat(40), 'ß'.repeat(300), '🙂'];

/** Buffers as strings, which jest compares a thousand times quicker. */
const texts = (values: readonly (Buffer | undefined)[]) => values.map(value => value?.toString('latin1'));

/** Keys and values of all kinds, the same for the same seed. */
function makeEntries(seed: number, count: number, longest: number): [Key, string | Buffer][] {
  const random = uniform(seed);
  const pick = (most: number) => Math.floor(random() * most);
  return Array.from({ length: count }, () => {
    const name = `key:${pick(count)}`;
    const keys: Key[] = [name, `${name}:é`, `${name}\0zero`, Buffer.from(name)];
    const key = random() < 0.9 ? name : (keys[pick(keys.length)] as Key);
    const value = random() < 0.2 ? WORDS[pick(WORDS.length)] : 'v'.repeat(Math.floor(longest ** random()));
    return [key, random() < 0.9 ? (value ?? '') : Buffer.from(value ?? '')];
  });
}

describe.each([
  ['short values', 3000, 200],
  ['values of all lengths', 400, 300_000],
])('%s', (name, count, longest) => {
  test.each([1, 2, 3])('as one after another, seed %d', seed => {
    using cache = open(`${name} ${seed}`);
    using other = open(`${name} ${seed}, one by one`);
    const entries = makeEntries(seed, count, longest);
    cache.mset(entries);
    for (const [key, value] of entries) other.set(key, value);
    expect(cache.size).toBe(other.size);
    const keys = makeEntries(seed + 10, 2 * count, 1).map(([key]) => key);
    const strings = keys.map(key => other.getString(key));
    expect(strings).toEqual(keys.map(key => cache.getString(key)));
    expect(cache.mgetString(keys)).toEqual(strings);
    const only = keys.filter(key => typeof key === 'string' && !key.includes('\0'));
    expect(cache.mgetString(only)).toEqual(only.map(key => other.getString(key)));
    expect(texts(cache.mget(only))).toEqual(texts(only.map(key => other.get(key))));
    expect(texts(cache.mget(keys))).toEqual(texts(keys.map(key => other.get(key))));
    expect(strings).toContain(undefined);
    expect(strings.some(text => text !== undefined && text.length > longest / 4)).toBe(true);
  });
});

test('nothing asked for is nothing found', () => {
  using cache = open('nothing');
  expect([cache.mget([]), cache.mgetString([])]).toEqual([[], []]);
  cache.mset([]);
  expect(cache.size).toBe(0);
  expect(cache.mgetString(['a', 'b'])).toEqual([undefined, undefined]);
});

test('buffers stay as they are while more is read and written', () => {
  using cache = open('buffers');
  const keys = Array.from({ length: 50 }, (_, number) => `key:${number}`);
  const kept: (string | undefined)[][] = [];
  const found = Array.from({ length: 40 }, (_, turn) => {
    cache.mset(keys.map((key, at) => [key, `${turn} ${at} ${'z'.repeat(at * turn)}`] as const));
    kept.push(cache.mgetString(keys));
    return cache.mget(keys);
  });
  expect(found.map(values => values.map(String))).toEqual(kept);
  expect(kept[39]?.[49]).toBe(`39 49 ${'z'.repeat(39 * 49)}`);
});

test('the last of the same key is what stays; a TTL is that of all', () => {
  using cache = open('order');
  cache.mset([
    ['a', '1'],
    ['b', Buffer.from('2')],
    ['a', 'x'.repeat(5000)],
    ['a', '3'],
    ['b', '4'],
  ]);
  expect(cache.mgetString(['a', 'b'])).toEqual(['3', '4']);
  expect(cache.ttl('a')).toBe(Number.POSITIVE_INFINITY);
  cache.mset(
    [
      ['a', '5'],
      ['c', Buffer.from('6')],
    ],
    { ttl: 60_000 },
  );
  for (const key of ['a', 'c']) {
    expect(cache.ttl(key)).toBeLessThanOrEqual(60_000);
    expect(cache.ttl(key)).toBeGreaterThan(30_000);
  }
});

test('each key is a read or a write of its own', () => {
  using cache = open('counts');
  cache.mset([
    ['a', '1'],
    ['b', '2'],
  ]);
  cache.mgetString(['a', 'b', 'c', 'd', 'e']);
  cache.mget(['a', 'c']);
  expect(cache.stats().own).toMatchObject({ hits: 3, misses: { absent: 4 } });
});

test('keys are not handed over again and again where few values fit at once', () => {
  using cache = open('fit');
  const keys = Array.from({ length: 2000 }, (_, number) => `key:${number}`);
  cache.mset(keys.map(key => [key, 'v'.repeat(8000)] as const));
  const { operations } = portOf(cache);
  const { mget } = operations;
  let handedOver = 0;
  operations.mget = (joined, count, ...others) => {
    handedOver += count;
    return mget(joined, count, ...others);
  };
  expect(cache.mget(keys).every(value => value?.length === 8000)).toBe(true);
  expect(handedOver).toBeLessThan(4 * keys.length);
});

describe('errors', () => {
  test.each([
    ['an empty key', ['a', ''], 'RINGSTONE_INVALID_ARGUMENT'],
    ['a key that is too long', ['a', 'k'.repeat(65_537)], 'RINGSTONE_INVALID_ARGUMENT'],
    ['what is no key', ['a', 5], 'RINGSTONE_INVALID_ARGUMENT'],
    ['a hole', [undefined, 'a'], 'RINGSTONE_INVALID_ARGUMENT'],
  ])('%s', (_, keys, code) => {
    using cache = open('errors');
    const bad = keys as string[];
    expect(() => cache.mget(bad)).toThrow(expect.objectContaining({ code }));
    expect(() => cache.mgetString(bad)).toThrow(expect.objectContaining({ code }));
    expect(() => cache.mset(bad.map(key => [key, 'value']))).toThrow(expect.objectContaining({ code }));
  });

  test('a value that is too long: what came before it is written', () => {
    using cache = Cache.open({ name: 'several, small', maxMemory: '8mb', maxValueSize: 2000 });
    const write = () =>
      cache.mset([
        ['a', '1'],
        ['b', 'x'.repeat(2001)],
        ['c', '3'],
      ]);
    expect(write).toThrow(expect.objectContaining({ code: 'RINGSTONE_TOO_LARGE' }));
    expect(cache.mgetString(['a', 'b', 'c'])).toEqual(['1', undefined, undefined]);
  });

  test('keys longer together than a string can be', () => {
    using cache = open('long keys');
    const keys = new Array<string>(1024).fill('k'.repeat(600_000));
    const failure = (call: () => unknown) => {
      try {
        return call();
      } catch (error) {
        return (error as RingstoneError).code;
      }
    };
    const write = () => cache.mset(keys.map(key => [key, 'value']));
    expect([() => cache.mget(keys), () => cache.mgetString(keys), write].map(failure)).toEqual(
      Array(3).fill('RINGSTONE_INVALID_ARGUMENT'),
    );
  });

  test('keys that are no array', () => {
    using cache = open('no array');
    for (const keys of [undefined, 'abc', 5, { length: 1, 0: 'a' }, new Set(['a'])] as unknown as string[][]) {
      const code = 'RINGSTONE_INVALID_ARGUMENT';
      expect(() => cache.mget(keys)).toThrow(expect.objectContaining({ code }));
      expect(() => cache.mgetString(keys)).toThrow(expect.objectContaining({ code }));
    }
  });

  test('a value without bytes, or no further entry: what came before it is written', () => {
    using cache = Cache.open<unknown>({ name: 'several, bad', maxMemory: '8mb', codec: 'json' });
    const write = () =>
      cache.mset([
        ['a', 1],
        ['b', undefined],
        ['c', 3],
      ]);
    expect(write).toThrow(expect.objectContaining({ code: 'RINGSTONE_INVALID_ARGUMENT' }));
    expect(cache.mget(['a', 'b', 'c'])).toEqual([1, undefined, undefined]);
    const failing = function* (): Generator<[string, number]> {
      yield ['d', 4];
      throw new Error('no more');
    };
    expect(() => cache.mset(failing())).toThrow('no more');
    expect(cache.get('d')).toBe(4);
  });

  test('the error is that of the first key that has one', () => {
    using cache = Cache.open<unknown>({ name: 'several, first', maxMemory: '8mb', codec: 'json' });
    using plain = Cache.open({ name: 'several, first' });
    plain.set('foreign', 'bytes');
    expect(() => cache.mget(['foreign', ''])).toThrow(expect.objectContaining({ code: 'RINGSTONE_WRONG_CODEC' }));
  });

  test('a closed cache', () => {
    const cache = open('closed');
    cache.mset([['a', '1']]);
    cache.close();
    for (const call of [
      () => cache.mget(['a', 'b']),
      () => cache.mgetString(['a', 'b']),
      () => cache.mset([['a', '1']]),
    ])
      expect(call).toThrow(expect.objectContaining({ code: 'RINGSTONE_CLOSED' }));
  });
});

describe('codecs', () => {
  test('values are decoded; those without the flags of the codec are refused', () => {
    using cache = Cache.open<{ n: number }>({ name: 'several codec', maxMemory: '8mb', codec: 'json' });
    using plain = Cache.open({ name: 'several codec' });
    cache.mset([
      ['a', { n: 1 }],
      ['b', { n: 2 }],
    ]);
    expect(cache.mget(['a', 'none', 'b'])).toEqual([{ n: 1 }, undefined, { n: 2 }]);
    expect(cache.mgetString(['b', 'a'])).toEqual(['{"n":2}', '{"n":1}']);
    plain.set('c', 'bytes of somebody else');
    expect(() => cache.mget(['a', 'c'])).toThrow(expect.objectContaining({ code: 'RINGSTONE_WRONG_CODEC' }));
  });

  test('a codec that reads several itself while several are decoded', () => {
    const nested: Codec<string> = {
      name: 'nested',
      encode: text => text,
      decode: bytes => `${bytes} ${cache.mgetString(['x', 'y', 'z'])}`,
    };
    using plain = Cache.open({ name: 'several nested', maxMemory: '8mb' });
    using cache = Cache.open({ name: 'several nested', codec: nested });
    plain.mset([
      ['x', '1'],
      ['y', '22'],
      ['z', '333'],
    ]);
    cache.mset([
      ['a', 'A'],
      ['b', 'BBBB'],
    ]);
    expect(cache.mget(['a', 'b'])).toEqual(['A 1,22,333', 'BBBB 1,22,333']);
  });
});
