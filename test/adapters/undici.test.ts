/** The store through undici's cache interceptor, against a real HTTP server, and by itself. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Agent, interceptors, request } from 'undici';
import {
  type CacheKey,
  type CacheStoreOptions,
  type CacheValue,
  RingstoneCacheStore,
} from '../../ts/adapters/undici.ts';
import type { Cache } from '../../ts/cache/cache.ts';
import { eventually } from '../harness/eventually.ts';
import { openCache, putStranger } from './support.ts';

let cache: Cache;
let stranger: () => string | undefined;
const ends: (() => Promise<void>)[] = [];

beforeEach(() => {
  cache = openCache();
  stranger = putStranger(cache);
});

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  cache.close();
});

async function serve(handler: (request: IncomingMessage, response: ServerResponse, count: number) => void) {
  let count = 0;
  const server: Server = createServer((asked, response) => {
    count += 1;
    handler(asked, response, count);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => count };
}

function client(options: CacheStoreOptions = {}) {
  const store = new RingstoneCacheStore({ cache, ...options });
  const agent = new Agent().compose(interceptors.cache({ store, methods: ['GET', 'HEAD'] }));
  ends.push(() => agent.close());
  return async (url: string, init: { method?: string; headers?: Record<string, string> } = {}) => {
    const { statusCode, headers, body } = await request(url, { dispatcher: agent, ...init } as Parameters<
      typeof request
    >[1]);
    return { status: statusCode, headers, text: await body.text() };
  };
}

describe('over HTTP', () => {
  test('a response is answered from the cache, in every agent of the process', async () => {
    const { url, asked } = await serve((_, response, count) => {
      response.setHeader('cache-control', 'public, max-age=60').setHeader('x-list', ['a', 'b']).end(`answer ${count}`);
    });
    const [first, second] = [client(), client({ cache: { name: cache.name } })];
    expect(await first(url)).toMatchObject({ status: 200, text: 'answer 1' });
    const again = await first(url);
    expect(again).toMatchObject({ status: 200, text: 'answer 1', headers: { 'x-list': ['a', 'b'] } });
    expect(again.headers['age']).toBeDefined();
    expect((await second(url)).text).toBe('answer 1');
    expect(asked()).toBe(1);
    expect(stranger()).toBe('untouched');
  });

  test('what may not be kept is not', async () => {
    const { url, asked } = await serve((_, response, count) => {
      response.setHeader('cache-control', 'no-store').end(`answer ${count}`);
    });
    const get = client();
    await get(url);
    expect((await get(url)).text).toBe('answer 2');
    expect(asked()).toBe(2);
    expect(cache.size).toBe(1);
  });

  test('paths and methods are apart', async () => {
    const { url } = await serve((asked, response) => {
      response.setHeader('cache-control', 'max-age=60').setHeader('x-method', String(asked.method)).end(asked.url);
    });
    const get = client();
    expect((await get(`${url}/a`)).text).toBe('/a');
    expect((await get(`${url}/a?b=1`)).text).toBe('/a?b=1');
    expect((await get(`${url}/a`, { method: 'HEAD' })).headers['x-method']).toBe('HEAD');
    expect((await get(`${url}/a`)).headers['x-method']).toBe('GET');
  });

  test('it varies by the headers that the server names', async () => {
    const { url, asked } = await serve((asking, response) => {
      response.setHeader('cache-control', 'max-age=60').setHeader('vary', 'Accept-Language');
      response.end(asking.headers['accept-language'] ?? 'none');
    });
    const get = client();
    const languages = ['de', 'en', 'fr'];
    for (let round = 0; round < 2; round++) {
      for (const language of languages) {
        expect((await get(url, { headers: { 'accept-language': language } })).text).toBe(language);
      }
      expect((await get(url)).text).toBe('none');
    }
    expect(asked()).toBe(4);
  });

  test('an etag revalidates, and the kept body is answered', async () => {
    const states: (string | undefined)[] = [];
    const { url } = await serve((asking, response) => {
      states.push(asking.headers['if-none-match']);
      response.setHeader('etag', '"one"');
      if (asking.headers['if-none-match'] === '"one"') response.writeHead(304).end();
      else response.setHeader('cache-control', 'max-age=60').end('body '.repeat(1000));
    });
    const get = client();
    await get(url);
    const again = await get(url, { headers: { 'cache-control': 'no-cache' } });
    expect(again).toMatchObject({ status: 200, text: 'body '.repeat(1000) });
    expect(states).toEqual([undefined, '"one"']);
    expect((await get(url)).text).toBe('body '.repeat(1000));
    expect(states).toHaveLength(2);
  });

  test('a write to a URL forgets what was read of it', async () => {
    const { url, asked } = await serve((_, response, count) => {
      response.setHeader('cache-control', 'max-age=60').end(`answer ${count}`);
    });
    const get = client();
    await get(url);
    await get(url, { method: 'POST' });
    expect((await get(url)).text).toBe('answer 3');
    expect(asked()).toBe(3);
  });

  test('large bodies and no body', async () => {
    const bytes = 'x'.repeat(1024 * 1024);
    const { url, asked } = await serve((asking, response) => {
      response.setHeader('cache-control', 'max-age=60').end(asking.url === '/large' ? bytes : '');
    });
    const get = client();
    for (let round = 0; round < 2; round++) {
      expect((await get(`${url}/large`)).text).toHaveLength(bytes.length);
      expect((await get(`${url}/empty`)).text).toBe('');
    }
    expect(asked()).toBe(2);
  });

  test('a body that is too long is answered and not kept', async () => {
    const { url, asked } = await serve((_, response) => {
      response.setHeader('cache-control', 'max-age=60').end('x'.repeat(5000));
    });
    const get = client({ maxEntrySize: 4999 });
    for (let round = 0; round < 2; round++) expect((await get(url)).text).toHaveLength(5000);
    expect(asked()).toBe(2);
  });

  test('a response that breaks off is not kept', async () => {
    const { url } = await serve((_, response, count) => {
      response.setHeader('cache-control', 'max-age=60').setHeader('content-length', 10);
      if (count > 1) response.end('0123456789');
      else response.write('01234', () => response.destroy());
    });
    const get = client();
    await expect(get(url)).rejects.toThrow();
    expect((await get(url)).text).toBe('0123456789');
  });
});

describe('the store alone', () => {
  const now = () => Date.now();
  const keyOf = (changes: Partial<CacheKey> = {}): CacheKey => ({
    origin: 'http://localhost',
    path: '/',
    method: 'GET',
    headers: {},
    ...changes,
  });
  const responseOf = (changes: Partial<CacheValue> = {}): CacheValue => ({
    statusCode: 200,
    statusMessage: 'OK',
    headers: { foo: 'bar' },
    cacheControlDirectives: {},
    cachedAt: now(),
    staleAt: now() + 10_000,
    deleteAt: now() + 20_000,
    ...changes,
  });
  const write = async (stream: Writable | undefined, ...chunks: (string | Buffer)[]) => {
    if (!stream) throw new Error('it is not kept');
    for (const chunk of chunks) stream.write(chunk);
    stream.end();
    await once(stream, 'close');
  };
  const body = (result: { body: Buffer[] } | undefined) => result && Buffer.concat(result.body).toString();

  test('gives back all that it was given', async () => {
    const store = new RingstoneCacheStore({ cache });
    const value = responseOf({ etag: '"a"', cacheControlDirectives: { 'max-age': 5, 'no-cache': ['x'] } });
    expect(store.get(keyOf())).toBeUndefined();
    await write(store.createWriteStream(keyOf(), value), Buffer.from('asd'), '123');
    const result = store.get(structuredClone(keyOf()));
    expect(result).toMatchObject(value);
    expect(body(result)).toBe('asd123');
    expect(store.get(keyOf({ path: '/other' }))).toBeUndefined();
    expect(store.get(keyOf({ method: 'HEAD' }))).toBeUndefined();
  });

  test('a stale response is given until deleteAt, and its item lives as long', async () => {
    const store = new RingstoneCacheStore({ cache });
    const value = responseOf({ staleAt: now() - 1000, deleteAt: now() + 50_000 });
    await write(store.createWriteStream(keyOf(), value), 'stale');
    expect(body(store.get(keyOf()))).toBe('stale');
    for (const key of cache.scan({ match: 'undici:*' })) {
      expect(cache.ttl(key)).toBeGreaterThan(40_000);
      expect(cache.ttl(key)).toBeLessThanOrEqual(50_000);
    }
    expect(store.createWriteStream(keyOf(), responseOf({ deleteAt: now() - 1 }))).toBeUndefined();
    await write(store.createWriteStream(keyOf({ path: '/short' }), responseOf({ deleteAt: now() + 5 })), 'x');
    await eventually('it is gone', () => (store.get(keyOf({ path: '/short' })) ? undefined : true));
  });

  test('a newer response takes the place of an older one', async () => {
    const store = new RingstoneCacheStore({ cache });
    await write(store.createWriteStream(keyOf(), responseOf()), 'old');
    await write(store.createWriteStream(keyOf(), responseOf({ headers: { foo: 'baz' } })), 'new');
    expect(store.get(keyOf())).toMatchObject({ headers: { foo: 'baz' } });
    expect(body(store.get(keyOf()))).toBe('new');
  });

  test('values of headers may be lists or missing; other sets of headers are remembered', async () => {
    const store = new RingstoneCacheStore({ cache });
    const variants: [NonNullable<CacheKey['headers']>, NonNullable<CacheValue['vary']>, string][] = [
      [{ accept: ['a', 'b'] }, { accept: ['a', 'b'] }, 'list'],
      [{ accept: 'a' }, { accept: 'a' }, 'one'],
      [{}, { accept: null }, 'none'],
      [{ accept: 'a', cookie: 'c' }, { accept: 'a', cookie: 'c' }, 'both'],
    ];
    for (const [headers, vary, text] of variants) {
      await write(store.createWriteStream(keyOf({ headers }), responseOf({ vary })), text);
    }
    for (const [headers, , text] of variants) expect(body(store.get(keyOf({ headers })))).toBe(text);
    expect(store.get(keyOf({ headers: { accept: 'other' } }))).toBeUndefined();
  });

  test('sets of headers are bounded', async () => {
    const store = new RingstoneCacheStore({ cache });
    for (let index = 0; index < 20; index++) {
      const headers = { [`header${index}`]: 'x' };
      await write(store.createWriteStream(keyOf({ headers }), responseOf({ vary: headers })), String(index));
    }
    const resource = JSON.parse(cache.getString('undici:http://localhost/') ?? '') as { vary: string[][] };
    expect(resource.vary).toHaveLength(8);
    expect(body(store.get(keyOf({ headers: { header19: 'x' } })))).toBe('19');
  });

  test('delete forgets all of a URL and no other', async () => {
    const store = new RingstoneCacheStore({ cache });
    await write(store.createWriteStream(keyOf({ headers: { a: '1' } }), responseOf({ vary: { a: '1' } })), 'x');
    await write(store.createWriteStream(keyOf({ method: 'HEAD' }), responseOf()));
    await write(store.createWriteStream(keyOf({ path: '/other' }), responseOf()), 'other');
    store.delete(keyOf());
    expect(store.get(keyOf({ headers: { a: '1' } }))).toBeUndefined();
    expect(store.get(keyOf({ method: 'HEAD' }))).toBeUndefined();
    expect(body(store.get(keyOf({ path: '/other' })))).toBe('other');
    expect(() => store.delete('text' as never)).toThrow(TypeError);
  });

  test('a response that was invalidated while it was received is not kept', async () => {
    const store = new RingstoneCacheStore({ cache });
    const stream = store.createWriteStream(keyOf(), responseOf());
    stream?.write('old');
    store.delete(keyOf());
    await write(store.createWriteStream(keyOf(), responseOf()), 'new');
    await write(stream, 'er');
    expect(body(store.get(keyOf()))).toBe('new');
  });

  test('a long URL has a key as any other', async () => {
    const store = new RingstoneCacheStore({ cache });
    const path = `/${'x'.repeat(100_000)}`;
    await write(store.createWriteStream(keyOf({ path }), responseOf()), 'long');
    expect(body(store.get(keyOf({ path })))).toBe('long');
    expect(store.get(keyOf({ path: `${path}y` }))).toBeUndefined();
  });

  test('errors of the cache are told, and are misses', async () => {
    const errors: unknown[] = [];
    const store = new RingstoneCacheStore({ cache, maxEntrySize: Infinity, onError: error => errors.push(error) });
    await write(store.createWriteStream(keyOf(), responseOf()), Buffer.alloc(9 * 1024 * 1024));
    expect(store.get(keyOf())).toBeUndefined();
    cache.set('undici:http://localhost/foreign', 'bytes of a network client');
    expect(store.get(keyOf({ path: '/foreign' }))).toBeUndefined();
    store.close();
    expect(store.get(keyOf())).toBeUndefined();
    expect(store.createWriteStream(keyOf(), responseOf())).toBeUndefined();
    store.delete(keyOf());
    const closed = expect.objectContaining({ code: 'RINGSTONE_CLOSED' });
    expect(errors).toEqual([
      expect.objectContaining({ code: 'RINGSTONE_TOO_LARGE' }),
      expect.any(SyntaxError),
      closed,
      closed,
      closed,
    ]);
  });
});
