/** Next.js's handlers: each by itself, and both in a real application that is built and started. */

import { once } from 'node:events';
import { cpSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { CacheEntry } from 'next/cache.js';
import type { CacheHandler } from 'next/dist/server/lib/incremental-cache/index.js';
import {
  createCacheHandler,
  createUseCacheHandler,
  type IncrementalCacheHandler,
  type NextCacheOptions,
} from '../../ts/adapters/next.ts';
import { Tags } from '../../ts/adapters/next-tags.ts';
import type { Cache } from '../../ts/cache/cache.ts';
import { Child, killLeftovers, run } from '../harness/children.ts';
import { eventually } from '../harness/eventually.ts';
import { root, temporaryFolder } from '../harness/ringstone.ts';
import { openCache, putStranger } from './support.ts';

const BUILD_TIMEOUT_MS = 300_000;

let cache: Cache;
let stranger: () => string | undefined;
let errors: unknown[];

beforeEach(() => {
  cache = openCache();
  stranger = putStranger(cache);
  errors = [];
});

afterEach(() => {
  expect(stranger()).toBe('untouched');
  cache.close();
});

const options = (): NextCacheOptions => ({ cache, onError: error => errors.push(error) });

describe('cacheHandler', () => {
  const PAGE = { kind: 'APP_PAGE' };
  const page = (tags = '') => ({
    kind: 'APP_PAGE',
    html: '<p>',
    rscData: Buffer.from([1, 255]),
    segmentData: new Map([['/a', Buffer.from('b')]]),
    headers: { 'x-next-cache-tags': tags },
    status: undefined,
  });
  const open = (context?: { revalidatedTags: string[] }): IncrementalCacheHandler =>
    new (createCacheHandler(options()))(context);

  test('has the type that Next.js declares', () => {
    const declared: typeof CacheHandler = createCacheHandler(options()) as unknown as typeof CacheHandler;
    const mine: Pick<IncrementalCacheHandler, keyof CacheHandler> = open();
    expect([typeof declared, typeof mine.get]).toEqual(['function', 'function']);
  });

  test('a page comes back as it was, to every handler of the process', async () => {
    const cacheControl = { revalidate: 60, expire: 3600 };
    await open().set('/index', page(), { cacheControl });
    const found = await open().get('/index', PAGE);
    expect(found).toEqual({ value: page(), lastModified: expect.any(Number), cacheControl });
    expect(Math.abs((found?.lastModified ?? 0) - Date.now())).toBeLessThan(60_000);
    expect(cache.ttl('next:i:/index')).toBeLessThanOrEqual(3_600_000);
    expect(await open().get('/other', PAGE)).toBeNull();
  });

  test('a page that is not found is kept as such', async () => {
    await open().set('/gone', null, {});
    expect(await open().get('/gone', PAGE)).toEqual({ value: null, lastModified: expect.any(Number) });
  });

  test('revalidated tags expire at once what has them, and nothing that is made later', async () => {
    const handler = open();
    await handler.set('/a', page('x,clock'), {});
    await handler.set('/b', page('x'), {});
    await handler.set('fetch', { kind: 'FETCH' }, { tags: ['clock'] });
    await handler.revalidateTag(['clock', 'unknown']);
    expect(await handler.get('/a', PAGE)).toBeNull();
    expect(await handler.get('/b', PAGE)).not.toBeNull();
    expect(await handler.get('fetch', { kind: 'FETCH' })).toBeNull();
    await handler.set('/a', page('clock'), {});
    expect(await handler.get('/a', PAGE)).not.toBeNull();
  });

  test('tags of the reader count as well', async () => {
    await open().set('fetch', { kind: 'FETCH' }, {});
    await open().revalidateTag('_N_T_/blog');
    expect(await open().get('fetch', { kind: 'FETCH', softTags: ['_N_T_/blog'] })).toBeNull();
    expect(await open().get('fetch', { kind: 'FETCH', tags: ['_N_T_/blog'] })).toBeNull();
    expect(await open().get('fetch', { kind: 'FETCH', tags: ['other'] })).not.toBeNull();
    expect(await open({ revalidatedTags: ['other'] }).get('fetch', { kind: 'FETCH', tags: ['other'] })).toBeNull();
  });

  test('what a profile makes stale is answered so that Next.js makes it anew', async () => {
    const handler = open();
    await handler.set('fetch', { kind: 'FETCH' }, { tags: ['clock'] });
    await handler.set('/timed', page('clock'), { cacheControl: { revalidate: 60, expire: 3600 } });
    await handler.set('/for-ever', page('clock'), { cacheControl: { revalidate: false } });
    await handler.revalidateTag('clock', { expire: 100 });
    expect(await handler.get('fetch', { kind: 'FETCH' })).toEqual({ value: { kind: 'FETCH' }, lastModified: 0 });
    const timed = await handler.get('/timed', PAGE);
    expect(timed?.lastModified).toBeLessThan(Date.now() - 59_000);
    expect(timed?.lastModified).toBeGreaterThan(Date.now() - 3_000_000);
    expect(await handler.get('/for-ever', PAGE)).toEqual({ value: page('clock'), lastModified: -1 });
  });

  test('a long key is kept', async () => {
    const key = 'x'.repeat(100_000);
    await open().set(key, page(), {});
    expect(await open().get(key, PAGE)).not.toBeNull();
    expect(await open().get(`${key}y`, PAGE)).toBeNull();
    expect(errors).toEqual([]);
  });

  test('errors are told and are misses', async () => {
    await open().set('large', { kind: 'FETCH', data: 'x'.repeat(9 * 1024 * 1024) } as never, {});
    cache.set('next:i:foreign', 'bytes of a network client');
    expect(await open().get('foreign', PAGE)).toBeNull();
    expect(errors).toEqual([
      expect.objectContaining({ code: 'RINGSTONE_TOO_LARGE' }),
      expect.objectContaining({ code: 'RINGSTONE_WRONG_CODEC' }),
    ]);
  });
});

describe('cacheHandlers', () => {
  const streamOf = (...chunks: string[]) =>
    new ReadableStream<Uint8Array>({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(Buffer.from(chunk));
        controller.close();
      },
    });
  const entryOf = (changes: Partial<CacheEntry> = {}): CacheEntry => ({
    value: streamOf('one ', 'two'),
    tags: [],
    stale: 30,
    timestamp: performance.timeOrigin + performance.now(),
    expire: 3600,
    revalidate: 60,
    ...changes,
  });
  const text = async (entry: CacheEntry | undefined) => entry && new Response(entry.value).text();
  const open = () => createUseCacheHandler(options());

  test('an entry comes back as it was, each time with a stream of its own', async () => {
    const { value: _, ...rest } = entryOf({ tags: ['a'] });
    await open().set('key', Promise.resolve({ ...rest, value: streamOf('one ', 'two') }));
    const handler = open();
    for (let round = 0; round < 2; round++) {
      const found = await handler.get('key', []);
      expect(found).toMatchObject(rest);
      expect(await text(found)).toBe('one two');
    }
    expect(await handler.get('other', [])).toBeUndefined();
    expect(cache.ttl('next:u:key')).toBeLessThanOrEqual(3_600_000);
    await handler.refreshTags();
    expect(await handler.getExpiration(['a'])).toBe(Infinity);
  });

  test('who reads what is being made waits for it', async () => {
    const handler = open();
    let finish: (entry: CacheEntry) => void = () => undefined;
    const written = handler.set('key', new Promise(resolve => (finish = resolve)));
    const read = handler.get('key', []);
    finish(entryOf());
    expect(await text(await read)).toBe('one two');
    await written;
  });

  test('tags and tags of the route expire it; a profile has it made anew', async () => {
    const handler = open();
    await handler.set('key', Promise.resolve(entryOf({ tags: ['a'] })));
    await handler.updateTags(['a'], { expire: 100 });
    expect(await handler.get('key', [])).toMatchObject({ revalidate: -1, expire: 3600 });
    await handler.updateTags(['_N_T_/']);
    expect(await handler.get('key', [])).toBeDefined();
    expect(await handler.get('key', ['_N_T_/'])).toBeUndefined();
    await open().updateTags(['a']);
    expect(await handler.get('key', [])).toBeUndefined();
  });

  test('a tag that is revalidated while an entry is made expires it', async () => {
    const handler = open();
    const entry = entryOf({ tags: ['a'] });
    await handler.updateTags(['a']);
    await handler.set('key', Promise.resolve(entry));
    expect(await handler.get('key', [])).toBeUndefined();
  });

  test('nothing is kept of what expires at once, breaks off or fails', async () => {
    const handler = open();
    await handler.set('now', Promise.resolve(entryOf({ expire: 0 })));
    const broken = new ReadableStream<Uint8Array>({ pull: controller => controller.error(new Error('broke off')) });
    await handler.set('broken', Promise.resolve(entryOf({ value: broken })));
    await handler.set('failed', Promise.reject(new Error('failed')));
    for (const key of ['now', 'broken', 'failed']) expect(await handler.get(key, [])).toBeUndefined();
    expect(errors.map(String)).toEqual(['Error: broke off', 'Error: failed']);
  });

  test('what never expires has the default of the cache', async () => {
    await open().set('key', Promise.resolve(entryOf({ expire: 0xfffffffe })));
    expect(cache.ttl('next:u:key')).toBe(Infinity);
  });

  test('it shares its tags with cacheHandler', async () => {
    const handler = open();
    await handler.set('key', Promise.resolve(entryOf({ tags: ['a'] })));
    await new (createCacheHandler(options()))().revalidateTag('a');
    expect(await handler.get('key', [])).toBeUndefined();
  });
});

