/**
 * Keyv on a Ringstone cache: `new Keyv({ store: new KeyvRingstone({ cache: { name: 'app' } }) })`.
 *
 * @module
 */
import { EventEmitter } from 'node:events';
import type { Cache } from '../cache/cache.ts';
import { RingstoneError } from '../errors.ts';
import { type AdapterOptions, checkAdapter, joinBytes, keyBatches, removeAll } from './source.ts';

export type { AdapterOptions, CacheSource } from './source.ts';

/** An item of `KeyvRingstone.setMany`; `ttl` in milliseconds. */
export interface KeyvItem {
  readonly key: string;
  readonly value: unknown;
  readonly ttl?: number | undefined;
}

/** What keys begin with unless told otherwise. */
const PREFIX = 'keyv:';

/**
 * A storage adapter of Keyv 5 and 6, for one `Keyv` each (Keyv tells its adapter which namespace it clears).
 *
 * It speaks the contract that both versions know: times to live in milliseconds from now, a namespace that Keyv puts
 * before its keys. What Keyv has serialised is kept as it is, so that Redis and memcached clients read it too. An item
 * without a TTL lives as long as the cache's `defaultTtl` says.
 *
 * @example
 * const keyv = new Keyv({ store: new KeyvRingstone({ cache: { name: 'app', maxMemory: '256mb' } }) });
 * await keyv.set('user:1', { name: 'Ada' }, 5_000);
 */
export class KeyvRingstone extends EventEmitter {
  /** Keyv 5 iterates over stores of dialects that it knows; keys are laid out as in its Redis store. */
  readonly opts: { readonly dialect: 'redis'; readonly url: string };
  /** Set by Keyv 5, which puts `namespace:` before keys itself. Keyv 6 puts it before keys without telling. */
  declare namespace?: string | undefined;
  readonly #cache: Cache;
  readonly #prefix: string;

  /** @throws RingstoneError what `Cache.open` throws */
  constructor(options: AdapterOptions = {}) {
    super();
    checkAdapter('a store of Keyv', options);
    this.#cache = joinBytes(options.cache);
    this.#prefix = options.prefix ?? PREFIX;
    this.opts = { dialect: 'redis', url: `ringstone:${this.#cache.name}` };
  }

  /** What Keyv has serialised, which is a string whatever the type that it asks by; or `undefined`. */
  async get<Value = string>(key: string): Promise<Value | undefined> {
    return this.#cache.getString(this.#prefix + key) as Value | undefined;
  }

  /** As `get`, of several at once. */
  async getMany<Value = string>(keys: readonly string[]): Promise<(Value | undefined)[]> {
    return this.#cache.mgetString(keys.map(key => this.#prefix + key)) as (Value | undefined)[];
  }

  /**
   * Keeps what Keyv has serialised.
   *
   * @param ttl milliseconds
   * @throws RingstoneError `RINGSTONE_INVALID_ARGUMENT` where Keyv was told not to serialise, `RINGSTONE_TOO_LARGE`,
   *   `RINGSTONE_OUT_OF_MEMORY`
   */
  async set(key: string, value: unknown, ttl?: number): Promise<boolean> {
    if (typeof value !== 'string') {
      throw new RingstoneError(
        'RINGSTONE_INVALID_ARGUMENT',
        'only strings can be kept: leave serialisation to Keyv, or give it one',
      );
    }
    this.#cache.set(this.#prefix + key, value, { ttl });
    return true;
  }

  /** As `set`, of several; for each whether it was kept, and an `error` event where it was not. */
  // biome-ignore lint/suspicious/noExplicitAny: Keyv 5 declares that it wants nothing and Keyv 6 booleans, and both use them
  async setMany(items: readonly KeyvItem[]): Promise<any> {
    const results: boolean[] = [];
    for (const { key, value, ttl } of items) {
      try {
        results.push(await this.set(key, value, ttl));
      } catch (error) {
        this.emit('error', error);
        results.push(false);
      }
    }
    return results;
  }

  /** Whether there was one. Keyv calls it for each of several, for its versions differ in what they want told. */
  async delete(key: string): Promise<boolean> {
    return this.#cache.delete(this.#prefix + key);
  }

  /** Whether there is one. */
  async has(key: string): Promise<boolean> {
    return this.#cache.has(this.#prefix + key);
  }

  /** As `has`, of several. */
  async hasMany(keys: readonly string[]): Promise<boolean[]> {
    return keys.map(key => this.#cache.has(this.#prefix + key));
  }

  /** Removes the namespace, or all of this adapter's prefix where Keyv has none. */
  async clear(): Promise<void> {
    await removeAll(this.#cache, this.#under(this.namespace));
  }

  /** Keys, as Keyv gave them, with their values. An item that comes or goes meanwhile may be passed over. */
  async *iterator<Value = string>(namespace?: string): AsyncGenerator<(string | Awaited<Value> | undefined)[], void> {
    for await (const keys of keyBatches(this.#cache, this.#under(namespace))) {
      const values = this.#cache.mgetString(keys);
      for (const [index, key] of keys.entries()) {
        const value = values[index];
        if (value !== undefined) yield [key.slice(this.#prefix.length), value];
      }
    }
  }

  /** Lets the cache go. */
  async disconnect(): Promise<void> {
    this.#cache.close();
  }

  /** Keyv 5 puts one colon behind a namespace and Keyv 6 two. */
  #under(namespace: string | undefined): string {
    return namespace ? `${this.#prefix}${namespace}:` : this.#prefix;
  }
}
