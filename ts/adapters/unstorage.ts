/**
 * unstorage on a Ringstone cache: `createStorage({ driver: ringstoneDriver({ cache: { name: 'app' } }) })`. The default
 * export is for configurations that name a driver by its module, as Nitro's do: `{ driver: 'ringstone/unstorage' }`.
 *
 * @module
 */
import type { Driver } from 'unstorage';
import type { Cache } from '../cache/cache.ts';
import { RingstoneError } from '../errors.ts';
import { type AdapterOptions, checkAdapter, joinBytes, keyBatches, removeAll } from './source.ts';

export type { AdapterOptions, CacheSource } from './source.ts';

/** Options of `ringstoneDriver`. */
export interface RingstoneDriverOptions extends AdapterOptions {
  /** SECONDS, as in unstorage's own drivers, that items live which are written without a `ttl`; by default as the cache says. */
  readonly ttl?: number | undefined;
}

/** What keys begin with unless told otherwise. */
const PREFIX = 'unstorage:';
const MS_PER_SECOND = 1000;

/** A value of `setItemRaw` as bytes. */
function toBytes(value: unknown): string | Uint8Array {
  if (typeof value === 'string' || value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  throw new RingstoneError('RINGSTONE_INVALID_ARGUMENT', 'a raw value is a string, an ArrayBuffer or a view of one');
}

/**
 * A driver. `ttl` in the options of a write is in SECONDS, as in unstorage's own drivers. Raw values are bytes: they are
 * kept as they are, and `getItemRaw` gives a Buffer. Its `getInstance` is the cache.
 *
 * @example
 * const storage = createStorage({ driver: ringstoneDriver({ cache: { name: 'app' } }) });
 * await storage.setItem('user:1', { name: 'Ada' }, { ttl: 60 });
 *
 * @throws RingstoneError what `Cache.open` throws
 */
export function ringstoneDriver(options: RingstoneDriverOptions = {}): Driver<RingstoneDriverOptions, Cache> {
  // Nitro hands over what chose the driver as well.
  checkAdapter('a driver of unstorage', options, ['ttl', 'driver']);
  const cache = joinBytes(options.cache);
  const prefix = options.prefix ?? PREFIX;
  const write = (key: string, value: string | Uint8Array, ttl: unknown = options.ttl) =>
    cache.set(prefix + key, value, { ttl: typeof ttl === 'number' ? ttl * MS_PER_SECOND : undefined });
  return {
    name: 'ringstone',
    options,
    getInstance: () => cache,
    hasItem: key => cache.has(prefix + key),
    getItem: key => cache.getString(prefix + key) ?? null,
    getItems: items => {
      const values = cache.mgetString(items.map(({ key }) => prefix + key));
      return items.map(({ key }, index) => ({ key, value: values[index] ?? null }));
    },
    getItemRaw: key => cache.get(prefix + key) ?? null,
    setItem: (key, value, { ttl }) => write(key, value, ttl),
    setItems: (items, common) => {
      for (const { key, value, options: own } of items) write(key, value, own?.['ttl'] ?? common?.['ttl']);
    },
    setItemRaw: (key, value, { ttl }) => write(key, toBytes(value), ttl),
    removeItem: key => {
      cache.delete(prefix + key);
    },
    getMeta: key => {
      const left = cache.ttl(prefix + key);
      if (left === undefined) return null;
      return left === Infinity ? {} : { ttl: Math.ceil(left / MS_PER_SECOND) };
    },
    // A mount point at the root has no base, whatever the types say.
    getKeys: async (base = '') => {
      const keys: string[] = [];
      for await (const batch of keyBatches(cache, prefix + base))
        keys.push(...batch.map(key => key.slice(prefix.length)));
      return keys;
    },
    clear: (base = '') => removeAll(cache, prefix + base),
    dispose: () => cache.close(),
  };
}

export default ringstoneDriver;
