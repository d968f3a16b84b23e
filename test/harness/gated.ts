/** Caches of one thread with a loader whose runs the test ends. */
import { afterEach } from '@jest/globals';
import { Cache, type LoadError, type LoaderOptions } from '../../ts/index.ts';
import { eventually } from './eventually.ts';
import { Gate } from './gate.ts';
import { LONG_MS } from './served.ts';

let opened = 0;
const caches: Cache[] = [];

/** Closes what was opened, after each test. */
export function closeAfterEach(): void {
  afterEach(() => {
    for (const cache of caches.splice(0)) cache.close();
  });
}

/** A cache of its own. */
export function open(options = {}): Cache {
  opened += 1;
  return reopen(`loader ${opened}`, { maxMemory: '8mb', ...options });
}

/** Another opening. */
export function reopen(name: string, options = {}): Cache {
  const cache = Cache.open({ name, ...options });
  caches.push(cache);
  return cache;
}

/** A cache with a loader of all keys that begin with `k`. */
export function gated(options: LoaderOptions = {}) {
  const cache = open();
  const gate = new Gate();
  const loader = cache.loader('k', gate.load, { timeout: LONG_MS, ...options });
  const fetch = async (key = 'k', more = {}) => (await cache.fetch(key, more))?.toString();
  const waiting = (count: number) =>
    eventually(`${count} wait`, () => (loader.stats().waiting === count ? true : undefined));
  return { cache, gate, loader, fetch, waiting };
}

/** Why a promise was rejected. */
export const failure = (promise: Promise<unknown>) =>
  promise.then(
    value => {
      throw new Error(`it gave ${String(value)}`);
    },
    (error: LoadError) => error,
  );
