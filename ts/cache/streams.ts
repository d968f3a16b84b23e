import { addAbortSignal, Readable, Writable } from 'node:stream';
import { types } from 'node:util';
import { RingstoneError } from '../errors.ts';
import type { NativeCache, NativeReader, NativeWriter } from '../native.ts';
import { checkOptions, invalid, type Key, MAX_KEY_BYTES, ttlOf } from './arguments.ts';
import { STATUS, statusError } from './status.ts';

/** Options of a stream that writes a value. */
export interface WriteStreamOptions {
  /**
   * Bytes of the value, if they are known. The room is reserved at once then, and what can never be stored is refused before a byte is
   * taken; more or fewer bytes are an error.
   */
  readonly size?: number | undefined;
  /** Milliseconds to live from the end of the stream on; 0 and `Infinity` are for ever. By default as the cache says. */
  readonly ttl?: number | undefined;
  /**
   * Milliseconds without a byte after which the stream fails, because what it has reserved is withheld from others. 60,000 by
   * default; 0 and `Infinity` are never.
   */
  readonly idleTimeout?: number | undefined;
  /** Destroys the stream. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of a stream that reads a value. */
export interface ReadStreamOptions {
  /** The first byte that is read, from 0 on. */
  readonly start?: number | undefined;
  /** The last byte that is read, itself included. */
  readonly end?: number | undefined;
  /** Bytes that are read at a time, and kept for a slow reader. 65,536 by default. */
  readonly highWaterMark?: number | undefined;
  /** Destroys the stream. */
  readonly signal?: AbortSignal | undefined;
}

const WRITE_NAMES: readonly (keyof WriteStreamOptions)[] = ['size', 'ttl', 'idleTimeout', 'signal'];
const READ_NAMES: readonly (keyof ReadStreamOptions)[] = ['start', 'end', 'highWaterMark', 'signal'];
const IDLE_TIMEOUT_MS = 60_000;
const CHUNK_BYTES = 64 * 1024;
/** The longest delay that a timer takes, milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** A whole number, `Infinity` where that is allowed. */
function whole(name: string, value: number, least: number, most: number = Number.MAX_SAFE_INTEGER): number {
  const holds = value === most || (Number.isSafeInteger(value) && value >= least && value <= most);
  if (!holds) throw invalid(`${name} must be a whole number from ${least} to ${most}, not ${String(value)}`);
  return value;
}

function duration(name: string, value: number): number {
  if (typeof value !== 'number' || !(value >= 0)) {
    throw invalid(`${name} must be 0, Infinity or milliseconds, not ${String(value)}`);
  }
  return value === Number.POSITIVE_INFINITY ? 0 : value;
}

function bytesOf(key: Key): Uint8Array {
  if (typeof key === 'string') return Buffer.from(key);
  if (types.isUint8Array(key)) return key;
  throw statusError(STATUS.BAD_KEY);
}

/** The bytes of a value on their way into the cache. */
class ValueWritable extends Writable {
  readonly #native: NativeWriter;
  readonly #idle: NodeJS.Timeout | undefined;

  constructor(native: NativeWriter, idleTimeoutMs: number, signal: AbortSignal | undefined) {
    super();
    this.#native = native;
    if (idleTimeoutMs > 0) {
      this.#idle = setTimeout(() => this.destroy(idleError(idleTimeoutMs)), Math.min(idleTimeoutMs, MAX_TIMER_MS));
      this.#idle.unref();
    }
    // Not by an option of the base class: it would destroy a stream that is not made yet.
    if (signal) addAbortSignal(signal, this);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#idle?.refresh();
    this.#done(this.#native.write(chunk), callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#done(this.#native.publish(), callback);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.#idle);
    this.#native.release();
    callback(error);
  }

  #done(status: number, callback: (error?: Error | null) => void): void {
    callback(status === 0 ? null : statusError(status));
  }
}

/** For a value that is refused at once. It fails in a later turn: `pipeline` does not listen to what is destroyed already. */
class RefusedWritable extends Writable {
  readonly #error: RingstoneError;

  constructor(error: RingstoneError) {
    super();
    this.#error = error;
  }

  override _construct(callback: (error?: Error | null) => void): void {
    callback(this.#error);
  }
}

function idleError(idleTimeoutMs: number): RingstoneError {
  return new RingstoneError(
    'RINGSTONE_IDLE_TIMEOUT',
    `no bytes for ${idleTimeoutMs} ms; what is reserved for the value is others' again`,
  );
}

/** The bytes of one version of a value on their way out of the cache. */
class ValueReadable extends Readable {
  readonly #open: () => NativeReader | number;
  #native: NativeReader | undefined;
  #left = 0;

  constructor(open: () => NativeReader | number, highWaterMark: number, signal: AbortSignal | undefined) {
    super({ highWaterMark });
    this.#open = open;
    if (signal) addAbortSignal(signal, this);
  }

  override _read(wanted: number): void {
    if (!this.#native) {
      const native = this.#open();
      if (typeof native === 'number') return void this.destroy(readError(native));
      this.#native = native;
      this.#left = native.remaining;
    }
    if (this.#left === 0) return void this.push(null);
    const chunk = Buffer.allocUnsafe(Math.min(wanted, this.#left));
    const got = this.#native.read(chunk);
    if (got < 0) return void this.destroy(readError(got));
    this.#left -= got;
    this.push(chunk);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#native?.release();
    callback(error);
  }
}

function readError(status: number): RingstoneError {
  if (status !== STATUS.ABSENT) return statusError(status);
  return new RingstoneError('RINGSTONE_NOT_FOUND', 'there is no value to read under this key');
}

/** See `Cache.createWriteStream`. */
export function createWriter(cache: NativeCache, key: Key, options: WriteStreamOptions): Writable {
  checkOptions('a stream that writes', options, WRITE_NAMES);
  const size = options.size === undefined ? -1 : whole('size', options.size, 0);
  const idleTimeoutMs = duration('idleTimeout', options.idleTimeout ?? IDLE_TIMEOUT_MS);
  const native = cache.writer(bytesOf(key), size, 0, ttlOf({ ttl: options.ttl }));
  if (native === STATUS.CLOSED || native === STATUS.KEY_LENGTH) throw statusError(native);
  if (typeof native === 'number') return new RefusedWritable(statusError(native));
  return new ValueWritable(native, idleTimeoutMs, options.signal);
}

/** See `Cache.createReadStream`. */
export function createReader(cache: NativeCache, key: Key, options: ReadStreamOptions): Readable {
  checkOptions('a stream that reads', options, READ_NAMES);
  const start = whole('start', options.start ?? 0, 0);
  const end = whole('end', options.end ?? Number.POSITIVE_INFINITY, 0, Number.POSITIVE_INFINITY);
  if (start > end) throw invalid(`start, ${start}, is after end, ${end}`);
  const highWaterMark = whole('highWaterMark', options.highWaterMark ?? CHUNK_BYTES, 1);
  const bytes = Uint8Array.from(bytesOf(key));
  if (bytes.length === 0 || bytes.length > MAX_KEY_BYTES) throw statusError(STATUS.KEY_LENGTH);
  return new ValueReadable(() => cache.reader(bytes, start, end + 1), highWaterMark, options.signal);
}
