// The only file that knows the native part. Everything else imports from here.
import { createRequire } from 'node:module';
import type * as binding from '../index.node-build/binding.js';
import { nativeMissing } from './missing.ts';

export type {
  LoaderEvent,
  LoaderRun,
  LoaderSettled,
  LoadLatency,
  LoadOptions,
  LoadProgress,
  LoadReport,
  MetricFamily,
  MetricSample,
  NativeCache,
  NativeCounts,
  NativeEvent,
  NativeInfo,
  NativeLoaderOptions,
  NativeLoaderStats,
  NativeLoaders,
  NativeReader,
  NativeServer,
  NativeWriter,
  OpenOptions,
  Probe,
  ServeListener,
  ServeOptions,
} from '../index.node-build/binding.js';

export type Native = typeof binding;

/**
 * The data plane: a number that is negative is a status (ts/cache/status.ts). The functions of crates/addon/src/direct, by the
 * same names. A missing TTL, or a negative one, is the default of the cache, 0 is never; all in milliseconds.
 */
export interface NativeOperations {
  /** Length of the value, which is copied to the offset in the slab, or kept for `take`. With flags, the item must have these. */
  get(key: Key, offset: number, flags?: number): number;
  /** The value, or a status. */
  getString(key: Key, flags?: number): string | number;
  /** Length of the value, of which as much as fits is copied to the target from the offset on. */
  getInto(key: Key, target: Uint8Array, offset?: number): number;
  /** As `get`; the first eight bytes of the slab are the token, the lowest first. */
  getWithCas(key: Key, offset: number, flags?: number): number;
  /** As `get`, uncounted. */
  peek(key: Key, offset: number, flags?: number): number;
  /** Length of what was kept, which is copied to the target. */
  take(target: Uint8Array, offset: number): number;
  /** 1 or 0. */
  has(key: Key): number;
  /** Milliseconds left; infinity for ever. */
  ttl(key: Key): number;
  /** Items. */
  size(): number;
  /** 1. */
  set(key: Key, value: Key, flags?: number, ttlMs?: number): number;
  /** 1 if there was none, 0 if there was one. */
  add(key: Key, value: Key, flags?: number, ttlMs?: number): number;
  /** 1 if there was one, 0 if not. */
  replace(key: Key, value: Key, flags?: number, ttlMs?: number): number;
  /** 1 if it was of that version, 0 if not. */
  cas(key: Key, value: Key, flags: number, ttlMs: number, token: bigint): number;
  /** 1 if there was one, 0 if not. */
  append(key: Key, bytes: Key): number;
  /** 1 if there was one, 0 if not. */
  prepend(key: Key, bytes: Key): number;
  /** The number, or a status times 2^53. */
  incr(key: Key, by: number, initial?: number, ttlMs?: number, flags?: number): number;
  /** 1 if there was one, 0 if not. */
  touch(key: Key, ttlMs: number): number;
  /** 1 if there was one, 0 if not. */
  delete(key: Key): number;
  /** 1. */
  clear(): number;
  /** Length of what is kept for `take`: the cursor to go on from, how many keys, and each after its length. */
  scan(cursor: bigint, items: number, glob?: Key): number;
  /**
   * Several reads: keys joined by 0 characters, and how many. After the first, which is the number of keys that were done, two results for each:
   * its length or status, and its flags. Values are copied to the slab from the offset on, until one does not fit or is longer than `largest`.
   * 0 = these keys cannot be told apart in one string.
   */
  mget(keys: string, count: number, results: Int32Array, offset: number, largest: number): number;
  /** The same with one result for each, and what it read as text: part after part of one string or several; a number where there is none. */
  mgetString(keys: string, count: number, results: Int32Array): string | string[] | number;
  /** Several writes: values one after another, whose lengths are the results after the first; 0 also where not all are ASCII. */
  mset(keys: string, count: number, values: string, results: Int32Array, flags: number, ttlMs: number): number;
  /** What is to be done about a key: 0 read it, 1 there is no value, 2 wait for the event of that ticket. Once there are `loaders`. */
  ask(key: Key, ticket: number): number;
}

/** What becomes bytes. */
type Key = string | Uint8Array;

/** Names a library to load instead of the packaged one; the tests set it to a build with debug assertions. */
const LIBRARY_VARIABLE = 'RINGSTONE_NATIVE_LIBRARY';

let loaded: Native | undefined;

/**
 * The native part, loaded at the first call, and synchronously, for `Cache.open` is. What the build writes is CommonJS
 * for that reason.
 *
 * @throws RingstoneError `RINGSTONE_NATIVE_MISSING` with what to do
 */
export function loadNative(): Native {
  if (loaded) return loaded;
  const library = process.env[LIBRARY_VARIABLE];
  try {
    const require = createRequire(import.meta.url);
    loaded = (library ? require(library) : require('../index.node-build/binding.js')) as Native;
    return loaded;
  } catch (error) {
    throw nativeMissing(library, error);
  }
}
