/** Loaders and `fetch` within one thread: values, misses, failures, staleness, and bounds. */
import { describe, expect, test } from '@jest/globals';
import { Cache, LoadError, RingstoneError } from '../../ts/index.ts';
import { eventually } from '../harness/eventually.ts';
import { closeAfterEach, failure, gated, open, reopen } from '../harness/gated.ts';
import { LONG_MS } from '../harness/served.ts';

closeAfterEach();

describe('a value', () => {
  test('that is there is given without the loader', async () => {
    const { cache, fetch, loader } = gated();
    cache.set('k', 'there');
    expect(await fetch()).toBe('there');
    expect(loader.stats().runs).toBe(0);
  });

  test('that is missing is loaded once for all who ask meanwhile, and stored', async () => {
    const { cache, fetch, gate, loader } = gated();
    const all = Promise.all(Array.from({ length: 100 }, () => fetch()));
    const run = await gate.next();
    expect([run.key, run.context.stale, run.context.rawKey.toString(), run.context.signal.aborted]).toEqual([
      'k',
      undefined,
      'k',
      false,
    ]);
    expect(loader.stats()).toMatchObject({ running: 1, waiting: 100 });
    run.resolve('loaded');
    expect(new Set(await all)).toEqual(new Set(['loaded']));
    expect(cache.getString('k')).toBe('loaded');
    expect(await fetch()).toBe('loaded');
    expect(loader.stats()).toEqual({
      runs: 1,
      loaded: 1,
      absent: 0,
      failed: 0,
      coalesced: 99,
      staleServed: 0,
      running: 0,
      queued: 0,
      waiting: 0,
    });
  });

  test('may be given at once, empty, long, or as bytes', async () => {
    const cache = open();
    const values: Record<string, string | Uint8Array> = {
      'v:empty': '',
      'v:long': 'é'.repeat(1_000_000),
      'v:bytes': Buffer.from([0, 255, 13, 10]),
    };
    cache.loader('v:', key => values[key]);
    for (const [key, value] of Object.entries(values)) {
      expect((await cache.fetch(key))?.equals(Buffer.from(value as string))).toBe(true);
      expect(cache.get(key)?.equals(Buffer.from(value as string))).toBe(true);
    }
  });

  test('has the ttl of its loader, else of the cache', async () => {
    const cache = open({ defaultTtl: 5 });
    cache.loader('for ever:', () => 'v', { ttl: Number.POSITIVE_INFINITY });
    cache.loader('short:', () => 'v');
    await cache.fetch('for ever:');
    await cache.fetch('short:');
    await eventually('the short one expires', () => (cache.get('short:') === undefined ? true : undefined));
    expect(cache.getString('for ever:')).toBe('v');
  });

  test('of a key that is no text: the loader is given its bytes', async () => {
    const { cache, gate } = gated();
    const key = Buffer.from([0x6b, 0xff, 0, 0x80]);
    const fetched = cache.fetch(key);
    const run = await gate.next();
    expect([run.key, run.context.rawKey]).toEqual(['k\uFFFD\0\uFFFD', key]);
    // The caller may use its array again.
    key.fill(0);
    run.resolve('bytes');
    expect(String(await fetched)).toBe('bytes');
    expect(cache.getString(Buffer.from([0x6b, 0xff, 0, 0x80]))).toBe('bytes');
  });
});

