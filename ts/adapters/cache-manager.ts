/**
 * cache-manager on a Ringstone cache: `createCache({ stores: [createStore({ cache: { name: 'app' } })] })`.
 *
 * @module
 */
import { EventEmitter } from 'node:events';
import type { CreateCacheOptions } from 'cache-manager';
import type { Cache } from '../cache/cache.ts';
import type { Codec } from '../cache/codec.ts';
import { type AdapterOptions, checkAdapter, joinValues, keyBatches, removeAll } from './source.ts';

export type { AdapterOptions, CacheSource } from './source.ts';

/** Options of `createStore`. */
export interface StoreOptions extends AdapterOptions {
  /** Milliseconds that items live which are written without a TTL; by default as the cache says. */
  readonly ttl?: number | undefined;
  /** How values become bytes: `'v8'`, the default, keeps dates, maps and buffers; `'json'` is readable to others. */
  readonly codec?: 'json' | 'v8' | Codec<unknown> | undefined;
}

/** What cache-manager takes as a store: a `Keyv` by type. */
export type Store = NonNullable<CreateCacheOptions['stores']>[number];

/** A value with when it expires, in milliseconds since 1970. */
export interface RawValue {
  readonly value: unknown;
  readonly expires?: number;
}

/** An item of `setMany`; `ttl` in milliseconds. */
export interface StoreItem {
  readonly key: string;
  readonly value: unknown;
  readonly ttl?: number | undefined;
}

/** What keys begin with unless told otherwise. */
const PREFIX = 'cache-manager:';

/**
 * What cache-manager calls on a `Keyv`, straight on a cache: values are encoded once, and times to live are the cache's
 * own. Where a real `Keyv` is wanted, with its hooks and compression, take `ringstone/keyv` as its store.
 */
export class RingstoneStore extends EventEmitter {
  readonly #cache: Cache<unknown, unknown>;
  readonly #prefix: string;
  readonly #ttl: number | undefined;

  /** @throws RingstoneError what `Cache.open` throws */
  constructor(options: StoreOptions = {}) {
    super();
    checkAdapter('a store of cache-manager', options, ['ttl', 'codec']);
    this.#cache = joinValues(options.cache, options.codec ?? 'v8');
    this.#prefix = options.prefix ?? PREFIX;
    this.#ttl = options.ttl;
  }

  /**
   * The value; with `raw`, when it expires as well.
   *
   * @throws RingstoneError `RINGSTONE_WRONG_CODEC` where somebody else wrote that key; cache-manager takes it as a miss
   */
  async get(key: string, options?: { raw?: boolean }): Promise<unknown> {
    const value = this.#cache.get(this.#prefix + key);
    if (value === undefined || !options?.raw) return value;
    const left = this.#cache.ttl(this.#prefix + key);
    const raw: RawValue = left === undefined || left === Infinity ? { value } : { value, expires: Date.now() + left };
    return raw;
  }

  /** As `get`, of several. */
  async getMany(keys: readonly string[]): Promise<unknown[]> {
    return this.#cache.mget(keys.map(key => this.#prefix + key));
  }

  /**
   * Writes.
   *
   * @param ttl milliseconds; 0 is for ever
   * @throws RingstoneError `RINGSTONE_TOO_LARGE`, `RINGSTONE_OUT_OF_MEMORY`, and what the codec throws
   */
  async set(key: string, value: unknown, ttl?: number): Promise<boolean> {
    this.#write(key, value, ttl);
    return true;
  }

  /** As `set`, of several. */
  async setMany(items: readonly StoreItem[]): Promise<boolean[]> {
    for (const { key, value, ttl } of items) this.#write(key, value, ttl);
    return items.map(() => true);
  }

  /** Whether there was one. */
  async delete(key: string): Promise<boolean> {
    return this.#cache.delete(this.#prefix + key);
  }

  /** Whether there were all of them. */
  async deleteMany(keys: readonly string[]): Promise<boolean> {
    return keys.filter(key => this.#cache.delete(this.#prefix + key)).length === keys.length;
  }

  /** Whether there is one. */
  async has(key: string): Promise<boolean> {
    return this.#cache.has(this.#prefix + key);
  }

  /** Removes all of this store's prefix. */
  async clear(): Promise<void> {
    await removeAll(this.#cache, this.#prefix);
  }

  /** Keys with their values. */
  async *iterator(): AsyncGenerator<[string, unknown], void> {
    for await (const keys of keyBatches(this.#cache, this.#prefix)) {
      const values = this.#cache.mget(keys);
      for (const [index, key] of keys.entries()) {
        if (values[index] !== undefined) yield [key.slice(this.#prefix.length), values[index]];
      }
    }
  }

  /** Lets the cache go. */
  async disconnect(): Promise<void> {
    this.#cache.close();
  }

  #write(key: string, value: unknown, ttl = this.#ttl): void {
    // A time that is over already, as the `ttl` function of `wrap` may give.
    if (ttl !== undefined && ttl < 0) this.#cache.delete(this.#prefix + key);
    else this.#cache.set(this.#prefix + key, value, { ttl });
  }
}

/**
 * A store for cache-manager 6 and 7, which declare that they take a `Keyv` and use of it what `RingstoneStore` has.
 *
 * @example
 * const cache = createCache({ stores: [createStore({ cache: { name: 'app' }, ttl: 60_000 })] });
 * await cache.wrap('user:1', () => readUser(1));
 *
 * @throws RingstoneError what `Cache.open` throws
 */
export function createStore(options: StoreOptions = {}): Store {
  return new RingstoneStore(options) as unknown as Store;
}
