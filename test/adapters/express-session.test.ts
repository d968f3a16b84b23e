/** The session store through Express, over HTTP and with cookies. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import express from 'express';
import session, { type SessionData } from 'express-session';
import { SessionStore, type SessionStoreOptions } from '../../ts/adapters/express-session.ts';
import type { Cache } from '../../ts/cache/cache.ts';
import { eventually } from '../harness/eventually.ts';
import { openCache, putStranger } from './support.ts';

declare module 'express-session' {
  interface SessionData {
    visits?: number;
  }
}

let cache: Cache;
let stranger: () => string | undefined;
const servers: Server[] = [];

beforeEach(() => {
  cache = openCache();
  stranger = putStranger(cache);
});

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
  cache.close();
});

/** An application that counts a session's visits. */
async function serve(options: SessionStoreOptions = {}, cookie: session.CookieOptions = {}, rolling = false) {
  const store = new SessionStore({ cache, ...options });
  const app = express();
  app.use(session({ store, secret: 'for tests', resave: false, saveUninitialized: false, rolling, cookie }));
  app.get('/visit', ({ session: mine }, response) => {
    mine.visits = (mine.visits ?? 0) + 1;
    response.json({ visits: mine.visits, id: mine.id });
  });
  app.get('/look', ({ session: mine }, response) => {
    response.json({ visits: mine.visits ?? 0 });
  });
  app.get('/login', (request, response, next) => {
    request.session.regenerate(error => (error ? next(error) : response.json({ id: request.session.id })));
  });
  app.get('/leave', ({ session: mine }, response, next) => {
    mine.destroy(error => (error ? next(error) : response.json({})));
  });
  const server = app.listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { store, browser: () => browserOf(`http://127.0.0.1:${port}`) };
}

/** Somebody who keeps cookies. */
function browserOf(base: string) {
  let cookie = '';
  return async (path: string) => {
    const response = await fetch(base + path, { headers: cookie ? { cookie } : {} });
    const [set] = response.headers.getSetCookie();
    if (set) cookie = set.split(';', 1)[0] ?? '';
    return { status: response.status, ...((await response.json()) as { visits?: number; id?: string }) };
  };
}

/** What a store's method tells its callback. */
const told = <T>(call: (callback: (error?: unknown, result?: T | null) => void) => void) =>
  new Promise<T | null | undefined>((resolve, reject) => {
    call((error, result) => (error ? reject(error) : resolve(result)));
  });

const sessionOf = (values: object = {}): SessionData =>
  ({ cookie: { originalMaxAge: null }, ...values }) as unknown as SessionData;

