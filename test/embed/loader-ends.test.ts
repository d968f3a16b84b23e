/** How loaders and calls of `fetch` end within one thread, and what is refused. */
import { describe, expect, test } from '@jest/globals';
import type { LoaderOptions } from '../../ts/index.ts';
import { eventually } from '../harness/eventually.ts';
import { Gate } from '../harness/gate.ts';
import { closeAfterEach, failure, gated, open, reopen } from '../harness/gated.ts';

closeAfterEach();

describe('a signal', () => {
  test('ends one call, not the load of the others', async () => {
    const { cache, fetch, gate, waiting } = gated();
    const controller = new AbortController();
    const [ends, stays] = [failure(fetch('k', { signal: controller.signal })), fetch()];
    const run = await gate.next();
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await ends).toBe(reason);
    await waiting(1);
    expect(run.context.signal.aborted).toBe(false);
    run.resolve('v');
    expect(await stays).toBe('v');
    expect(await failure(cache.fetch('k', { signal: controller.signal }))).toBe(reason);
  });

  test('of the only call: what was loaded is stored all the same', async () => {
    const { cache, fetch, gate } = gated();
    const ends = failure(fetch('k', { signal: AbortSignal.timeout(1) }));
    const run = await gate.next();
    expect(await ends).toMatchObject({ name: 'TimeoutError' });
    run.resolve('v');
    await eventually('the value', () => (cache.getString('k') === 'v' ? true : undefined));
  });
});

describe('the end', () => {
  test('of a loader: its runs are aborted, and there is no value', async () => {
    const { cache, fetch, gate, loader } = gated();
    const fetched = fetch();
    const run = await gate.next();
    loader.close();
    loader.close();
    expect(run.context.signal.reason).toMatchObject({ code: 'RINGSTONE_CLOSED' });
    expect(await fetched).toBeUndefined();
    run.resolve('late');
    await new Promise(setImmediate);
    expect(cache.get('k')).toBeUndefined();
    expect(await fetch()).toBeUndefined();
    expect([loader.closed, loader.stats().runs, loader.stats().running]).toEqual([true, 1, 0]);
  });

  test('of a loader while another one has its pattern: that one takes over', async () => {
    const { cache, fetch, gate, loader } = gated();
    const other = new Gate();
    const fetched = fetch();
    await gate.next();
    cache.loader('k', other.load);
    loader.close();
    (await other.next()).resolve('of the other');
    expect(await fetched).toBe('of the other');
  });

  test('of a loader by itself, within a run', async () => {
    const cache = open();
    const loader = cache.loader('k', () => {
      loader.close();
      return 'v';
    });
    expect(await cache.fetch('k')).toBeUndefined();
  });

  test('of the cache', async () => {
    const { cache, fetch, gate, loader } = gated();
    const fetched = failure(fetch());
    const run = await gate.next();
    cache.close();
    expect(await fetched).toMatchObject({ code: 'RINGSTONE_CLOSED' });
    expect(run.context.signal.reason).toMatchObject({ code: 'RINGSTONE_CLOSED' });
    run.resolve('late');
    expect(loader.closed).toBe(true);
    expect(await failure(fetch())).toMatchObject({ code: 'RINGSTONE_CLOSED' });
    expect(() => cache.loader('k', gate.load)).toThrow(expect.objectContaining({ code: 'RINGSTONE_CLOSED' }));
  });

  test('of the cache by a loader, within a run', async () => {
    const cache = open();
    cache.loader('k', () => {
      cache.close();
      return 'v';
    });
    expect(await failure(cache.fetch('k'))).toMatchObject({ code: 'RINGSTONE_CLOSED' });
  });

  test('of one of two openings: the other one waits on', async () => {
    const { cache, gate, loader } = gated();
    const other = reopen(cache.name);
    const [own, others] = [failure(cache.fetch('k')), other.fetch('k')];
    await gate.next();
    cache.close();
    expect(await own).toMatchObject({ code: 'RINGSTONE_CLOSED' });
    // The only loader of the pattern is gone.
    expect(await others).toBeUndefined();
    expect(loader.closed).toBe(true);
  });
});

describe('what is refused', () => {
  const load = () => 'v';
  test.each<[string, LoaderOptions]>([
    ['a negative ttl', { ttl: -1 }],
    ['a ttl that is no number', { ttl: Number.NaN }],
    ['a ttl that is no whole number', { ttl: 1.5 }],
    ['staleFor that never ends', { ttl: 1, staleFor: Number.POSITIVE_INFINITY }],
    ['staleFor without a ttl', { ttl: 0, staleFor: 1 }],
    ['no timeout', { timeout: 0 }],
    ['a timeout above a day', { timeout: 86_400_001 }],
    ['negativeTtl', { negativeTtl: -1 }],
    ['maxConcurrent', { maxConcurrent: 0 }],
    ['maxWaiting', { maxWaiting: 0 }],
    ['onError', { onError: 'throw' as 'miss' }],
    ['an option that does not exist', { tll: 1 } as LoaderOptions],
    ['a text as a number', { ttl: '5' as unknown as number }],
  ])('%s', (_, options) => {
    const cache = open();
    expect(() => cache.loader('k', load, options)).toThrow(
      expect.objectContaining({ code: 'RINGSTONE_INVALID_ARGUMENT' }),
    );
  });

  test('a pattern that is none or too long, a function that is none, a key that is none', async () => {
    const cache = open();
    const refused = expect.objectContaining({ code: 'RINGSTONE_INVALID_ARGUMENT' });
    expect(() => cache.loader(undefined as unknown as string, load)).toThrow(refused);
    expect(() => cache.loader('x'.repeat(1025), load)).toThrow(refused);
    expect(() => cache.loader('k', 'v' as unknown as typeof load)).toThrow(refused);
    expect(await failure(cache.fetch(''))).toMatchObject({ code: 'RINGSTONE_INVALID_ARGUMENT' });
    expect(await failure(cache.fetch(1 as unknown as string))).toMatchObject({ code: 'RINGSTONE_INVALID_ARGUMENT' });
  });

  test('more than 1024 loaders', async () => {
    const cache = open();
    const loaders = Array.from({ length: 1024 }, (_, index) => cache.loader(`p${index}:`, load));
    expect(() => cache.loader('k', load)).toThrow(
      expect.objectContaining({ name: 'RingstoneError', message: expect.stringContaining('1024') }),
    );
    loaders[7]?.close();
    cache.loader('k', load);
    expect(String(await cache.fetch('k'))).toBe('v');
  });
});
