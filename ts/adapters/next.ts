/**
 * Next.js on a Ringstone cache: `cacheHandler` (pages, route handlers, `fetch`, images) and `cacheHandlers`
 * (`'use cache'`). Next.js loads a handler by its file; docs/adapters.md has the two files and their configuration.
 *
 * @module
 */
import type { CacheEntry, CacheHandler as UseCacheHandler } from 'next/cache.js';
import type { Cache } from '../cache/cache.ts';
import { type Durations, nowMs, Tags } from './next-tags.ts';
import { type AdapterOptions, boundedKey, joinValues, warning } from './source.ts';

export type { Durations } from './next-tags.ts';
export type { AdapterOptions, CacheSource } from './source.ts';
export type { UseCacheHandler };

/** Options of both handlers; with the same cache and prefix they share their tags. */
export interface NextCacheOptions extends AdapterOptions {
  /** Told of an error, after which there is a miss or an entry is not kept. By default a warning of the process. */
  readonly onError?: (error: unknown) => void;
}

/** How long a response may be used, in seconds. */
export interface CacheControl {
  readonly revalidate: number | false;
  readonly expire?: number | undefined;
}

/** What Next.js keeps: a page, a route handler's response, a `fetch`, a redirect, an image; `null` is a page not found. */
export type IncrementalValue = { readonly kind: string } | null;

/** What Next.js says when it reads. */
export interface ReadContext {
  readonly kind: string;
  readonly tags?: readonly string[];
  readonly softTags?: readonly string[];
}

/** What Next.js says when it writes. */
export interface WriteContext {
  readonly tags?: readonly string[];
  readonly cacheControl?: CacheControl;
}

/** What a read gives. */
export interface IncrementalEntry {
  /** Milliseconds since 1970; -1 has Next.js render before it answers. */
  readonly lastModified: number;
  readonly value: IncrementalValue;
  readonly cacheControl?: CacheControl;
}

/** What Next.js makes of a handler for each request; it makes many. */
export interface IncrementalCacheHandler {
  get(key: string, context: ReadContext): Promise<IncrementalEntry | null>;
  set(key: string, value: IncrementalValue, context: WriteContext): Promise<void>;
  revalidateTag(tags: string | readonly string[], durations?: Durations): Promise<void>;
  resetRequestCache(): void;
}

/** A class that Next.js takes as `cacheHandler`. */
export type IncrementalCacheHandlerClass = new (context?: {
  readonly revalidatedTags?: readonly string[];
}) => IncrementalCacheHandler;

/** An entry of `cacheHandler` as it is kept. */
interface Kept extends IncrementalEntry {
  readonly tags: readonly string[];
}

/** An entry of `cacheHandlers` as it is kept. */
type KeptUse = Omit<CacheEntry, 'value'> & { readonly value: Uint8Array };

/** What keys begin with unless told otherwise. */
const PREFIX = 'next:';
const TAGS_HEADER = 'x-next-cache-tags';
const MS_PER_SECOND = 1000;
/** Next.js writes a time like this where it means never. */
const NEVER_SECONDS = 0xfffffffe;
/** Tells Next.js to answer with an entry and to make it anew meanwhile. */
const REFRESH = -1;
/** Tells Next.js to make an entry anew before it answers. */
const RENDER_FIRST = -1;

/** A TTL of so many seconds; `undefined` where it is for ever, or nobody said. */
const ttlOf = (seconds: number | undefined) =>
  seconds === undefined || seconds >= NEVER_SECONDS ? undefined : seconds * MS_PER_SECOND;

/** Tags that an entry came with: those of its context, its own, and those in its headers. */
function tagsOf(value: IncrementalValue, context: WriteContext): string[] {
  const { tags, headers } = (value ?? {}) as { tags?: readonly string[]; headers?: Record<string, unknown> };
  const header = headers?.[TAGS_HEADER];
  return [
    ...new Set([...(context.tags ?? []), ...(tags ?? []), ...(typeof header === 'string' ? header.split(',') : [])]),
  ];
}

/** What Next.js gets of a stale entry, so that it makes it anew. */
function staleEntry({ value, lastModified, cacheControl }: Kept): IncrementalEntry {
  // It takes a `fetch` without a time as one that is too old, and makes it anew behind the answer.
  if (value?.kind === 'FETCH') return { value, lastModified: 0 };
  const { revalidate, expire } = cacheControl ?? { revalidate: false };
  // Without a time to revalidate after, nothing is ever too old: then it renders first.
  if (revalidate === false) return { value, lastModified: RENDER_FIRST };
  const due = Math.min(lastModified, Math.floor(nowMs() - revalidate * MS_PER_SECOND - 1));
  return { value, lastModified: due, cacheControl: expire === undefined ? { revalidate } : { revalidate, expire } };
}

/**
 * A class for `cacheHandler`. Entries are shared by all threads of the process, and bounded and evicted by the cache.
 * `revalidateTag(tag)` expires entries at once; `revalidateTag(tag, 'max')` makes them stale: they are answered once more
 * while they are made anew, except pages that have no time to revalidate after, which are rendered first.
 *
 * @example
 * // cache-handler.mjs
 * export default createCacheHandler({ cache: { name: 'next', maxMemory: '256mb' } });
 *
 * @throws RingstoneError what `Cache.open` throws
 */
