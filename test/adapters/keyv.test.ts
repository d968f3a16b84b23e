/** The adapter through both versions of Keyv. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Keyv as Keyv6 } from 'keyv';
import { Keyv as Keyv5 } from 'keyv-5';
import { KeyvRingstone } from '../../ts/adapters/keyv.ts';
import { Cache } from '../../ts/cache/cache.ts';
import { eventually } from '../harness/eventually.ts';
import { collect, openCache, putStranger } from './support.ts';

let cache: Cache;
let stranger: () => string | undefined;

beforeEach(() => {
  cache = openCache();
  stranger = putStranger(cache);
});

afterEach(() => cache.close());

interface Options {
  namespace?: string;
  ttl?: number;
}

const VERSIONS: readonly (readonly [version: string, create: (store: KeyvRingstone, options?: Options) => Keyv6])[] = [
  // What is called here is the same in both; tests that differ ask for the version.
  ['5', (store, options) => new Keyv5(store, options) as unknown as Keyv6],
  ['6', (store, options) => new Keyv6(store, options)],
];

describe.each(VERSIONS)('Keyv %s', (version, create) => {
  const open = (options?: Options) => {
    const keyv = create(new KeyvRingstone({ cache }), options);
    const errors: unknown[] = [];
    keyv.on('error', (error: unknown) => errors.push(error));
    return { keyv, errors };
  };

  test.each([
    ['text', 'Ada'],
    ['no text', ''],
    ['a number', 0],
    ['false', false],
    ['null', null],
    ['an object', { name: 'Ada', tags: ['a', { b: 1 }] }],
    ['a buffer', Buffer.from([0, 255, 10])],
    ['quotes', '"\'`:base64:'],
  ])('keeps %s', async (_, value) => {
    const { keyv, errors } = open();
    expect(await keyv.set('key', value)).toBe(true);
    expect(await keyv.get('key')).toEqual(value);
    expect(errors).toEqual([]);
  });

  test('a miss is undefined', async () => {
    const { keyv } = open();
    expect(await keyv.get('absent')).toBeUndefined();
    expect(await keyv.has('absent')).toBe(false);
    expect(await keyv.delete('absent')).toBe(false);
  });

  test("a TTL is the cache's own, of an item, of many and of the Keyv", async () => {
    const { keyv } = open({ ttl: 60_000 });
    await keyv.set('default', 1);
    await keyv.set('own', 1, 5_000);
    await keyv.setMany([
      { key: 'many', value: 1, ttl: 7_000 },
      { key: 'many-default', value: 1 },
    ]);
    const bounds: Record<string, number> = { default: 60_000, own: 5_000, many: 7_000, 'many-default': 60_000 };
    const keys = [...cache.scan({ match: 'keyv:*' })];
    expect(keys).toHaveLength(4);
    for (const key of keys) {
      const bound = bounds[key.split(':').at(-1) ?? ''] ?? 0;
      expect(cache.ttl(key)).toBeGreaterThan(bound - 5_000);
      expect(cache.ttl(key)).toBeLessThanOrEqual(bound);
    }
    await keyv.set('short', 1, 1);
    await eventually('the item is gone', async () => ((await keyv.get('short')) === undefined ? true : undefined));
  });

  test('an item without a TTL has the default of the cache', async () => {
    const { keyv } = open();
    await keyv.set('key', 1);
    expect(cache.ttl([...cache.scan({ match: 'keyv:*' })][0] ?? '')).toBe(Infinity);
  });

  test('several at once', async () => {
    const { keyv } = open();
    expect(
      await keyv.setMany<unknown>([
        { key: 'a', value: 1 },
        { key: 'b', value: 'two' },
      ]),
    ).toEqual([true, true]);
    expect(await keyv.get(['a', 'absent', 'b'])).toEqual([1, undefined, 'two']);
    expect(await keyv.hasMany(['a', 'absent', 'b'])).toEqual([true, false, true]);
    expect(await keyv.delete(['a', 'absent'])).toEqual(version === '5' ? false : [true, false]);
    expect(await keyv.delete(['b'])).toEqual(version === '5' ? true : [true]);
    expect(await keyv.has('b')).toBe(false);
  });

  test('namespaces are apart, and only one is cleared', async () => {
    const { keyv: a } = open({ namespace: 'a' });
    const { keyv: b } = open({ namespace: 'b*' });
    await a.set('key', 'of a');
    await b.set('key', 'of b');
    await b.clear();
    expect([await a.get('key'), await b.get('key')]).toEqual(['of a', undefined]);
    await b.set('key', 'of b');
    await a.clear();
    expect([await a.get('key'), await b.get('key')]).toEqual([undefined, 'of b']);
    expect(stranger()).toBe('untouched');
  });

  test('clearing without a namespace leaves the keys of others alone', async () => {
    const other = create(new KeyvRingstone({ cache, prefix: 'other:' }));
    await other.set('key', 1);
    const { keyv } = open();
    await keyv.set('key', 1);
    await keyv.clear();
    expect([await keyv.get('key'), await other.get('key'), stranger()]).toEqual([undefined, 1, 'untouched']);
  });

  test('iterates over its namespace', async () => {
    const { keyv } = open({ namespace: 'a' });
    const { keyv: other } = open({ namespace: 'other' });
    await other.set('key', 'not this');
    const entries = Array.from({ length: 1200 }, (_, index) => [`key${index}`, index] as const);
    await keyv.setMany(entries.map(([key, value]) => ({ key, value })));
    // Keyv 5 has a property that makes one where its store can.
    const found = await collect(keyv.iterator());
    expect(new Map(found)).toEqual(new Map(entries));
    expect(found).toHaveLength(entries.length);
  });

  test('another Keyv of the process sees the same items, and its end is not the end of this one', async () => {
    const { keyv } = open();
    const second = create(new KeyvRingstone({ cache: { name: cache.name } }));
    await keyv.set('key', { shared: true });
    expect(await second.get('key')).toEqual({ shared: true });
    await second.disconnect();
    expect(await keyv.get('key')).toEqual({ shared: true });
  });

  test('what is too large is an error and is not kept', async () => {
    const { keyv, errors } = open();
    expect(await keyv.set('key', 'x'.repeat(9 * 1024 * 1024))).toBe(false);
    expect(errors).toEqual([expect.objectContaining({ code: 'RINGSTONE_TOO_LARGE' })]);
    expect(
      await keyv.setMany<unknown>([
        { key: 'large', value: 'x'.repeat(9 * 1024 * 1024) },
        { key: 'small', value: 1 },
      ]),
    ).toEqual([false, true]);
    expect(await keyv.get('small')).toBe(1);
  });

  test('after disconnect everything is an error, and the cache is open still', async () => {
    const { keyv, errors } = open();
    await keyv.disconnect();
    expect(await keyv.set('key', 1)).toBe(false);
    expect(errors).toEqual([expect.objectContaining({ code: 'RINGSTONE_CLOSED' })]);
    expect(stranger()).toBe('untouched');
  });
});

test('what Keyv does not serialise is refused', async () => {
  const keyv = new Keyv6({ store: new KeyvRingstone({ cache }), serialization: false });
  const errors: unknown[] = [];
  keyv.on('error', (error: unknown) => errors.push(error));
  expect(await keyv.set('key', { a: 1 })).toBe(false);
  expect(errors).toEqual([expect.objectContaining({ code: 'RINGSTONE_INVALID_ARGUMENT' })]);
});

test('a closed cache is refused', () => {
  const closed = openCache();
  closed.close();
  expect(() => new KeyvRingstone({ cache: closed })).toThrow(expect.objectContaining({ code: 'RINGSTONE_CLOSED' }));
});

test('a cache with a codec is taken as bytes all the same', async () => {
  const coded = Cache.open({ name: cache.name, codec: 'json' });
  const keyv = new Keyv6({ store: new KeyvRingstone({ cache: coded }) });
  await keyv.set('key', 'Ada');
  expect(cache.getString('keyv:key')).toBe('{"value":"Ada"}');
  coded.close();
  const options = { name: cache.name, codec: 'json' };
  const byOptions = new Keyv6({ store: new KeyvRingstone({ cache: options }) });
  expect(await byOptions.get('key')).toBe('Ada');
});