describe('no value', () => {
  test('is told to all who wait, and asked for again', async () => {
    const { fetch, gate, loader } = gated();
    for (let round = 1; round <= 2; round += 1) {
      const both = Promise.all([fetch(), fetch()]);
      (await gate.next()).resolve();
      expect(await both).toEqual([undefined, undefined]);
      expect(loader.stats()).toMatchObject({ runs: round, absent: round });
    }
  });

  test('is remembered for negativeTtl, until somebody writes the key', async () => {
    const { cache, fetch, gate, loader } = gated({ negativeTtl: LONG_MS });
    const first = fetch();
    (await gate.next()).resolve();
    expect([await first, await fetch(), await fetch()]).toEqual([undefined, undefined, undefined]);
    expect(loader.stats().runs).toBe(1);
    cache.set('k', 'written');
    expect(await fetch()).toBe('written');
    cache.delete('k');
    const again = fetch();
    (await gate.next()).resolve('loaded');
    expect(await again).toBe('loaded');
  });

  test('without a loader, fetch is get', async () => {
    const cache = open();
    expect(await cache.fetch('k')).toBeUndefined();
    using _ = cache.loader('other', () => 'v');
    expect(await cache.fetch('k')).toBeUndefined();
    cache.set('k', 'v');
    expect(String(await cache.fetch('k'))).toBe('v');
  });
});

describe('patterns', () => {
  test('are prefixes or globs, of which the closest counts', async () => {
    const cache = open();
    const names: readonly string[] = ['', 'user:', 'user:*:name', 'user:1'];
    for (const name of names) cache.loader(name, () => name || 'all');
    const fetched = ['x', 'user:2', 'user:2:name', 'user:1'].map(async key => String(await cache.fetch(key)));
    expect(await Promise.all(fetched)).toEqual(['all', 'user:', 'user:*:name', 'user:1']);
  });
});

describe('a stale value', () => {
  const options = { ttl: 1, staleFor: LONG_MS };

  test('is given at once to all while one refresh runs, which is told of it', async () => {
    const { cache, fetch, gate, loader } = gated(options);
    const first = fetch();
    (await gate.next()).resolve('old');
    await first;
    await eventually('a refresh', async () => ((await fetch()) === 'old' && loader.stats().runs === 2) || undefined);
    const run = await gate.next();
    expect(String(run.context.stale)).toBe('old');
    expect(new Set(await Promise.all(Array.from({ length: 50 }, () => fetch())))).toEqual(new Set(['old']));
    expect(cache.getString('k')).toBe('old');
    expect(loader.stats()).toMatchObject({ runs: 2, running: 1, waiting: 0, coalesced: 0 });
    expect(loader.stats().staleServed).toBeGreaterThan(50);
    run.resolve('new');
    await eventually('the new value', async () => ((await fetch()) === 'new' ? true : undefined));
  });

  test('goes when the refresh finds none, and stays when it fails', async () => {
    const { cache, fetch, gate, loader } = gated(options);
    const first = fetch();
    (await gate.next()).resolve('old');
    await first;
    await eventually('a refresh', async () => ((await fetch()) === 'old' && loader.stats().runs === 2) || undefined);
    // Nobody waits for it, so it is not tried again at once.
    (await gate.next()).reject(new Error('not now'));
    await eventually('the failure', () => (loader.stats().failed > 0 ? true : undefined));
    expect(await fetch()).toBe('old');
    await eventually(
      'another refresh',
      async () => ((await fetch()) === 'old' && loader.stats().runs === 3) || undefined,
    );
    (await gate.next()).resolve();
    await eventually('it is gone', () => (cache.get('k') === undefined ? true : undefined));
  });
});