describe('tags', () => {
  const now = () => performance.timeOrigin + performance.now();

  test('a deadline that has passed expires what was stale, and not what was made since', () => {
    const tags = new Tags(cache.name, 'p:');
    const before = now();
    tags.revalidate(['a'], { expire: 0.001 });
    const after = now();
    expect(tags.state(['a'], after)).toBe('fresh');
    while (now() < after + 2);
    expect(tags.state(['a'], before)).toBe('expired');
    expect(tags.state(['a'], after)).toBe('fresh');
    // A later mark does not bring back what had expired.
    tags.revalidate(['a'], { expire: 100 });
    expect(tags.state(['a'], before)).toBe('expired');
    expect(tags.state(['a'], after)).toBe('stale');
    tags.close();
  });

  test('an expired tag stays so when it is marked as stale', () => {
    const tags = new Tags(cache.name, 'p:');
    const before = now();
    tags.revalidate(['a']);
    tags.revalidate(['a'], { expire: 100 });
    expect(tags.state(['a'], before)).toBe('expired');
    expect(tags.state(['b'], before)).toBe('fresh');
    tags.close();
  });

  test('prefixes are apart', () => {
    const [a, b] = [new Tags(cache.name, 'a:'), new Tags(cache.name, 'b:')];
    const before = now();
    a.revalidate(['x']);
    expect([a.state(['x'], before), b.state(['x'], before)]).toEqual(['expired', 'fresh']);
    a.close();
    b.close();
  });

  test('when there are too many, everything that was made until then has expired', () => {
    const tags = new Tags(cache.name, 'p:');
    const before = now();
    const long = 'x'.repeat(4000);
    for (let round = 0; tags.state(['none of them'], before) === 'fresh'; round++) {
      expect(round).toBeLessThan(100);
      tags.revalidate(Array.from({ length: 100 }, (_, index) => `${long}${round}:${index}`));
    }
    expect(tags.state(['none of them'], before)).toBe('expired');
    expect(tags.state(['none of them'], now())).toBe('fresh');
    tags.revalidate(['after']);
    expect(tags.state(['after'], now())).toBe('fresh');
    tags.close();
  });
});

