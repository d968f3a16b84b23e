import {
  type Bytes,
  type CountOptions,
  integer,
  invalid,
  type Key,
  ttlMs,
  ttlOf,
  type WriteOptions,
} from './arguments.ts';
import { type Codec, type MarkedCodec, markedCodec } from './codec.ts';
import { type CacheOptions, openOptions } from './options.ts';
import { type ScanOptions, scan } from './scan.ts';
import { type CacheServer, type ServeOptions, serveCache } from './serve.ts';
import { Slab } from './slab.ts';
import { type CacheStats, cacheStats } from './stats.ts';
import { absent, isYes, STATUS, statusError } from './status.ts';

/** Statuses of `incr` come multiplied, for its numbers may be negative. */
const NO_COUNT = 2 ** 53;
/** Flags for a read that takes any. */
const ANY_FLAGS = -1;

/**
 * A cache outside of the JavaScript heap, bounded in bytes, that all threads of the process and network clients share. All
 * operations are synchronous, and what one of them does is seen whole or not at all, by everybody at once.
 *
 * Besides the errors that an operation names, each throws a `RingstoneError` with the code `RINGSTONE_CLOSED` after `close`, and
 * `RINGSTONE_INVALID_ARGUMENT` for a key that is not 1 to 65,536 bytes, and for arguments of other types than it says; nothing
 * is changed then.
 *
 * @typeParam Out what reads give: `Buffer`, or what the codec decodes
 * @typeParam In what writes take: bytes, or what the codec encodes
 *
 * @example
 * using cache = Cache.open({ name: 'app', maxMemory: '256mb' });
 * cache.set('user:1', 'Ada', { ttl: 5_000 });
 * cache.getString('user:1');
 */
export class Cache<Out = Buffer, In = Bytes> implements Disposable {
  /** By which other threads open it. */
  readonly name: string;
  readonly #slab: Slab;
  readonly #codec: MarkedCodec | undefined;
  #closed = false;

  private constructor(options: CacheOptions<never>) {
    const complete = openOptions(options);
    this.name = complete.name ?? '';
    this.#codec = markedCodec(options.codec);
    this.#slab = new Slab(complete);
  }

  /**
   * Opens a cache, or joins the open one of that name, from any thread of the process.
   *
   * @throws RingstoneError `RINGSTONE_INVALID_OPTION`; `RINGSTONE_OPTIONS_DIFFER` when it is open with other options than those
   * that are given; `RINGSTONE_ARENA_REFUSED` when the system has not so much memory; `RINGSTONE_NATIVE_MISSING`
   */
  static open(options?: CacheOptions & { readonly codec?: undefined }): Cache;
  static open<T = unknown>(options: CacheOptions<T> & { readonly codec: 'json' | 'v8' | Codec<T> }): Cache<T, T>;
  static open(options: object = {}): unknown {
    return new Cache(options);
  }

  /** Whether `close` was called. */
  get closed(): boolean {
    return this.#closed;
  }

  // Reading

  /**
   * The value, or `undefined` where there is none. A buffer is the caller's own and stays as it is.
   *
   * @throws RingstoneError `RINGSTONE_WRONG_CODEC` when the handle has a codec and the value is not by it; `RINGSTONE_WRONG_TYPE`
   * when the key holds a hash of a Redis client
   */
  get(key: Key): Out | undefined {
    const codec = this.#codec;
    return codec === undefined ? (this.#slab.get(key) as Out | undefined) : this.#decoded(key, codec);
  }

  #decoded(key: Key, codec: MarkedCodec): Out | undefined {
    if (codec.parse) {
      const text = this.#slab.operations.getString(key, codec.flags);
      return typeof text === 'string' ? (codec.parse(text) as Out) : absent(text);
    }
    return this.#decode(this.#slab.getOf(key, codec.flags), codec);
  }