describe('a failure', () => {
  test('is tried once more, then told with its cause', async () => {
    const { fetch, gate, loader } = gated();
    const both = Promise.all([failure(fetch()), failure(fetch())]);
    (await gate.next()).reject(new Error('first'));
    const cause = Object.assign(new Error('no\r\nEND such table'), { code: 'X' });
    (await gate.next()).reject(cause);
    for (const error of await both) {
      expect(error).toBeInstanceOf(LoadError);
      expect(error).toBeInstanceOf(RingstoneError);
      expect(error).toMatchObject({ code: 'RINGSTONE_LOAD_FAILED', name: 'LoadError', message: 'no  END such table' });
      expect(error.cause).toBe(cause);
    }
    expect(loader.stats()).toMatchObject({ runs: 2, failed: 1, waiting: 0 });
    const second = fetch();
    (await gate.next()).reject(new Error('again'));
    (await gate.next()).resolve('now');
    expect(await second).toBe('now');
  });

  test('may be anything that is thrown, at once or later', async () => {
    const cache = open();
    const hostile = {
      get message() {
        throw new Error('hostile');
      },
    };
    const thrown = [new Error('sync'), 'text', 42, null, undefined, Symbol('s'), hostile, Object.create(null), []];
    let which: unknown;
    cache.loader('sync', () => {
      throw which;
    });
    cache.loader('async', () => Promise.reject(which));
    cache.loader('then', () =>
      Object.defineProperty(new Uint8Array(0), 'then', {
        get() {
          throw which;
        },
      }),
    );
    for (which of thrown) {
      for (const key of ['sync', 'async', 'then']) {
        const error = await failure(cache.fetch(key));
        expect(error.code).toBe('RINGSTONE_LOAD_FAILED');
        if (which !== undefined) expect(error.cause).toBe(which);
      }
    }
  });

  test('is a value that cannot be stored', async () => {
    const cache = open({ maxValueSize: 4096 });
    let value: unknown;
    cache.loader('k', () => value as string);
    for (value of [42, null, {}, [], new ArrayBuffer(1), new Uint16Array(1)]) {
      expect(await failure(cache.fetch('k'))).toMatchObject({ code: 'RINGSTONE_LOAD_FAILED' });
    }
    value = 'x'.repeat(4097);
    expect(await failure(cache.fetch('k'))).toMatchObject({ code: 'RINGSTONE_LOAD_FAILED' });
    expect(cache.get('k')).toBeUndefined();
    value = 'x'.repeat(4096);
    expect(String(await cache.fetch('k'))).toBe(value);
  });

  test('is a miss by choice', async () => {
    const { fetch, gate, loader } = gated({ onError: 'miss' });
    const fetched = fetch();
    (await gate.next()).reject(new Error('no'));
    (await gate.next()).reject(new Error('no'));
    expect(await fetched).toBeUndefined();
    expect(loader.stats()).toMatchObject({ runs: 2, failed: 1, absent: 0 });
  });

  test('is a run that takes too long: its signal is aborted, and what it comes to late is ignored', async () => {
    const { cache, fetch, gate, loader } = gated({ timeout: 30 });
    const fetched = failure(fetch());
    const [first, second] = [await gate.next(), await gate.next()];
    expect(await fetched).toMatchObject({ code: 'RINGSTONE_LOAD_TIMEOUT', name: 'LoadError' });
    for (const run of [first, second]) {
      await eventually('its end', () => (run.context.signal.aborted ? true : undefined));
      expect(run.context.signal.reason).toMatchObject({ code: 'RINGSTONE_LOAD_TIMEOUT' });
    }
    first.resolve('late');
    second.reject(new Error('late'));
    await new Promise(setImmediate);
    expect(cache.get('k')).toBeUndefined();
    expect(loader.stats()).toMatchObject({ runs: 2, failed: 1, loaded: 0, running: 0 });
  });
});

