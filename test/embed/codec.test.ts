/** Codecs: values of JavaScript come back as they were, and are never taken for others' bytes. */
import { expect, test } from '@jest/globals';
import { Cache, type Codec, RingstoneError } from '../../ts/index.ts';
import { anyName, expectCode } from './support.ts';

const storage = { maxMemory: '16mb', maxValueSize: '4mb' } as const;

test('json and v8 give what was written', () => {
  const values = [null, true, 0, -1.5, '', 'é世😀', [1, [2]], { a: { b: [null] } }, 'x'.repeat(100_000)];
  for (const codec of ['json', 'v8'] as const) {
    using cache = Cache.open({ name: anyName(), ...storage, codec });
    for (const value of values) {
      cache.set('key', value);
      expect(cache.get('key')).toEqual(value);
      expect(cache.peek('key')).toEqual(value);
      expect(cache.getWithCas('key')?.value).toEqual(value);
      expect(cache.mget(['key', 'none'])).toEqual([value, undefined]);
    }
    const { cas } = cache.getWithCas('key') ?? { cas: 0n };
    expect([cache.cas('key', [1], cas), cache.add('key', [2]), cache.replace('key', [3])]).toEqual([true, false, true]);
    cache.mset([
      ['a', { n: 1 }],
      ['b', [2]],
    ]);
    expect(cache.mget(['a', 'b', 'key'])).toEqual([{ n: 1 }, [2], [3]]);
    expect([cache.get('none'), cache.peek('none'), cache.getWithCas('none')]).toEqual(Array(3));
  }
});

test('v8 knows what JSON does not', () => {
  using cache = Cache.open<unknown>({ name: anyName(), ...storage, codec: 'v8' });
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  const values = [
    undefined,
    10n ** 30n,
    new Date(5),
    new Map([[1, new Set(['a'])]]),
    /x/g,
    new Float64Array([1, 2]),
    cycle,
  ];
  for (const value of values) {
    cache.set('key', value);
    expect(cache.get('key')).toEqual(value);
  }
  cache.set('key', Buffer.from('bytes'));
  expect(Buffer.from(cache.get('key') as Uint8Array).toString()).toBe('bytes');
  expectCode(() => cache.set('key', () => 1), 'RINGSTONE_INVALID_ARGUMENT');
});

test('what has no JSON is refused, and nothing is written', () => {
  using cache = Cache.open<unknown>({ name: anyName(), ...storage, codec: 'json' });
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  for (const value of [undefined, () => 1, Symbol('s'), 1n, cycle]) {
    expectCode(() => cache.set('key', value), 'RINGSTONE_INVALID_ARGUMENT');
  }
  expect(cache.has('key')).toBe(false);
});

test('bytes of others are refused, and read by getBuffer and getString', () => {
  const name = anyName();
  using bytes = Cache.open({ name, ...storage });
  using json = Cache.open<unknown>({ name, codec: 'json' });
  using v8 = Cache.open<unknown>({ name, codec: 'v8' });
  bytes.set('plain', '{"a":1}');
  json.set('json', { a: 1 });
  v8.set('v8', { a: 1 });
  const wrong: [Cache<unknown, unknown>, string][] = [
    [json, 'plain'],
    [json, 'v8'],
    [v8, 'plain'],
    [v8, 'json'],
  ];
  for (const [cache, key] of wrong) {
    expectCode(() => cache.get(key), 'RINGSTONE_WRONG_CODEC');
    expectCode(() => cache.peek(key), 'RINGSTONE_WRONG_CODEC');
    expectCode(() => cache.getWithCas(key), 'RINGSTONE_WRONG_CODEC');
    expectCode(() => cache.mget(['none', key]), 'RINGSTONE_WRONG_CODEC');
    expect(cache.getBuffer(key)?.length).toBeGreaterThan(0);
    expect([cache.has(key), cache.ttl(key)]).toEqual([true, Number.POSITIVE_INFINITY]);
  }
  expect([json.getString('plain'), bytes.getString('json'), bytes.get('json')?.toString()]).toEqual(
    Array(3).fill('{"a":1}'),
  );
  expect(json.mgetString(['plain', 'json'])).toEqual(['{"a":1}', '{"a":1}']);
  expectCode(() => json.append('json', 'x'), 'RINGSTONE_WRONG_CODEC');
  expectCode(() => v8.prepend('v8', 'x'), 'RINGSTONE_WRONG_CODEC');
  // The mark stays when bytes are added to it: then it is the codec that finds them damaged.
  bytes.append('json', 'x');
  bytes.set('v8', bytes.get('v8')?.subarray(0, 3) ?? '');
  expectCode(() => json.get('json'), 'RINGSTONE_WRONG_CODEC');
  expectCode(() => v8.get('v8'), 'RINGSTONE_WRONG_CODEC');
});

test('json counts in its own numbers, others in digits', () => {
  const name = anyName();
  using json = Cache.open<unknown>({ name, ...storage, codec: 'json' });
  using v8 = Cache.open<unknown>({ name, codec: 'v8' });
  expect([json.incr('new'), json.get('new')]).toEqual([1, 1]);
  json.set('written', 41);
  expect([json.incr('written'), json.get('written')]).toEqual([42, 42]);
  for (const value of [1.5, '1', null, 1e21]) {
    json.set('other', value);
    expectCode(() => json.incr('other'), 'RINGSTONE_NOT_A_NUMBER');
  }
  expect([v8.incr('digits'), v8.getString('digits')]).toEqual([1, '1']);
  expectCode(() => v8.get('digits'), 'RINGSTONE_WRONG_CODEC');
});

test('a codec of your own', () => {
  const dates: Codec<Date> = {
    name: 'date',
    encode: date => String(date.getTime()),
    decode: bytes => new Date(Number(bytes.toString())),
  };
  const name = anyName();
  using cache = Cache.open({ name, ...storage, codec: dates });
  cache.set('key', new Date(5));
  const date: Date | undefined = cache.get('key');
  expect(date).toEqual(new Date(5));
  expect([cache.peek('key'), cache.mget(['key'])[0], cache.getString('key')]).toEqual([new Date(5), new Date(5), '5']);
  using other = Cache.open<string>({ name, codec: { name: 'other', encode: text => text, decode: String } });
  expectCode(() => other.get('key'), 'RINGSTONE_WRONG_CODEC');
  using same = Cache.open<string>({ name, codec: { name: 'date', encode: text => text, decode: String } });
  expect(same.get('key')).toBe('5');
});

test('what a codec throws comes through, and wrong results are refused', () => {
  const error = new TypeError('mine');
  const fail = () => {
    throw error;
  };
  const name = anyName();
  using cache = Cache.open<unknown>({ name, ...storage, codec: { name: 'x', encode: fail, decode: fail } });
  expect(() => cache.set('key', 1)).toThrow(error);
  using writes = Cache.open<unknown>({ name, codec: { name: 'x', encode: value => value as string, decode: String } });
  writes.set('key', 'value');
  expect(() => cache.get('key')).toThrow(error);
  expectCode(() => writes.set('key', 5), 'RINGSTONE_INVALID_ARGUMENT');
  for (const codec of ['yaml', {}, null, { name: '', encode: String, decode: String }]) {
    expect(() => Cache.open({ name: anyName(), codec: codec as 'json' })).toThrow(RingstoneError);
  }
});
