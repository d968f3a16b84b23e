import { lifeMs, type NextCacheOptions, Shelf } from './next-shelf.ts';
import { type Durations, nowMs } from './next-tags.ts';

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

const TAGS_HEADER = 'x-next-cache-tags';
const MS_PER_SECOND = 1000;
/** As `lastModified`, tells Next.js to make an entry anew before it answers. */
const RENDER_FIRST = -1;

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

/** Tags that a reader asks with. */
const tagsOfReader = ({ tags = [], softTags = [] }: ReadContext) => [...tags, ...softTags];

function read(shelf: Shelf<Kept>, key: string, context: ReadContext): IncrementalEntry | null {
  const kept = shelf.get(key);
  if (!kept) return null;
  const state = shelf.tags.state([...kept.tags, ...tagsOfReader(context)], kept.lastModified);
  if (state === 'expired') return null;
  if (state === 'stale') return staleEntry(kept);
  const { value, lastModified, cacheControl } = kept;
  return cacheControl ? { value, lastModified, cacheControl } : { value, lastModified };
}

function write(shelf: Shelf<Kept>, key: string, value: IncrementalValue, context: WriteContext): void {
  const { cacheControl } = context;
  const entry = { value, lastModified: nowMs(), tags: tagsOf(value, context) };
  shelf.set(key, cacheControl ? { ...entry, cacheControl } : entry, lifeMs(cacheControl?.expire));
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
  const shelf = new Shelf<Kept>(options, 'i:');

  return class RingstoneCacheHandler implements IncrementalCacheHandler {
    readonly #revalidated: ReadonlySet<string>;

    constructor(context?: { readonly revalidatedTags?: readonly string[] }) {
      this.#revalidated = new Set(context?.revalidatedTags ?? []);
    }

    async get(key: string, context: ReadContext): Promise<IncrementalEntry | null> {
      if (tagsOfReader(context).some(tag => this.#revalidated.has(tag))) return null;
      try {
        return read(shelf, key, context);
      } catch (error) {
        shelf.onError(error);
        return null;
      }
    }

    async set(key: string, value: IncrementalValue, context: WriteContext): Promise<void> {
      try {
        write(shelf, key, value, context);
      } catch (error) {
        shelf.onError(error);
      }
    }

    async revalidateTag(tags: string | readonly string[], durations?: Durations): Promise<void> {
      shelf.tags.revalidate(typeof tags === 'string' ? [tags] : tags, durations);
    }

    /** Nothing is kept for a request alone. */
    resetRequestCache(): void {}
  };
}
