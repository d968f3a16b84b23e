import type { Readable, Writable } from 'node:stream';
import { fromNative } from '../errors.ts';
import { loadNative, type NativeCache, type NativeOperations } from '../native.ts';
import { type CacheOptions, openOptions } from './options.ts';
import { type CacheServer, type ServeOptions, serveCache } from './serve.ts';
import { STATUS, statusError } from './status.ts';
import { createReader, createWriter, type ReadStreamOptions, type WriteStreamOptions } from './streams.ts';

/** A key: 1 to 65,536 bytes. A string stands for its UTF-8, so that network clients see the same key. */
export type Key = string | Uint8Array;
/** A value as it is stored. A string stands for its UTF-8. */
export type Bytes = string | Uint8Array;

/** Options of a write. */
export interface WriteOptions {
  /** Milliseconds to live; 0 and `Infinity` are for ever. By default as the cache says. */
  readonly ttl?: number;
}

/** Bytes of the buffer that values are read through, of which the first are for what is told beside a value. */
const SLAB_BYTES = 64 * 1024;
const SLAB_HEAD = 16;
/** Values of more than this have a buffer of their own, so that a small part of one that is kept does not keep much. */
const LARGEST_IN_SLAB = SLAB_BYTES / 8;

/**
 * A cache outside of the JavaScript heap, bounded in bytes, that all threads of the process and network clients share.
 *
 * @example
 * using cache = Cache.open({ name: 'app', maxMemory: '256mb' });
 * cache.set('user:1', 'Ada', { ttl: 5_000 });
 * cache.getString('user:1');
 */
export class Cache implements Disposable {
  /** By which other threads open it. */
  readonly name: string;
  readonly #native: NativeCache;
  readonly #operations: NativeOperations;
  #slab: Buffer;
  #offset = SLAB_HEAD;
  #closed = false;

  private constructor(options: CacheOptions) {
    const complete = openOptions(options);
    this.name = complete.name ?? '';
    this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
    try {
      this.#native = loadNative().openCache(complete, this.#slab);
      this.#operations = this.#native.operations() as NativeOperations;
    } catch (error) {
      throw fromNative(error);
    }
  }

  /**
   * Opens a cache, or joins the open one of that name, from any thread of the process.
   *
   * @throws RingstoneError `RINGSTONE_OPTIONS_DIFFER` when it is open with other options than those that are given
   */
  static open(options: CacheOptions = {}): Cache {
    return new Cache(options);
  }

  /** Whether `close` was called. */
  get closed(): boolean {
    return this.#closed;
  }

  /** The value, or `undefined` where there is none. The buffer is the caller's. */
  get(key: Key): Buffer | undefined {
    const offset = this.#offset;
    const length = this.#operations.get(key, offset);
    if (length < 0) return absent(length);
    const end = offset + length;
    if (end > SLAB_BYTES || length > LARGEST_IN_SLAB) return this.#getLong(key, length);
    this.#offset = end;
    return this.#slab.subarray(offset, end);
  }

  /** A value that the slab has no room for: a new slab, or a buffer of its own. */
  #getLong(key: Key, length: number): Buffer | undefined {
    for (let wanted = length; ; ) {
      const own = wanted > LARGEST_IN_SLAB;
      const slab = Buffer.allocUnsafeSlow(own ? SLAB_HEAD + wanted : SLAB_BYTES);
      this.#native.useSlab(slab);
      const got = this.#operations.get(key, SLAB_HEAD);
      if (own) this.#native.useSlab(this.#slab);
      else [this.#slab, this.#offset] = [slab, SLAB_HEAD + Math.max(got, 0)];
      if (got < 0) return absent(got);
      // Another thread may have written a longer one meanwhile.
      if (SLAB_HEAD + got <= slab.length) return slab.subarray(SLAB_HEAD, SLAB_HEAD + got);
      if (!own) this.#offset = SLAB_HEAD;
      wanted = got;
    }
  }

  /** The value as a string, its bytes read as UTF-8. */
  getString(key: Key): string | undefined {
    const value = this.#operations.getString(key);
    return typeof value === 'string' ? value : absent(value);
  }

  /**
   * Writes.
   *
   * @throws RingstoneError `RINGSTONE_TOO_LARGE`, `RINGSTONE_OUT_OF_MEMORY`; what was there is there still
   */
  set(key: Key, value: Bytes, options?: WriteOptions): void {
    const status = this.#operations.set(key, value, 0, options?.ttl ?? -1);
    if (status < 0) throw statusError(status);
  }

  /** Removes; whether there was one. */
  delete(key: Key): boolean {
    const status = this.#operations.delete(key);
    if (status < 0) throw statusError(status);
    return status === 1;
  }

  /**
   * A stream to write a value that is long or comes bit by bit: bytes go to their place in the cache as they come. Others see the
   * value when the stream has finished, and not before; one that is destroyed, aborted or fails leaves the key as it is.
   *
   * Errors of the stream: `RINGSTONE_TOO_LARGE`, `RINGSTONE_BUSY`, `RINGSTONE_OUT_OF_MEMORY`, `RINGSTONE_SIZE_DIFFERS`,
   * `RINGSTONE_IDLE_TIMEOUT`, and `RINGSTONE_CLOSED` when the cache is closed meanwhile.
   *
   * @throws RingstoneError `RINGSTONE_INVALID_ARGUMENT`, `RINGSTONE_CLOSED`
   */
  createWriteStream(key: Key, options: WriteStreamOptions = {}): Writable {
    return createWriter(this.#native, key, options);
  }

  /**
   * A stream of the bytes of a value: of the version that is there when the first are read, whatever becomes of the key then. That
   * version stays in memory until the stream has ended or is destroyed.
   *
   * Errors of the stream: `RINGSTONE_NOT_FOUND`, `RINGSTONE_WRONG_TYPE`, and `RINGSTONE_CLOSED` when the cache is closed meanwhile.
   *
   * @throws RingstoneError `RINGSTONE_INVALID_ARGUMENT`
   */
  createReadStream(key: Key, options: ReadStreamOptions = {}): Readable {
    return createReader(this.#native, key, options);
  }

  /**
   * Has memcached and Redis clients see it as well, until the server is closed. One server at a time.
   *
   * @throws ConfigError when the options do not hold, RingstoneError when the server cannot start
   */
  async serve(options: ServeOptions): Promise<CacheServer> {
    if (this.#closed) throw statusError(STATUS.CLOSED);
    return serveCache(this.#native, options);
  }

  /** Lets the cache go; the last in the process who does frees its memory. A server goes on until it is closed. */
  close(): void {
    this.#closed = true;
    this.#native.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function absent(status: number): undefined {
  if (status !== STATUS.ABSENT) throw statusError(status);
  return undefined;
}
