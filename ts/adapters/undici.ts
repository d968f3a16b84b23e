/**
 * undici's HTTP cache on a Ringstone cache:
 * `new Agent().compose(interceptors.cache({ store: new RingstoneCacheStore({ cache: { name: 'app' } }) }))`.
 *
 * @module
 */
import { createHash, randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import type * as interceptor from 'undici/types/cache-interceptor.js';
import type { Cache } from '../cache/cache.ts';
import { type AdapterOptions, boundedKey, checkAdapter, joinBytes, warning } from './source.ts';

export type { AdapterOptions, CacheSource } from './source.ts';

/** What undici asks by. */
export type CacheKey = interceptor.default.CacheKey;
/** What undici keeps of a response, but for its body. */
export type CacheValue = interceptor.default.CacheValue;
/** A response as undici gets it back. */
export type CachedResponse = CacheValue & {
  readonly cacheControlDirectives: NonNullable<CacheValue['cacheControlDirectives']>;
  readonly body: Buffer[];
};

/** Options of `RingstoneCacheStore`. */
export interface CacheStoreOptions extends AdapterOptions {
  /** Bytes of the longest body that is kept: 5 MiB by default, and never more than the cache's `maxValueSize`. */
  readonly maxEntrySize?: number | undefined;
  /** Told of an error of the cache, after which there is a miss or a response is not kept. By default a warning of the process. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/**
 * What is kept of a URL: which request headers choose between its responses. The responses are items of their own, whose
 * keys have `id` in them, so that without this item, or with another one, none of them is found.
 */
interface Resource {
  readonly id: string;
  /** Sets of header names that responses varied by, the newest first. */
  readonly vary: readonly (readonly string[])[];
}

/** What keys begin with unless told otherwise. */
const PREFIX = 'undici:';
const LONGEST_BODY_BYTES = 5 * 1024 * 1024;
/** Sets of header names that are remembered of a URL; a response by yet another set crowds out the oldest. */
const VARY_SETS = 8;
/** Tries to write a URL's item that others write at the same time; after them the response is not kept. */
const WRITE_TRIES = 16;
const ID_BYTES = 9;
/** Bytes that tell how long the JSON before a body is. */
const HEAD_BYTES = 4;

type Headers = NonNullable<CacheKey['headers']>;

/** The key of a response: its URL's item, its method, and the values of the headers that it varies by. */
function responseKey(
  prefix: string,
  { id }: Resource,
  method: string,
  names: readonly string[],
  headers: Headers,
): string {
  const chosen = names.map(name => [name, headers[name] ?? null]);
  const digest = createHash('sha256')
    .update(JSON.stringify([method, chosen]))
    .digest('base64url');
  return `${prefix}#${id}:${digest}`;
}

/**
 * A cache store of undici 7 and 8. All threads of the process share what one of them fetched. A response lives until
 * undici may no longer use it (`deleteAt`); one that is invalidated while it is received is not kept.
 *
 * @example
 * const store = new RingstoneCacheStore({ cache: { name: 'app' } });
 * const agent = new Agent().compose(interceptors.cache({ store }));
 */
export class RingstoneCacheStore {
  readonly #cache: Cache;
  readonly #prefix: string;
  readonly #maxEntrySize: number;
  readonly #onError: (error: unknown) => void;

  /** @throws RingstoneError what `Cache.open` throws */
  constructor(options: CacheStoreOptions = {}) {
    checkAdapter('a store of undici', options, ['maxEntrySize', 'onError']);
    this.#cache = joinBytes(options.cache);
    this.#prefix = options.prefix ?? PREFIX;
    this.#maxEntrySize = options.maxEntrySize ?? LONGEST_BODY_BYTES;
    this.#onError = options.onError ?? warning('RINGSTONE_UNDICI');
  }

  /** The response to such a request, or `undefined`. */
  get(key: CacheKey): CachedResponse | undefined {
    return this.#attempt(() => this.#find(this.#url(key), key));
  }

  /** Takes the body of a response and keeps both when it ends; nothing of one that is destroyed or too long. */
  createWriteStream(key: CacheKey, value: CacheValue): Writable | undefined {
    const url = this.#url(key);
    if (value.deleteAt <= Date.now()) return undefined;
    // The item that is there now: after an invalidation there is another one, and this response is not to be found.
    const resource = this.#attempt(() => this.#resource(url) ?? this.#newResource(url, value));
    return resource && this.#collect(body => this.#keep(url, key, value, resource.id, body));
  }

  /** Forgets all responses to a URL. */
  delete(key: Pick<CacheKey, 'origin' | 'path'>): void {
    const url = this.#url(key);
    this.#attempt(() => this.#cache.delete(url));
  }

  /** Lets the cache go. */
  close(): void {
    this.#cache.close();
  }

  /** A request must not fail for its cache. */
  #attempt<T>(body: () => T): T | undefined {
    try {
      return body();
    } catch (error) {
      this.#onError(error);
      return undefined;
    }
  }

  #url(key: Pick<CacheKey, 'origin' | 'path'>): string {
    if (typeof key !== 'object' || key === null) throw new TypeError(`a key is an object, not ${typeof key}`);
    return boundedKey(this.#prefix, key.origin + key.path);
  }

  #find(url: string, { method, headers }: CacheKey): CachedResponse | undefined {
    const resource = this.#resource(url);
    for (const names of resource?.vary ?? []) {
      const bytes = this.#cache.get(responseKey(this.#prefix, resource as Resource, method, names, headers ?? {}));
      if (bytes) return unpack(bytes);
    }
    return undefined;
  }

  #resource(url: string): Resource | undefined {
    const text = this.#cache.getString(url);
    return text === undefined ? undefined : (JSON.parse(text) as Resource);
  }

  #newResource(url: string, value: CacheValue): Resource {
    const resource: Resource = { id: randomBytes(ID_BYTES).toString('base64url'), vary: [] };
    const added = this.#cache.add(url, JSON.stringify(resource), { ttl: left(value) });
    return (added ? undefined : this.#resource(url)) ?? resource;
  }

  /** Takes a body, no longer than may be, and hands it on when it ends. */
  #collect(keep: (body: readonly Buffer[]) => void): Writable {
    const chunks: Buffer[] = [];
    let length = 0;
    return new Writable({
      write: (chunk: Buffer, _, callback) => {
        length += chunk.byteLength;
        if (length <= this.#maxEntrySize) chunks.push(chunk);
        callback(length > this.#maxEntrySize ? new Error(`the body has more than ${this.#maxEntrySize} bytes`) : null);
      },
      final: callback => {
        this.#attempt(() => keep(chunks));
        callback();
      },
    });
  }

  /** Writes a response, and then that there is one. */
  #keep(url: string, key: CacheKey, value: CacheValue, id: string, body: readonly Buffer[]): void {
    const names = Object.keys(value.vary ?? {}).sort();
    // Undici has put the values that the response varies by in `vary`; they are those of the request.
    const headers = Object.fromEntries(
      Object.entries(value.vary ?? {}).filter(([, chosen]) => chosen != null),
    ) as Headers;
    const ttl = left(value);
    this.#cache.set(responseKey(this.#prefix, { id, vary: [] }, key.method, names, headers), pack(value, body), {
      ttl,
    });
    this.#announce(url, id, names, ttl);
  }

  /** Notes in a URL's item that there are responses by these header names, and that they live for so long. */
  #announce(url: string, id: string, names: readonly string[], ttl: number): void {
    const same = JSON.stringify(names);
    for (let tries = 0; tries < WRITE_TRIES; tries++) {
      const item = this.#cache.getWithCas(url);
      const resource = item && (JSON.parse(item.value.toString()) as Resource);
      // Invalidated meanwhile.
      if (resource?.id !== id) return;
      const remaining = Math.max(ttl, this.#cache.ttl(url) ?? 0);
      const [newest] = resource.vary;
      if (newest && JSON.stringify(newest) === same) {
        this.#cache.touch(url, remaining);
        return;
      }
      const vary = [names, ...resource.vary.filter(one => JSON.stringify(one) !== same)].slice(0, VARY_SETS);
      if (this.#cache.cas(url, JSON.stringify({ id, vary }), item?.cas ?? 0n, { ttl: remaining })) return;
    }
  }
}

/** Milliseconds that undici may use a response, at least one: 0 would be for ever. */
function left({ deleteAt }: CacheValue): number {
  return Math.max(1, Math.ceil(deleteAt - Date.now()));
}

/** The JSON of a response and its body in one value. */
function pack(value: CacheValue, body: readonly Buffer[]): Buffer {
  const json = Buffer.from(JSON.stringify(value));
  const head = Buffer.allocUnsafe(HEAD_BYTES);
  head.writeUInt32LE(json.length);
  return Buffer.concat([head, json, ...body]);
}

function unpack(bytes: Buffer): CachedResponse {
  const start = HEAD_BYTES + bytes.readUInt32LE(0);
  const value = JSON.parse(bytes.toString('utf8', HEAD_BYTES, start)) as CacheValue;
  // In an array: undici writes what it iterates over to the store again when the server says that it is unchanged.
  const body = start < bytes.length ? [bytes.subarray(start)] : [];
  return { ...value, cacheControlDirectives: value.cacheControlDirectives ?? {}, body };
}
