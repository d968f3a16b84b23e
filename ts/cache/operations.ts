import {
  type Bytes,
  type CountOptions,
  countOf,
  integer,
  invalid,
  type Key,
  ttlMs,
  ttlOf,
  type WriteOptions,
} from './arguments.ts';
import type { MarkedCodec } from './codec.ts';
import type { Port } from './port.ts';
import { absent, isYes, STATUS, statusError } from './status.ts';

/** Statuses of `incr` come multiplied, for its numbers may be negative. */
const NO_COUNT = 2 ** 53;
/** Flags for a read that takes any. */
const ANY_FLAGS = -1;

/** How a cache reaches the core; for the files beside this one. */
export let portOf: (of: KeyOperations<unknown, never>) => Port;

/**
 * The operations of a cache on one key. All are synchronous, and what one of them does is seen whole or not at all, by everybody
 * at once: other threads and network clients.
 *
 * Besides the errors that an operation names, each throws a `RingstoneError` with the code `RINGSTONE_CLOSED` after `close`, and
 * `RINGSTONE_INVALID_ARGUMENT` for a key that is not 1 to 65,536 bytes, and for arguments of other types than it says; nothing
 * is changed then.
 *
 * @typeParam Out what reads give: `Buffer`, or what the codec decodes
 * @typeParam In what writes take: bytes, or what the codec encodes
 */
export abstract class KeyOperations<Out = Buffer, In = Bytes> {
  readonly #port: Port;

  static {
    portOf = operations => operations.#port;
  }

  protected constructor(port: Port) {
    this.#port = port;
  }

  // Reading

  /**
   * The value, or `undefined` where there is none. A buffer is the caller's own and stays as it is.
   *
   * @throws RingstoneError `RINGSTONE_WRONG_CODEC` when the handle has a codec and the value is not by it; `RINGSTONE_WRONG_TYPE`
   * when the key holds a hash of a Redis client
   */
  get(key: Key): Out | undefined {
    const { codec } = this.#port;
    return codec === undefined ? (this.#port.get(key) as Out | undefined) : this.#decoded(key, codec);
  }

  #decoded(key: Key, codec: MarkedCodec): Out | undefined {
    if (codec.parse) {
      const text = this.#port.operations.getString(key, codec.flags);
      return typeof text === 'string' ? (codec.parse(text) as Out) : absent(text);
    }
    return this.#decode(this.#port.getOf(key, codec.flags), codec);
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
    const value = this.#port.operations.getString(key);
    return typeof value === 'string' ? value : absent(value);
  }

  /**
   * The value's bytes, whatever codec they are by.
   *
   * @throws RingstoneError `RINGSTONE_WRONG_TYPE`
   */
  getBuffer(key: Key): Buffer | undefined {
    return this.#port.get(key);
  }

  /**
   * Copies as much of the value's bytes as fits into `target`, from `offset` on, without making a buffer. The target may be on
   * shared memory.
   *
   * @returns the whole length of the value in bytes, which may be more than was copied, or `undefined` where there is none
   * @throws RingstoneError `RINGSTONE_WRONG_TYPE`
   */
  getInto(key: Key, target: Uint8Array, offset = 0): number | undefined {
    if (!Number.isInteger(offset) || offset < 0)
      throw invalid(`offset is an index of the target, not ${String(offset)}`);
    const length = this.#port.operations.getInto(key, target, offset);
    return length < 0 ? absent(length) : length;
  }

  /**
   * As `get`, but not counted as a read: neither hit nor miss, nor a reason to keep the item when room is made.
   *
   * @throws RingstoneError as `get`
   */
  peek(key: Key): Out | undefined {
    const { codec } = this.#port;
    return this.#decode(this.#port.peekOf(key, codec ? codec.flags : ANY_FLAGS), codec);
  }

  /**
   * The value with the token of its version, for `cas`.
   *
   * @throws RingstoneError as `get`
   */
  getWithCas(key: Key): { value: Out; cas: bigint } | undefined {
    const { codec } = this.#port;
    const found = this.#port.getWithCas(key, codec ? codec.flags : ANY_FLAGS);
    return found && { value: this.#decode(found.value, codec) as Out, cas: found.cas };
  }

  /** Whether there is an item, a hash of a Redis client too. Not counted as a read. */
  has(key: Key): boolean {
    return isYes(this.#port.operations.has(key));
  }

  /** Milliseconds that the item has left, `Infinity` for one that never expires, `undefined` where there is none. Not counted as a read. */
  ttl(key: Key): number | undefined {
    const left = this.#port.operations.ttl(key);
    return left < 0 ? absent(left) : left;
  }

  // Writing

  /**
   * Writes, whatever there is. Without a `ttl` the item has the cache's default one, not that of what was there.
   *
   * @throws RingstoneError `RINGSTONE_TOO_LARGE`, `RINGSTONE_OUT_OF_MEMORY`, `RINGSTONE_BUSY`; what was there is there still
   */
  set(key: Key, value: In, options?: WriteOptions): void {
    const { operations, codec } = this.#port;
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
    const port = this.#port;
    return isYes(port.operations.add(key, port.encode(value), port.flags, ttlOf(options)));
  }

  /**
   * Writes where there is an item.
   *
   * @returns whether there was one
   * @throws RingstoneError as `set`
   */
  replace(key: Key, value: In, options?: WriteOptions): boolean {
    const port = this.#port;
    return isYes(port.operations.replace(key, port.encode(value), port.flags, ttlOf(options)));
  }

  /**
   * Writes where the item is still of the version that `getWithCas` gave the token of.
   *
   * @returns whether it was
   * @throws RingstoneError as `set`
   */
  cas(key: Key, value: In, cas: bigint, options?: WriteOptions): boolean {
    const port = this.#port;
    return isYes(port.operations.cas(key, port.encode(value), port.flags, ttlOf(options), cas));
  }

  /**
   * Adds bytes behind a value; its time of expiry stays.
   *
   * @returns whether there was one; if not, nothing is written
   * @throws RingstoneError as `set`; `RINGSTONE_WRONG_TYPE`; `RINGSTONE_WRONG_CODEC` on a handle with a codec
   */
  append(key: Key, bytes: Bytes): boolean {
    this.#refuseCodec();
    return isYes(this.#port.operations.append(key, bytes));
  }

  /**
   * Adds bytes before a value; its time of expiry stays.
   *
   * @returns whether there was one; if not, nothing is written
   * @throws RingstoneError as `append`
   */
  prepend(key: Key, bytes: Bytes): boolean {
    this.#refuseCodec();
    return isYes(this.#port.operations.prepend(key, bytes));
  }

  #refuseCodec(): void {
    if (this.#port.codec !== undefined) throw statusError(STATUS.WRONG_CODEC);
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
    const { operations, codec } = this.#port;
    let number: number;
    if (options === undefined && codec === undefined) number = operations.incr(key, by);
    else {
      const { initial, ttlMs } = countOf(options);
      number = operations.incr(key, by, initial, ttlMs, codec?.countFlags ?? 0);
    }
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
    return isYes(this.#port.operations.touch(key, ttlMs(ttl)));
  }

  /**
   * Removes an item.
   *
   * @returns whether there was one
   */
  delete(key: Key): boolean {
    return isYes(this.#port.operations.delete(key));
  }

  /** Removes all items, for everybody. Takes no longer with many; their memory is free within moments. */
  clear(): void {
    isYes(this.#port.operations.clear());
  }
}
