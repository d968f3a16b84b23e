import type { Cache } from '../cache/cache.ts';
import { Tags } from './next-tags.ts';
import { type AdapterOptions, boundedKey, checkAdapter, joinValues, warning } from './source.ts';

/** Options of both handlers; with the same cache and prefix they share their tags. */
export interface NextCacheOptions extends AdapterOptions {
  /** Told of an error, after which there is a miss or an entry is not kept. By default a warning of the process. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** What keys begin with unless told otherwise. */
const PREFIX = 'next:';
const MS_PER_SECOND = 1000;
/** Next.js writes a time like this where it means never. */
const NEVER_SECONDS = 0xfffffffe;

/** Milliseconds of so many seconds; `undefined` where it is for ever, or nobody said. */
export const lifeMs = (seconds: number | undefined): number | undefined =>
  seconds === undefined || seconds >= NEVER_SECONDS ? undefined : seconds * MS_PER_SECOND;

/** Where a handler keeps its entries, with the tags that say which may still be used. */
export class Shelf<T> {
  readonly tags: Tags;
  readonly onError: (error: unknown) => void;
  readonly #cache: Cache<T, T>;
  readonly #prefix: string;

  /**
   * @param kind tells the entries of one kind of handler from those of the other
   * @throws RingstoneError what `Cache.open` throws
   */
  constructor(options: NextCacheOptions, kind: string) {
    checkAdapter('a handler of Next.js', options, ['onError']);
    const prefix = options.prefix ?? PREFIX;
    this.#cache = joinValues<T>(options.cache, 'v8');
    this.#prefix = prefix + kind;
    this.tags = new Tags(this.#cache.name, prefix);
    this.onError = options.onError ?? warning('RINGSTONE_NEXT');
  }

  /** An entry that is there, whether or not it may be used. */
  get(key: string): T | undefined {
    return this.#cache.get(boundedKey(this.#prefix, key));
  }

  /** Keeps an entry, `ttl` milliseconds or as long as the cache says. */
  set(key: string, entry: T, ttl: number | undefined): void {
    this.#cache.set(boundedKey(this.#prefix, key), entry, { ttl });
  }
}
