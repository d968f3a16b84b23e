import { deserialize, serialize } from 'node:v8';
import { RingstoneError } from '../errors.ts';
import { type Bytes, invalid } from './arguments.ts';

/**
 * How values become bytes and back. What `encode` and `decode` throw comes through to the caller as it is.
 *
 * @typeParam T what is written and read
 */
export interface Codec<T> {
  /** Values are marked with it: the same name in other threads and programs stands for the same bytes. */
  readonly name: string;
  /** Called once per write. */
  encode(value: T): Bytes;
  /** Called once per read that found a value. The buffer is the codec's to keep. */
  decode(bytes: Buffer): T;
}

/** A codec with the client flags of its values, by which they are told from all others. */
export interface MarkedCodec extends Codec<unknown> {
  readonly flags: number;
  /** Of the values that `incr` makes: the codec's where their digits are what the codec would write, else none. */
  readonly countFlags: number;
  /** From the string that the bytes are as UTF-8, where the codec reads text. */
  readonly parse?: (text: string) => unknown;
}

const JSON_FLAGS = 0x5253_0001;
const V8_FLAGS = 0x5253_0002;
/** The lower half is a hash of the codec's name. */
const OWN_FLAGS = 0x5254_0000;

function damaged(name: string, cause: unknown): RingstoneError {
  return new RingstoneError('RINGSTONE_WRONG_CODEC', `the value is marked as ${name} and is none`, { cause });
}

function encodeJson(value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw new RingstoneError('RINGSTONE_INVALID_ARGUMENT', 'the value has no JSON', { cause });
  }
  if (text === undefined) throw invalid(`a value of type ${typeof value} has no JSON`);
  return text;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw damaged('json', cause);
  }
}

const json: MarkedCodec = {
  name: 'json',
  flags: JSON_FLAGS,
  countFlags: JSON_FLAGS,
  encode: encodeJson,
  decode: bytes => parseJson(bytes.toString()),
  parse: parseJson,
};

const v8: MarkedCodec = {
  name: 'v8',
  flags: V8_FLAGS,
  countFlags: 0,
  encode(value) {
    try {
      return serialize(value);
    } catch (cause) {
      throw new RingstoneError('RINGSTONE_INVALID_ARGUMENT', 'the value cannot be cloned', { cause });
    }
  },
  decode(bytes) {
    try {
      return deserialize(bytes);
    } catch (cause) {
      throw damaged('v8', cause);
    }
  },
};

/** FNV-1a over the UTF-8 of a name, its halves combined. */
function hashOfName(name: string): number {
  let hash = 0x811c_9dc5;
  for (const byte of Buffer.from(name)) hash = Math.imul(hash ^ byte, 0x0100_0193) >>> 0;
  return (hash >>> 16) ^ (hash & 0xffff);
}

/**
 * The codec of a handle, `undefined` for values as they are.
 *
 * @throws RingstoneError `RINGSTONE_INVALID_OPTION`
 */
export function markedCodec(codec: 'json' | 'v8' | Codec<never> | undefined): MarkedCodec | undefined {
  if (codec === undefined) return undefined;
  if (codec === 'json') return json;
  if (codec === 'v8') return v8;
  const { name, encode, decode } = (codec ?? {}) as Partial<Codec<unknown>>;
  if (typeof name !== 'string' || name === '' || typeof encode !== 'function' || typeof decode !== 'function') {
    throw new RingstoneError(
      'RINGSTONE_INVALID_OPTION',
      "codec must be 'json', 'v8', or an object with name, encode and decode",
    );
  }
  const own = codec as unknown as Codec<unknown>;
  return {
    name,
    flags: OWN_FLAGS | hashOfName(name),
    countFlags: 0,
    encode: value => own.encode(value),
    decode: bytes => own.decode(bytes),
  };
}
