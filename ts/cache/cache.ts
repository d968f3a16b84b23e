import type { Readable, Writable } from 'node:stream';
import type { Bytes, Key, WriteOptions } from './arguments.ts';
import { checkOptions, ttlOf } from './arguments.ts';
import { markedCodec } from './codec.ts';
import type { Loader, LoaderOptions, LoadFunction } from './loader.ts';
import { Loads } from './loads.ts';
import { KeyOperations, portOf } from './operations.ts';
import { type CacheOptions, type CodecOptions, openOptions } from './options.ts';
import { LARGEST_IN_SLAB, Port } from './port.ts';
import { type ScanOptions, scan } from './scan.ts';
import { type CacheServer, type ServeOptions, serveCache } from './serve.ts';
import { Several } from './several.ts';
import { type CacheStats, cacheStats } from './stats.ts';
import { isYes, STATUS, statusError } from './status.ts';
import { createReader, createWriter, type ReadStreamOptions, type WriteStreamOptions } from './streams.ts';

export type { Bytes, Key, WriteOptions } from './arguments.ts';

/**
 * A cache outside of the JavaScript heap, bounded in bytes, that all threads of the process and network clients share.
 *
 * @typeParam Out what reads give: `Buffer`, or what the codec decodes
 * @typeParam In what writes take: bytes, or what the codec encodes
 *
 * @example
 * using cache = Cache.open({ name: 'app', maxMemory: '256mb' });
 * cache.set('user:1', 'Ada', { ttl: 5_000 });
 * cache.getString('user:1');
 */
export class Cache<Out = Buffer, In = Bytes> extends KeyOperations<Out, In> implements Disposable {
  /** By which other threads open it. */
  readonly name: string;
  #closed = false;
  #severalKeys: Several<Out, In> | undefined;
  #loads: Loads<Out, In> | undefined;

  private constructor(options: CacheOptions & Partial<CodecOptions<never>>) {
    const complete = openOptions(options);
    super(new Port(complete, markedCodec(options.codec)));
    this.name = complete.name ?? '';
  }

  /**
   * Opens a cache, or joins the open one of that name, from any thread of the process.
   *
   * @throws RingstoneError `RINGSTONE_INVALID_OPTION`; `RINGSTONE_OPTIONS_DIFFER` when it is open with other options than those
   * that are given; `RINGSTONE_ARENA_REFUSED` when the system has not so much memory; `RINGSTONE_NATIVE_MISSING`
   */
  static open<T = unknown>(options: CodecOptions<T>): Cache<T, T>;
  static open(options?: CacheOptions): Cache;
  static open(options: object = {}): unknown {
    return new Cache(options);
  }

  /** Whether `close` was called. */
  get closed(): boolean {
    return this.#closed;
  }

  get #several(): Several<Out, In> {
    this.#severalKeys ??= severalOf(this, portOf(this));
    return this.#severalKeys;
  }

  /**
   * The values of several keys, in their order. Each is a read of its own; all take one call of the core.
   *
   * @throws RingstoneError as `get`, of the first key that one is to be thrown of
   */
  mget(keys: readonly Key[]): (Out | undefined)[] {
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
  mset(entries: Iterable<readonly [Key, In]>, options?: WriteOptions): void {
    this.#several.set(entries, portOf(this).flags, ttlOf(options));
  }

  /**
   * Walks through the keys, in no order. A key that is there all the time is given exactly once, none twice; one that comes or
   * goes meanwhile may be given or not. The cache may be used, and changed, while it goes on. Not counted as reads.
   */
  scan(options?: ScanOptions & { readonly as?: 'string' | undefined }): IterableIterator<string>;
  scan(options: ScanOptions & { readonly as: 'buffer' }): IterableIterator<Buffer>;
  scan(options: ScanOptions = {}): IterableIterator<string | Buffer> {
    return scan(portOf(this), options);
  }

  /** Items that there are. One that has expired is among them until it is read, or the cleanup comes. */
  get size(): number {
    const size = portOf(this).operations.size();
    if (size < 0) throw statusError(size);
    return size;
  }

  /** Counters and gauges, read now. Not for each request: it looks at every part of the cache. */
  stats(): CacheStats {
    return cacheStats(portOf(this).native);
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
    return createWriter(portOf(this).native, key, options);
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
    return createReader(portOf(this).native, key, options);
  }

  /**
   * Reads, and where there is no value waits for what the loader of that key gives; without a loader it is `get`. All who want a
   * key that is being loaded wait for the same run, be they calls of any thread or clients.
   *
   * @param options `signal` ends the waiting, not the load; the promise is then rejected with the signal's reason
   * @throws LoadError `RINGSTONE_LOAD_FAILED`, `RINGSTONE_LOAD_TIMEOUT`, `RINGSTONE_LOAD_REFUSED`, by rejection, unless the loader
   *   has failures answered as misses
   */
  async fetch(key: Key, options?: { readonly signal?: AbortSignal | undefined }): Promise<Out | undefined> {
    if (options !== undefined) checkOptions('fetch', options, ['signal']);
    return this.#openLoads().fetch(key, options?.signal);
  }

  /**
   * Has values that are missing loaded, once for all who want them, in every thread and over every protocol; docs/loaders.md says
   * how. It is called in this thread.
   *
   * @param pattern a prefix of keys, or a glob if it has one of `*`, `?` and `[`; of several that match, the closest counts
   * @throws RingstoneError `RINGSTONE_INVALID_ARGUMENT`
   */
  loader(pattern: string, load: LoadFunction<In, Out>, options: LoaderOptions = {}): Loader {
    return this.#openLoads().register(pattern, load, options);
  }

  #openLoads(): Loads<Out, In> {
    if (this.#closed) throw statusError(STATUS.CLOSED);
    this.#loads ??= loadsOf(this, portOf(this));
    return this.#loads;
  }

  /**
   * Has memcached and Redis clients see it as well, until the server is closed. One server at a time.
   *
   * @throws ConfigError when the options do not hold, RingstoneError when the server cannot start
   */
  async serve(options: ServeOptions): Promise<CacheServer> {
    if (this.#closed) throw statusError(STATUS.CLOSED);
    return serveCache(portOf(this).native, options);
  }

  /** Lets the cache go; the last in the process who does frees its memory. A server goes on until it is closed. */
  close(): void {
    this.#closed = true;
    this.#loads?.close();
    portOf(this).native.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function severalOf<Out, In>(cache: Cache<Out, In>, port: Port): Several<Out, In> {
  return new Several<Out, In>(port.operations, {
    get: key => cache.get(key),
    getString: key => cache.getString(key),
    encode: value => port.encode(value),
    set: (key, bytes, flags, ttl) => void isYes(port.operations.set(key, bytes, flags, ttl)),
    room: () => port.room(),
    take: bytes => port.take(bytes),
    decode: (bytes, flags) => port.decode(bytes, flags) as Out,
    largest: LARGEST_IN_SLAB,
  });
}

function loadsOf<Out, In>(cache: Cache<Out, In>, port: Port): Loads<Out, In> {
  return new Loads<Out, In>({
    native: port.native,
    ask: port.operations.ask,
    get: key => cache.get(key),
    encode: value => ({ bytes: port.encode(value), flags: port.flags }),
    decode: (bytes, flags) => port.decode(bytes, flags) as Out,
  });
}