  #decode(bytes: Buffer | undefined, codec: MarkedCodec | undefined): Out | undefined {
    return (bytes === undefined || codec === undefined ? bytes : codec.decode(bytes)) as Out | undefined;
  }

  /**
   * The value's bytes read as UTF-8, whatever codec they are by; those that are not UTF-8 become U+FFFD.
   *
   * @throws RingstoneError `RINGSTONE_WRONG_TYPE`; `RINGSTONE_TOO_LARGE` when it is longer than a string can be
   */
  getString(key: Key): string | undefined {
    const value = this.#slab.operations.getString(key);
    return typeof value === 'string' ? value : absent(value);
  }

  /**
   * The value's bytes, whatever codec they are by.
   *
   * @throws RingstoneError `RINGSTONE_WRONG_TYPE`
   */
  getBuffer(key: Key): Buffer | undefined {
    return this.#slab.get(key);
  }

  /**
   * Copies as much of the value's bytes as fits into `target`, from `offset` on, without making a buffer. The target may be on
   * shared memory.
   *
   * @returns the whole length of the value in bytes, which may be more than was copied, or `undefined` where there is none
   * @throws RingstoneError `RINGSTONE_WRONG_TYPE`
   */
  getInto(key: Key, target: Uint8Array, offset = 0): number | undefined {
    if (!(offset >= 0)) throw invalid(`offset is an index of the target, not ${String(offset)}`);
    const length = this.#slab.operations.getInto(key, target, offset);
    return length < 0 ? absent(length) : length;
  }

  /**
   * As `get`, but not counted as a read: neither hit nor miss, nor a reason to keep the item when room is made.
   *
   * @throws RingstoneError as `get`
   */
  peek(key: Key): Out | undefined {
    const codec = this.#codec;
    return this.#decode(this.#slab.peekOf(key, codec ? codec.flags : ANY_FLAGS), codec);
  }

  /**
   * The value with the token of its version, for `cas`.
   *
   * @throws RingstoneError as `get`
   */
  getWithCas(key: Key): { value: Out; cas: bigint } | undefined {
    const codec = this.#codec;
    const found = this.#slab.getWithCas(key, codec ? codec.flags : ANY_FLAGS);
    return found && { value: this.#decode(found.value, codec) as Out, cas: found.cas };
  }

  /** Whether there is an item, a hash of a Redis client too. Not counted as a read. */
  has(key: Key): boolean {
    return isYes(this.#slab.operations.has(key));
  }

  /** Milliseconds that the item has left, `Infinity` for one that never expires, `undefined` where there is none. Not counted as a read. */
  ttl(key: Key): number | undefined {
    const left = this.#slab.operations.ttl(key);
    return left < 0 ? absent(left) : left;
  }

  // Writing

  #encode(value: In): Bytes {
    return this.#codec === undefined ? (value as Bytes) : this.#codec.encode(value);
  }

  /** Client flags of what this handle writes. */
  get #flags(): number {
    return this.#codec === undefined ? 0 : this.#codec.flags;
  }

  /**
   * Writes, whatever there is. Without a `ttl` the item has the cache's default one, not that of what was there.
   *
   * @throws RingstoneError `RINGSTONE_TOO_LARGE`, `RINGSTONE_OUT_OF_MEMORY`, `RINGSTONE_BUSY`; what was there is there still
   */
  set(key: Key, value: In, options?: WriteOptions): void {
    const { operations } = this.#slab;
    const codec = this.#codec;
    let status: number;
    if (codec !== undefined) status = operations.set(key, codec.encode(value), codec.flags, ttlOf(options));
    else if (options === undefined) status = operations.set(key, value as Bytes);
    else status = operations.set(key, value as Bytes, 0, ttlOf(options));
    if (status < 0) throw statusError(status);
  }

  /**
   * Writes where there is no item.
   *
   * @returns whether there was none
   * @throws RingstoneError as `set`
   */
  add(key: Key, value: In, options?: WriteOptions): boolean {
    return isYes(this.#slab.operations.add(key, this.#encode(value), this.#flags, ttlOf(options)));
  }

  /**
   * Writes where there is an item.
   *
   * @returns whether there was one
   * @throws RingstoneError as `set`
   */
  replace(key: Key, value: In, options?: WriteOptions): boolean {
    return isYes(this.#slab.operations.replace(key, this.#encode(value), this.#flags, ttlOf(options)));
  }

  /**
   * Writes where the item is still of the version that `getWithCas` gave the token of.
   *
   * @returns whether it was
   * @throws RingstoneError as `set`
   */
  cas(key: Key, value: In, cas: bigint, options?: WriteOptions): boolean {
    return isYes(this.#slab.operations.cas(key, this.#encode(value), this.#flags, ttlOf(options), cas));
  }

  /**
   * Adds bytes behind a value; its time of expiry stays.
   *
   * @returns whether there was one; if not, nothing is written
   * @throws RingstoneError as `set`; `RINGSTONE_WRONG_TYPE`; `RINGSTONE_WRONG_CODEC` on a handle with a codec
   */
  append(key: Key, bytes: Bytes): boolean {
    this.#refuseCodec();
    return isYes(this.#slab.operations.append(key, bytes));
  }

  /**
   * Adds bytes before a value; its time of expiry stays.
   *
   * @returns whether there was one; if not, nothing is written
   * @throws RingstoneError as `append`
   */
  prepend(key: Key, bytes: Bytes): boolean {
    this.#refuseCodec();
    return isYes(this.#slab.operations.prepend(key, bytes));
  }

  #refuseCodec(): void {
    if (this.#codec !== undefined) throw statusError(STATUS.WRONG_CODEC);
  }

  /**
   * Adds to a number, as Redis does: the value is a whole number of 64 bits in decimal digits. A key that is not there begins
   * with `initial`, and gets the TTL; one that is there keeps its time of expiry. A handle with the codec `json` counts in
   * numbers that `get` reads; with other codecs only `getString` reads what `incr` made.
   *
   * @param by a safe integer
   * @returns the new number
   * @throws RingstoneError `RINGSTONE_NOT_A_NUMBER`; `RINGSTONE_OUT_OF_RANGE` when the result would not be a safe integer;
   * `RINGSTONE_WRONG_TYPE`; as `set`
   */
  incr(key: Key, by = 1, options?: CountOptions): number {
    integer('by', by);
    const { operations } = this.#slab;
    const codec = this.#codec;
    const number =
      options === undefined && codec === undefined
        ? operations.incr(key, by)
        : operations.incr(key, by, integer('initial', options?.initial ?? 0), ttlOf(options), codec?.countFlags ?? 0);
    if (number < Number.MIN_SAFE_INTEGER) throw statusError(number / NO_COUNT);
    return number;
  }

  /** The same with `-by`. */
  decr(key: Key, by = 1, options?: CountOptions): number {
    return this.incr(key, -integer('by', by), options);
  }

  /**
   * Sets the milliseconds that an item has left; 0 and `Infinity` are for ever.
   *
   * @returns whether there was one
   * @throws RingstoneError `RINGSTONE_OUT_OF_MEMORY`
   */
  touch(key: Key, ttl: number): boolean {
    return isYes(this.#slab.operations.touch(key, ttlMs(ttl)));
  }

  /**
   * Removes an item.
   *
   * @returns whether there was one
   */
  delete(key: Key): boolean {
    return isYes(this.#slab.operations.delete(key));
  }

  /** Removes all items, for everybody. Takes no longer with many; their memory is free within moments. */
  clear(): void {
    isYes(this.#slab.operations.clear());
  }

  // All keys

  /**
   * Walks through the keys, in no order. A key that is there all the time is given exactly once, none twice; one that comes or
   * goes meanwhile may be given or not. The cache may be used, and changed, while it goes on. Not counted as reads.
   */
  scan(options?: ScanOptions & { readonly as?: 'string' | undefined }): IterableIterator<string>;
  scan(options: ScanOptions & { readonly as: 'buffer' }): IterableIterator<Buffer>;
  scan(options: ScanOptions = {}): IterableIterator<string | Buffer> {
    return scan(this.#slab, options);
  }

  /** Items that there are. One that has expired is among them until somebody asks for it, or the cleanup comes. */
  get size(): number {
    const size = this.#slab.operations.size();
    if (size < 0) throw statusError(size);
    return size;
  }

  /** Counters and gauges, read now. Not for each request: it looks at every part of the cache. */
  stats(): CacheStats {
    return cacheStats(this.#slab.native);
  }

  // Life

  /**
   * Has memcached and Redis clients see it as well, until the server is closed. One server at a time.
   *
   * @throws ConfigError when the options do not hold, RingstoneError when the server cannot start
   */
  async serve(options: ServeOptions): Promise<CacheServer> {
    if (this.#closed) throw statusError(STATUS.CLOSED);
    return serveCache(this.#slab.native, options);
  }

  /** Lets the cache go; the last in the process who does frees its memory. A server goes on until it is closed. */
  close(): void {
    this.#closed = true;
    this.#slab.native.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
