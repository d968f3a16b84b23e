import { STORAGE_DEFAULTS } from '../config/defaults.ts';
import { parseSize, sizeInBytes } from '../config/size.ts';
import { RingstoneError } from '../errors.ts';
import { readMachine } from '../machine.ts';
import type { OpenOptions } from '../native.ts';
import type { Codec } from './codec.ts';
import { unknownOption } from './known.ts';

/**
 * How a cache is opened. What is left out has its default, or, where the cache is open already, is as it is there.
 * Values are strings and bytes.
 */
export interface CacheOptions {
  /** Every thread of the process that opens this name has the same cache. `default` by default. */
  readonly name?: string | undefined;
  /** Bytes for items, their index and all else that grows with them: a number, `'256mb'`, or `'10%'` of the machine's or cgroup's memory. 64 MiB by default. */
  readonly maxMemory?: number | string | undefined;
  /** Bytes of the longest value, at most 1 GiB. 8 MiB by default. */
  readonly maxValueSize?: number | string | undefined;
  /** Milliseconds that items live which are written without a TTL; 0, the default, is for ever. */
  readonly defaultTtl?: number | undefined;
  /** Milliseconds within which expired items that nobody reads leave memory. 60,000 by default. */
  readonly cleanupInterval?: number | undefined;
  /** What goes when the memory is full: by density-aware S3-FIFO (the default), by last access, or nothing, so that writes are refused. */
  readonly eviction?: 's3fifo' | 'lru' | 'none' | undefined;
}

/**
 * The same with a codec.
 *
 * @typeParam T what it encodes and decodes
 */
export interface CodecOptions<T = unknown> extends CacheOptions {
  /**
   * How this handle's values become bytes: `'json'`, `'v8'` (structured clone: dates, maps, typed arrays, cycles), or a codec of
   * your own. Another handle of the same cache may have another one: values are marked with the codec that they are by.
   */
  readonly codec: 'json' | 'v8' | Codec<T>;
}

const NAMES = ['maxMemory', 'maxValueSize', 'defaultTtl', 'cleanupInterval', 'eviction'] as const;
const EVICTIONS: readonly unknown[] = ['s3fifo', 'lru', 'none'];

function invalid(message: string): RingstoneError {
  return new RingstoneError('RINGSTONE_INVALID_OPTION', message);
}

function bytes(name: string, value: number | string, least: number, most: number): number {
  const size = typeof value === 'number' || typeof value === 'string' ? parseSize(value) : `${name} must be a size`;
  if (typeof size === 'string') throw invalid(`${name}: ${size}`);
  const result = 'bytes' in size ? size.bytes : sizeInBytes(size, readMachine().memoryBytes);
  if (result < least || result > most) throw invalid(`${name} must be ${least} to ${most} bytes, not ${result}`);
  return result;
}

function milliseconds(name: string, value: number, least: number): number {
  if (!Number.isSafeInteger(value) || value < least) {
    throw invalid(`${name} must be a whole number of milliseconds from ${least} on, not ${value}`);
  }
  return value;
}

const [KIB, MIB, GIB, TIB] = [1024, 1024 ** 2, 1024 ** 3, 1024 ** 4];

/**
 * Complete and checked.
 *
 * @throws RingstoneError `RINGSTONE_INVALID_OPTION`
 */
export function openOptions(options: CacheOptions): OpenOptions {
  const problem = unknownOption('a cache', options, ['name', 'codec', ...NAMES]);
  if (problem !== undefined) throw invalid(problem);
  const name = options.name ?? 'default';
  if (typeof name !== 'string' || name === '') throw invalid('name must be a string that is not empty');
  const { maxMemory, maxValueSize, defaultTtl, cleanupInterval, eviction } = {
    ...STORAGE_DEFAULTS,
    ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
  } as typeof STORAGE_DEFAULTS & CacheOptions;
  if (!EVICTIONS.includes(eviction)) throw invalid(`eviction must be s3fifo, lru or none, not ${eviction}`);
  return {
    name,
    maxMemory: bytes('maxMemory', maxMemory, MIB, 64 * TIB),
    maxValueSize: bytes('maxValueSize', maxValueSize, KIB, GIB),
    defaultTtlMs: milliseconds('defaultTtl', defaultTtl, 0),
    cleanupIntervalMs: milliseconds('cleanupInterval', cleanupInterval, 100),
    eviction: eviction as OpenOptions['eviction'],
    asked: NAMES.filter(one => options[one] !== undefined),
  };
}