describe('an application', () => {
  const folder = temporaryFolder();
  const env = { ...process.env, RINGSTONE_DIST: pathToFileURL(join(root, 'dist')).href, NEXT_TELEMETRY_DISABLED: '1' };
  const next = join(root, 'node_modules', 'next', 'dist', 'bin', 'next');
  let server: Child;
  let base: string;
  let asked = 0;
  const origin = createServer((_, response) => {
    asked += 1;
    response.end(`asked:${asked}`);
  });
  let originUrl: string;

  beforeAll(async () => {
    cpSync(join(root, 'test', 'adapters', 'next-app'), folder.path, { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(folder.path, 'node_modules'));
    // With webpack: Turbopack does not follow links out of the folder.
    const built = await run(process.execPath, [next, 'build', '--webpack'], { cwd: folder.path, env });
    if (built.code !== 0) throw new Error(built.stdout + built.stderr);
    origin.listen(0, '127.0.0.1');
    await once(origin, 'listening');
    originUrl = `http://127.0.0.1:${(origin.address() as AddressInfo).port}/`;
    const args = [next, 'start', '--hostname', '127.0.0.1', '--port', '0'];
    server = new Child(process.execPath, args, { cwd: folder.path, env: { ...env, SERVE_CACHE: '1' } });
    base = await server.waitFor('it serves', ({ stdout }) => /Local:\s+(\S+)[\s\S]*Ready in/.exec(stdout)?.[1]);
  }, BUILD_TIMEOUT_MS);

  afterAll(async () => {
    origin.closeAllConnections();
    origin.close();
    await killLeftovers();
    await folder.remove();
  });

  const get = async (path: string) => {
    const response = await fetch(base + path);
    const body = await response.text();
    if (response.status !== 200) throw new Error(`${response.status}: ${body}\n${server.stderr}`);
    return body;
  };
  const made = async () => /made:(\d+)/.exec(await get('/'))?.[1];
  const data = () => get(`/data?origin=${originUrl}`);

  test('a page is answered from the cache, and its parts are in it', async () => {
    const first = await made();
    expect(first).toBeDefined();
    expect(await made()).toBe(first);
    const address = await server.waitFor('the cache is served', ({ stdout }) => /cache at (\S+)/.exec(stdout)?.[1]);
    const keys = await keysAt(address);
    expect(keys.filter(key => key.startsWith('next:u:'))).not.toEqual([]);
    expect(keys.filter(key => key.startsWith('next:i:') && key.includes('/index'))).not.toEqual([]);
    expect(server.stderr).not.toMatch(/RINGSTONE/);
  });

  test('revalidateTag has it made anew, for all requests after it', async () => {
    const before = await made();
    await get('/revalidate?tag=clock');
    const after = await made();
    expect(after).not.toBe(before);
    expect(await made()).toBe(after);
  });

  test('revalidatePath as well', async () => {
    const before = await made();
    await get('/revalidate?path=/');
    const after = await made();
    expect(after).not.toBe(before);
    expect(await made()).toBe(after);
  });

  test('with a profile it is answered once more while it is made anew', async () => {
    const before = await made();
    await get('/revalidate?tag=clock&profile=max');
    expect(await made()).toBe(before);
    await eventually('a new page', async () => ((await made()) === before ? undefined : true));
  });

  test('fetch is answered from the cache, until its tag is revalidated', async () => {
    expect(await data()).toBe('asked:1');
    expect(await data()).toBe('asked:1');
    await get('/revalidate?tag=origin');
    expect(await data()).toBe('asked:2');
    expect(await data()).toBe('asked:2');
    await get('/revalidate?tag=origin&profile=max');
    expect(await data()).toBe('asked:2');
    await eventually('a new answer', async () => ((await data()) === 'asked:2' ? undefined : true));
  });
});

/** All keys of a served cache. */
async function keysAt(address: string): Promise<string[]> {
  const { Redis } = await import('ioredis');
  const redis = new Redis(`redis://${address}`);
  try {
    return await redis.keys('*');
  } finally {
    redis.disconnect();
  }
}