export function createCacheHandler(options: NextCacheOptions = {}): IncrementalCacheHandlerClass {
  const cache = joinValues<Kept>(options.cache, 'v8');
  const prefix = `${options.prefix ?? PREFIX}i:`;
  const tags = new Tags(cache.name, options.prefix ?? PREFIX);
  const onError = options.onError ?? warning('RINGSTONE_NEXT');

  const read = (key: string, context: ReadContext): IncrementalEntry | null => {
    const kept = cache.get(boundedKey(prefix, key));
    if (!kept) return null;
    const state = tags.state([...kept.tags, ...(context.tags ?? []), ...(context.softTags ?? [])], kept.lastModified);
    if (state === 'expired') return null;
    if (state === 'stale') return staleEntry(kept);
    const { value, lastModified, cacheControl } = kept;
    return cacheControl ? { value, lastModified, cacheControl } : { value, lastModified };
  };

  return class RingstoneCacheHandler implements IncrementalCacheHandler {
    readonly #revalidated: ReadonlySet<string>;

    constructor(context?: { readonly revalidatedTags?: readonly string[] }) {
      this.#revalidated = new Set(context?.revalidatedTags ?? []);
    }

    async get(key: string, context: ReadContext): Promise<IncrementalEntry | null> {
      if ([...(context.tags ?? []), ...(context.softTags ?? [])].some(tag => this.#revalidated.has(tag))) return null;
      try {
        return read(key, context);
      } catch (error) {
        onError(error);
        return null;
      }
    }

    async set(key: string, value: IncrementalValue, context: WriteContext): Promise<void> {
      const { cacheControl } = context;
      const kept: Kept = {
        value,
        lastModified: nowMs(),
        tags: tagsOf(value, context),
        ...(cacheControl && { cacheControl }),
      };
      try {
        cache.set(boundedKey(prefix, key), kept, { ttl: ttlOf(cacheControl?.expire) });
      } catch (error) {
        onError(error);
      }
    }

    async revalidateTag(revalidated: string | readonly string[], durations?: Durations): Promise<void> {
      tags.revalidate(typeof revalidated === 'string' ? [revalidated] : revalidated, durations);
    }

    /** Nothing is kept for a request alone. */
    resetRequestCache(): void {}
  };
}

/**
 * A handler for `cacheHandlers`, of `'use cache'` and its named kinds. Entries are shared by all threads of the process
 * until they expire; one that is past its time to revalidate is answered while it is made anew.
 *
 * @example
 * // use-cache-handler.mjs
 * export default createUseCacheHandler({ cache: { name: 'next', maxMemory: '256mb' } });
 *
 * @throws RingstoneError what `Cache.open` throws
 */
export function createUseCacheHandler(options: NextCacheOptions = {}): UseCacheHandler {
  const cache: Cache<KeptUse, KeptUse> = joinValues<KeptUse>(options.cache, 'v8');
  const prefix = `${options.prefix ?? PREFIX}u:`;
  const tags = new Tags(cache.name, options.prefix ?? PREFIX);
  const onError = options.onError ?? warning('RINGSTONE_NEXT');
  /** Entries that are being made: who wants one waits for it. */
  const pending = new Map<string, Promise<void>>();

  const read = (key: string, softTags: readonly string[]): CacheEntry | undefined => {
    const kept = cache.get(boundedKey(prefix, key));
    if (!kept) return undefined;
    const state = tags.state([...kept.tags, ...softTags], kept.timestamp);
    if (state === 'expired') return undefined;
    return { ...kept, revalidate: state === 'stale' ? REFRESH : kept.revalidate, value: streamOf(kept.value) };
  };

  const write = async (key: string, pendingEntry: Promise<CacheEntry>): Promise<void> => {
    const entry = await pendingEntry;
    const value = await bytesOf(entry.value);
    const ttl = ttlOf(entry.expire);
    const left = ttl === undefined ? undefined : entry.timestamp + ttl - nowMs();
    if (left === undefined || left > 0) cache.set(boundedKey(prefix, key), { ...entry, value }, { ttl: left });
  };

  return {
    async get(key, softTags) {
      await pending.get(key);
      try {
        return read(key, softTags);
      } catch (error) {
        onError(error);
        return undefined;
      }
    },
    async set(key, pendingEntry) {
      const written = write(key, pendingEntry).catch(onError);
      pending.set(key, written);
      await written;
      if (pending.get(key) === written) pending.delete(key);
    },
    /** Tags are where the entries are: there is nothing to fetch. */
    async refreshTags() {},
    /** `get` looks at the tags of the route itself. */
    async getExpiration() {
      return Infinity;
    },
    async updateTags(updated, durations) {
      tags.revalidate(updated, durations);
    },
  };
}

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      if (bytes.length > 0) controller.enqueue(bytes);
      controller.close();
    },
  });
}

/** All of a stream, which may break off: then there is no entry. */
async function bytesOf(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