describe('bounds', () => {
  test('maxConcurrent runs, the others wait for their turn', async () => {
    const { fetch, gate, loader } = gated({ maxConcurrent: 2 });
    const all = Promise.all(['k1', 'k2', 'k3', 'k4'].map(key => fetch(key)));
    const runs = [await gate.next(), await gate.next()];
    expect(loader.stats()).toMatchObject({ running: 2, queued: 2, waiting: 4 });
    runs[1]?.resolve('b');
    const third = await gate.next();
    expect([third.key, loader.stats().running, loader.stats().queued]).toEqual(['k3', 2, 1]);
    runs[0]?.resolve('a');
    third.resolve('c');
    (await gate.next()).resolve('d');
    expect(await all).toEqual(['a', 'b', 'c', 'd']);
  });

  test('a load that has not had its turn in time fails', async () => {
    const { fetch, gate } = gated({ maxConcurrent: 1, timeout: 30, onError: 'error' });
    const both = Promise.all([failure(fetch('k1')), failure(fetch('k2'))]);
    await gate.next();
    expect((await both).map(error => error.code)).toEqual(['RINGSTONE_LOAD_TIMEOUT', 'RINGSTONE_LOAD_TIMEOUT']);
  });

  test('maxWaiting wait, more are refused at once', async () => {
    const { fetch, gate, loader } = gated({ maxWaiting: 2 });
    const two = [fetch(), fetch()];
    const run = await gate.next();
    expect(await failure(fetch())).toMatchObject({ code: 'RINGSTONE_LOAD_REFUSED' });
    expect(await failure(fetch('k2'))).toMatchObject({ code: 'RINGSTONE_LOAD_REFUSED' });
    expect(loader.stats()).toMatchObject({ waiting: 2, runs: 1 });
    run.resolve('v');
    expect(await Promise.all(two)).toEqual(['v', 'v']);
    expect(await failure(fetch(`k${'x'.repeat(5000)}`))).toMatchObject({ code: 'RINGSTONE_LOAD_REFUSED' });
  });
});

describe('a codec', () => {
  interface User {
    name: string;
    tags?: string[];
  }

  test('encodes what the loader gives, and decodes what is fetched, the stale value too', async () => {
    const cache = Cache.open<User>({ name: 'codec of loads', maxMemory: '8mb', codec: 'json' });
    using _ = cache;
    const stale: unknown[] = [];
    let count = 0;
    cache.loader(
      'user:',
      (key, context) => {
        stale.push(context.stale);
        count += 1;
        return { name: `${key} ${count}` };
      },
      { ttl: 1, staleFor: LONG_MS },
    );
    expect(await cache.fetch('user:1')).toEqual({ name: 'user:1 1' });
    await eventually('a refresh', async () => ((await cache.fetch('user:1'))?.name === 'user:1 2' ? true : undefined));
    expect(stale.slice(0, 2)).toEqual([undefined, { name: 'user:1 1' }]);
    expect(cache.getString('user:1')).toMatch(/^\{"name":"user:1 \d+"\}$/);
  });

  test('may fail to encode: the load fails, with what it threw', async () => {
    const cache = Cache.open<unknown>({ name: 'codec of loads', maxMemory: '8mb', codec: 'json' });
    using _ = cache;
    cache.loader('k', () => () => undefined);
    const error = await failure(cache.fetch('k'));
    expect(error).toMatchObject({ code: 'RINGSTONE_LOAD_FAILED', cause: { code: 'RINGSTONE_INVALID_ARGUMENT' } });
    cache.loader('n', () => null);
    expect(await cache.fetch('n')).toBeNull();
  });

  test('of another opening is told from it', async () => {
    const cache = Cache.open<User>({ name: 'codec of loads', maxMemory: '8mb', codec: 'v8' });
    using _ = cache;
    using plain = reopen(cache.name);
    const stale: unknown[] = [];
    cache.loader('k', (_key, context) => {
      stale.push(context.stale);
      return { name: 'v8' };
    });
    const [decoded, bytes] = await Promise.all([cache.fetch('k'), plain.fetch('k')]);
    expect(decoded).toEqual({ name: 'v8' });
    expect(bytes).toBeInstanceOf(Uint8Array);
    using other = Cache.open<User>({ name: cache.name, codec: 'json' });
    expect(await failure(other.fetch('k'))).toMatchObject({ code: 'RINGSTONE_WRONG_CODEC' });
    cache.delete('k');
    expect(await failure(other.fetch('k'))).toMatchObject({ code: 'RINGSTONE_WRONG_CODEC' });
    expect(stale).toEqual([undefined, undefined]);
  });
});
