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
  NativeEvent,
  NativeInfo,
  NativeReader,
  NativeLoaderOptions,
  NativeLoaderStats,
  NativeLoaders,
  NativeServer,
  NativeWriter,
  OpenOptions,
  Probe,
  ServeListener,
  ServeOptions,
} from '../index.node-build/binding.js';

export type Native = typeof binding;

/** The data plane: a number that is negative is a status (ts/cache/status.ts). */
export interface NativeOperations {
  /** Length of the value, which is copied to the offset in the slab if it fits there; the first four bytes of the slab are its flags. */
  get(key: string | Uint8Array, offset: number): number;
  /** The value, or a status. */
  getString(key: string | Uint8Array): string | number;
  /** A TTL in milliseconds, 0 for never, negative for the default. */
  set(key: string | Uint8Array, value: string | Uint8Array, flags: number, ttlMs: number): number;
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
  /** 1 if there was one, 0 if not. */
  delete(key: string | Uint8Array): number;
  /** What is to be done about a key: 0 read it, 1 there is no value, 2 wait for the event of that ticket. Once there are `loaders`. */
  ask(key: string | Uint8Array, ticket: number): number;
}

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
  const require = createRequire(import.meta.url);
  const library = process.env[LIBRARY_VARIABLE];
  try {
    loaded = (library ? require(library) : require('../index.node-build/binding.js')) as Native;
    return loaded;
  } catch (error) {
    throw nativeMissing(library, error);
  }
}
