import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { type Bytes, checkOptions } from '../cache/arguments.ts';
import { Cache } from '../cache/cache.ts';
import type { Codec } from '../cache/codec.ts';
import type { CacheOptions } from '../cache/options.ts';
import { RingstoneError } from '../errors.ts';

/**
 * Where an adapter keeps its items: in an open cache, whatever its codec, or in one that is opened, or joined, by these
 * options. The adapter has a handle of its own to that cache: closing one leaves the other open.
 */
export type CacheSource = Pick<Cache, 'name' | 'closed' | 'getString'> | CacheOptions;

/** What every adapter takes. */
export interface AdapterOptions {
  /** An open cache, or how to open one; by default the cache of the name `default`. */
  readonly cache?: CacheSource | undefined;
  /** What the keys of the adapter begin with: it never sees nor removes others. `''` makes the whole cache its own. */
  readonly prefix?: string | undefined;
}

/** Keys that are looked at before the event loop has its turn. */
const KEYS_PER_TURN = 512;
/** Bytes of a longest key that is kept as it is; a longer one is kept as its digest. */
const LONGEST_KEY_BYTES = 1024;

/**
 * Throws where an adapter does not know one of its options: those of the cache, put beside and not into `cache`, would have it
 * take the default cache.
 *
 * @param of what the options are of, in words
 * @param names of options beside those that every adapter takes
 */
export function checkAdapter(of: string, options: object, names: readonly string[] = []): void {
  checkOptions(of, options, ['cache', 'prefix', ...names]);
}

function sourceOptions(source: CacheSource | undefined): CacheOptions {
  if (source === undefined) return {};
  // Without a codec, which options in a variable may have: that of the adapter is what counts.
  if (!('getString' in source)) return { ...source, codec: undefined } as CacheOptions;
  if (source.closed) throw new RingstoneError('RINGSTONE_CLOSED', 'the cache that the adapter was given is closed');
  // By its name and not itself: its codec is not the adapter's, and it may be of the package's other module format.
  return { name: source.name };
}

/**
 * A handle to the cache of an adapter that takes and gives bytes.
 *
 * @throws RingstoneError `RINGSTONE_CLOSED` where the cache that was given is closed, and what `Cache.open` throws
 */
export function joinBytes(source: CacheSource | undefined): Cache<Buffer, Bytes> {
  return Cache.open(sourceOptions(source));
}

/**
 * A handle to the cache of an adapter that takes and gives values.
 *
 * @throws RingstoneError as `joinBytes`
 */
export function joinValues<T>(source: CacheSource | undefined, codec: 'json' | 'v8' | Codec<T>): Cache<T, T> {
  return Cache.open<T>({ ...sourceOptions(source), codec });
}

/** Tells of an error where its library takes none from a store: as a warning of the process, of this code. */
export function warning(code: string): (error: unknown) => void {
  return error => process.emitWarning(error instanceof Error ? error.message : String(error), { code });
}

/** A key that is never too long: a long one becomes its SHA-256. */
export function boundedKey(prefix: string, key: string): string {
  const whole = prefix + key;
  if (whole.length <= LONGEST_KEY_BYTES / 4 || Buffer.byteLength(whole) <= LONGEST_KEY_BYTES) return whole;
  return `${prefix}sha256:${createHash('sha256').update(key).digest('base64url')}`;
}

type Scanned = Pick<Cache, 'scan' | 'delete' | 'clear'>;

/**
 * Keys that begin so, in batches. All keys of the cache are looked at, so many at a time, and not by a pattern of `scan`:
 * where few match it looks at many before it gives one, and the event loop would wait.
 */
export async function* keyBatches(cache: Pick<Cache, 'scan'>, prefix: string): AsyncGenerator<string[]> {
  let batch: string[] = [];
  let looked = 0;
  for (const key of cache.scan()) {
    if (key.startsWith(prefix)) batch.push(key);
    looked += 1;
    if (looked % KEYS_PER_TURN !== 0) continue;
    if (batch.length > 0) yield batch;
    batch = [];
    await setImmediate();
  }
  if (batch.length > 0) yield batch;
}

/** Removes what begins so, and nothing else. */
export async function removeAll(cache: Scanned, prefix: string): Promise<void> {
  if (prefix === '') {
    cache.clear();
    return;
  }
  for await (const batch of keyBatches(cache, prefix)) for (const key of batch) cache.delete(key);
}
