import type { CacheEntry, CacheHandler as UseCacheHandler } from 'next/cache.js';
import { lifeMs, type NextCacheOptions, Shelf } from './next-shelf.ts';
import { nowMs } from './next-tags.ts';

export type { UseCacheHandler };

/** An entry as it is kept. */
type Kept = Omit<CacheEntry, 'value'> & { readonly value: Uint8Array };

/** As `revalidate`, tells Next.js to answer with an entry and to make it anew meanwhile. */
const REFRESH = -1;

function read(shelf: Shelf<Kept>, key: string, softTags: readonly string[]): CacheEntry | undefined {
  const kept = shelf.get(key);
  if (!kept) return undefined;
  const state = shelf.tags.state([...kept.tags, ...softTags], kept.timestamp);
  if (state === 'expired') return undefined;
  return { ...kept, revalidate: state === 'stale' ? REFRESH : kept.revalidate, value: streamOf(kept.value) };
}

async function write(shelf: Shelf<Kept>, key: string, pending: Promise<CacheEntry>): Promise<void> {
  const entry = await pending;
  const value = await bytesOf(entry.value);
  const life = lifeMs(entry.expire);
  const left = life === undefined ? undefined : entry.timestamp + life - nowMs();
  if (left === undefined || left > 0) shelf.set(key, { ...entry, value }, left);
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
  const shelf = new Shelf<Kept>(options, 'u:');
  /** Entries that are being made: who wants one waits for it. */
  const pending = new Map<string, Promise<void>>();
  return {
    async get(key, softTags) {
      await pending.get(key);
      try {
        return read(shelf, key, softTags);
      } catch (error) {
        shelf.onError(error);
        return undefined;
      }
    },
    async set(key, pendingEntry) {
      const written = write(shelf, key, pendingEntry).catch(shelf.onError);
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
    async updateTags(tags, durations) {
      shelf.tags.revalidate(tags, durations);
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