describe('over HTTP', () => {
  test('a session lasts from request to request, and everybody has their own', async () => {
    const { browser } = await serve();
    const ada = browser();
    const bob = browser();
    expect(await ada('/visit')).toMatchObject({ visits: 1 });
    expect(await ada('/visit')).toMatchObject({ visits: 2 });
    expect(await bob('/visit')).toMatchObject({ visits: 1 });
    expect(await ada('/look')).toMatchObject({ visits: 2 });
  });

  test('it is JSON under its id, as other programs expect it', async () => {
    const { browser } = await serve();
    const { id } = await browser()('/visit');
    expect(JSON.parse(cache.getString(`sess:${id}`) ?? '')).toMatchObject({ visits: 1, cookie: { path: '/' } });
  });

  test('a second server of the process knows it', async () => {
    const { browser, store } = await serve();
    const { id = '' } = await browser()('/visit');
    const second = new SessionStore({ cache: { name: cache.name } });
    expect(await told<SessionData>(back => second.get(id, back))).toMatchObject({ visits: 1 });
    second.close();
    expect(await told<SessionData>(back => store.get(id, back))).toMatchObject({ visits: 1 });
  });

  test('regenerate gives a new id and forgets the old one', async () => {
    const { browser } = await serve();
    const ada = browser();
    const { id: before } = await ada('/visit');
    const { id: after } = await ada('/login');
    expect(after).not.toBe(before);
    expect(cache.has(`sess:${before}`)).toBe(false);
    expect(await ada('/visit')).toMatchObject({ visits: 1 });
  });

  test('destroy ends it', async () => {
    const { browser } = await serve();
    const ada = browser();
    const { id } = await ada('/visit');
    await ada('/leave');
    expect(cache.has(`sess:${id}`)).toBe(false);
    expect(await ada('/visit')).toMatchObject({ visits: 1 });
  });

  test('without an end of its cookie it lives as the store says', async () => {
    const { browser } = await serve({ ttl: 60_000 });
    const { id } = await browser()('/visit');
    expect(cache.ttl(`sess:${id}`)).toBeGreaterThan(50_000);
    expect(cache.ttl(`sess:${id}`)).toBeLessThanOrEqual(60_000);
  });

  test('its cookie says how long it lives, and a look makes it live on', async () => {
    const { browser } = await serve({}, { maxAge: 90_000 });
    const ada = browser();
    const { id } = await ada('/visit');
    expect(cache.ttl(`sess:${id}`)).toBeGreaterThan(80_000);
    cache.touch(`sess:${id}`, 10_000);
    await ada('/look');
    expect(cache.ttl(`sess:${id}`)).toBeGreaterThan(80_000);
  });

  test('with disableTouch a look changes nothing', async () => {
    const { browser } = await serve({ disableTouch: true }, { maxAge: 90_000 });
    const ada = browser();
    const { id } = await ada('/visit');
    cache.touch(`sess:${id}`, 10_000);
    await ada('/look');
    expect(cache.ttl(`sess:${id}`)).toBeLessThanOrEqual(10_000);
  });

  test('an expired session is a new one', async () => {
    const { browser } = await serve({}, { maxAge: 90_000 });
    const ada = browser();
    const { id } = await ada('/visit');
    cache.touch(`sess:${id}`, 1);
    await eventually('it has expired', () => (cache.has(`sess:${id}`) ? undefined : true));
    expect(await ada('/visit')).toMatchObject({ visits: 1 });
  });

  test('an error of the store is one of the request', async () => {
    const { browser } = await serve();
    const ada = browser();
    const { id } = await ada('/visit');
    cache.set(`sess:${id}`, 'no JSON');
    const { status } = await ada('/look').catch(() => ({ status: 500 }));
    expect(status).toBe(500);
  });
});

describe('the store alone', () => {
  test('lists, counts and removes its sessions only', async () => {
    const store = new SessionStore({ cache });
    for (const id of ['a', 'b', 'c']) await told(back => store.set(id, sessionOf({ visits: 1 }), back));
    expect((await told<string[]>(back => store.ids(back)))?.sort()).toEqual(['a', 'b', 'c']);
    expect(await told<number>(back => store.length(back))).toBe(3);
    expect(await told<object[]>(back => store.all(back))).toEqual(
      expect.arrayContaining([expect.objectContaining({ id: 'b', visits: 1 })]),
    );
    await told(back => store.clear(back));
    expect(await told<number>(back => store.length(back))).toBe(0);
    expect(stranger()).toBe('untouched');
  });

  test('a session of the past is removed', async () => {
    const store = new SessionStore({ cache });
    await told(back => store.set('a', sessionOf(), back));
    await told(back => store.set('a', sessionOf({ cookie: { expires: new Date(0) } }), back));
    expect(cache.has('sess:a')).toBe(false);
    await told(back => store.set('b', sessionOf(), back));
    await told(back => store.touch('b', sessionOf({ cookie: { expires: new Date(0).toISOString() } }), back));
    expect(cache.has('sess:b')).toBe(false);
  });

  test('the time to live may depend on the session', async () => {
    const store = new SessionStore({ cache, prefix: 's:', ttl: ({ visits = 0 }) => visits * 1000 });
    await told(back => store.set('a', sessionOf({ visits: 30 }), back));
    expect(cache.ttl('s:a')).toBeLessThanOrEqual(30_000);
    expect(cache.ttl('s:a')).toBeGreaterThan(20_000);
  });

  test('callbacks come later and need not be given', async () => {
    const store = new SessionStore({ cache });
    let later = false;
    const read = told(back => store.get('absent', back)).then(found => [found, later]);
    later = true;
    expect(await read).toEqual([undefined, true]);
    store.set('a', sessionOf());
    store.touch('a', sessionOf());
    store.destroy('a');
    store.clear();
    expect(cache.has('sess:a')).toBe(false);
  });

  test('after close everything is an error', async () => {
    const store = new SessionStore({ cache });
    store.close();
    await expect(told(back => store.get('a', back))).rejects.toMatchObject({ code: 'RINGSTONE_CLOSED' });
    await expect(told(back => store.set('a', sessionOf(), back))).rejects.toMatchObject({ code: 'RINGSTONE_CLOSED' });
  });
});
