import type { Readable, Writable } from 'node:stream';
import { fromNative } from '../errors.ts';
import { loadNative, type NativeCache, type NativeOperations } from '../native.ts';
import type { Loader, LoaderOptions, LoadFunction } from './loader.ts';
import { Loads } from './loads.ts';
import { type CacheOptions, openOptions } from './options.ts';
import { type CacheServer, type ServeOptions, serveCache } from './serve.ts';
import { Several } from './several.ts';
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
  #severalKeys: Several<Buffer> | undefined;
  #loads: Loads<Buffer, Bytes> | undefined;

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

  get #several(): Several<Buffer> {
    this.#severalKeys ??= new Several<Buffer>(this.#operations, {
      get: key => this.get(key),
      getString: key => this.getString(key),
      set: (key, value, flags, ttlMs) => {
        const status = this.#operations.set(key, value, flags, ttlMs);
        if (status < 0) throw statusError(status);
      },
      room: () => ({ slab: this.#slab, offset: this.#offset }),
      take: bytes => {
        this.#offset += bytes;
      },
      decode: bytes => bytes,
      largest: LARGEST_IN_SLAB,
    });
    return this.#severalKeys;
  }

  /** The values of several keys, in their order. Each is a read of its own; all take one call of the core. */
  mget(keys: readonly Key[]): (Buffer | undefined)[] {
    return this.#several.get(keys);
  }

  /**
   * The same as strings. Strings that were read together are parts of one, of up to 8 KiB: one that is kept keeps that, as a small `Buffer`
   * does of Node's pool.
   */
  mgetString(keys: readonly Key[]): (string | undefined)[] {
    return this.#several.getStrings(keys);
  }

  /**
   * Writes several, in their order.
   *
   * @throws RingstoneError as `set` does; those before the one that failed are written
   */
  mset(entries: Iterable<readonly [Key, Bytes]>, options?: WriteOptions): void {
    this.#several.set(entries, 0, options?.ttl ?? -1);
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
   * Reads, and where there is no value waits for what the loader of that key gives; without a loader it is `get`. All who want a
   * key that is being loaded wait for the same run, be they calls of any thread or clients.
   *
   * @param options `signal` ends the waiting, not the load; the promise is then rejected with the signal's reason
   * @throws LoadError `RINGSTONE_LOAD_FAILED`, `RINGSTONE_LOAD_TIMEOUT`, `RINGSTONE_LOAD_REFUSED`, by rejection, unless the loader
   *   has failures answered as misses
   */
  async fetch(key: Key, options?: { readonly signal?: AbortSignal }): Promise<Buffer | undefined> {
    return this.#openLoads().fetch(key, options?.signal);
  }

  /**
   * Has values that are missing loaded, once for all who want them, in every thread and over every protocol; docs/loaders.md says
   * how. It is called in this thread.
   *
   * @param pattern a prefix of keys, or a glob if it has one of `*`, `?` and `[`; of several that match, the closest counts
   * @throws RingstoneError `RINGSTONE_INVALID_ARGUMENT`
   */
  loader(pattern: string, load: LoadFunction<Bytes, Buffer>, options: LoaderOptions = {}): Loader {
    return this.#openLoads().register(pattern, load, options);
  }

  #openLoads(): Loads<Buffer, Bytes> {
    if (this.#closed) throw statusError(STATUS.CLOSED);
    this.#loads ??= new Loads({
      native: this.#native,
      ask: this.#operations.ask,
      get: key => this.get(key),
      encode: bytes => ({ bytes, flags: 0 }),
      decode: bytes => bytes,
    });
    return this.#loads;
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
    this.#loads?.close();
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
