import { markAsUntransferable } from 'node:worker_threads';
import { fromNative } from '../errors.ts';
import { loadNative, type NativeCache, type NativeOperations, type OpenOptions } from '../native.ts';
import type { Bytes, Key } from './arguments.ts';
import type { MarkedCodec } from './codec.ts';
import { absent, STATUS, statusError } from './status.ts';

/** Bytes of the buffer that values are read through, of which the first are for what is told beside a value. */
const SLAB_BYTES = 64 * 1024;
const SLAB_HEAD = 16;
/** Values of more than this have a buffer of their own, so that a small part of one that is kept does not keep much. The core goes by it as well: `SLAB_SHARE` in crates/addon/src/direct/handle.rs. */
export const LARGEST_IN_SLAB = SLAB_BYTES / 8;

/** Memory that the core writes to while we hold it: it must stay where it is. */
function newSlab(): Buffer {
  const slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  markAsUntransferable(slab.buffer);
  return slab;
}

/**
 * An open cache as the core and the codec see it, and how values come from it as buffers: they are cut from a slab, each byte of
 * which is given once, so that a buffer stays as it is.
 */
export class Port {
  /** The control plane. */
  readonly native: NativeCache;
  /** The data plane. */
  readonly operations: NativeOperations;
  /** `undefined` where values are bytes as they are. */
  readonly codec: MarkedCodec | undefined;
  #slab: Buffer = newSlab();
  #offset = SLAB_HEAD;

  /** @throws RingstoneError as `Cache.open` */
  constructor(options: OpenOptions, codec: MarkedCodec | undefined) {
    this.codec = codec;
    try {
      this.native = loadNative().openCache(options, this.#slab);
      this.operations = this.native.operations() as NativeOperations;
    } catch (error) {
      throw fromNative(error);
    }
  }

  /**
   * Where the next value goes. A slab whose memory was given away, which `ArrayBuffer.prototype.transfer` does in spite of the
   * mark, has no length any more, and the core must not be let write to it.
   */
  #room(): number {
    if (this.#slab.length !== SLAB_BYTES) this.#renew();
    return this.#offset;
  }

  #renew(): void {
    this.#slab = newSlab();
    this.#offset = SLAB_HEAD;
    this.native.useSlab(this.#slab);
  }

  /** The value that an operation has read: in the slab at the offset, or kept. */
  #cut(offset: number, length: number): Buffer {
    const end = offset + length;
    if (end > SLAB_BYTES || length > LARGEST_IN_SLAB) return this.#take(length);
    this.#offset = end;
    return this.#slab.subarray(offset, end);
  }

  #take(length: number): Buffer {
    if (length > LARGEST_IN_SLAB) return this.takeKept(length);
    this.#renew();
    this.operations.take(this.#slab, SLAB_HEAD);
    this.#offset = SLAB_HEAD + length;
    return this.#slab.subarray(SLAB_HEAD, this.#offset);
  }

  /** What the core keeps, in a buffer of its own. */
  takeKept(length: number): Buffer {
    const own = Buffer.allocUnsafeSlow(length);
    this.operations.take(own, 0);
    return own;
  }

  /** Where values of several keys go that are read at once, from the offset on. */
  room(): { readonly slab: Buffer; readonly offset: number } {
    return { offset: this.#room(), slab: this.#slab };
  }

  /** So many bytes of it were cut. */
  take(bytes: number): void {
    this.#offset += bytes;
  }

  /** A value as it is stored. */
  encode(value: unknown): Bytes {
    return this.codec === undefined ? (value as Bytes) : this.codec.encode(value);
  }

  /** Client flags of what is written. */
  get flags(): number {
    return this.codec === undefined ? 0 : this.codec.flags;
  }

  /**
   * A value as it is read, of known flags.
   *
   * @throws RingstoneError `RINGSTONE_WRONG_CODEC`
   */
  decode(bytes: Buffer, flags: number): unknown {
    const { codec } = this;
    if (codec === undefined) return bytes;
    if (flags >>> 0 !== codec.flags) throw statusError(STATUS.WRONG_CODEC);
    return codec.decode(bytes);
  }

  /** A value of any flags. */
  get(key: Key): Buffer | undefined {
    const offset = this.#room();
    const length = this.operations.get(key, offset);
    return length < 0 ? absent(length) : this.#cut(offset, length);
  }

  /** A value of these flags; of any where they are negative. */
  getOf(key: Key, flags: number): Buffer | undefined {
    const offset = this.#room();
    const length = this.operations.get(key, offset, flags);
    return length < 0 ? absent(length) : this.#cut(offset, length);
  }

  /** The same, uncounted. */
  peekOf(key: Key, flags: number): Buffer | undefined {
    const offset = this.#room();
    const length = this.operations.peek(key, offset, flags);
    return length < 0 ? absent(length) : this.#cut(offset, length);
  }

  /** The same, with the token of the version. */
  getWithCas(key: Key, flags: number): { value: Buffer; cas: bigint } | undefined {
    const offset = this.#room();
    const length = this.operations.getWithCas(key, offset, flags);
    if (length < 0) return absent(length);
    const cas = this.#slab.readBigUInt64LE(0);
    return { value: this.#cut(offset, length), cas };
  }
}
