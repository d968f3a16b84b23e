import type { NativeOperations } from '../native.ts';
import { type Bytes, invalid, type Key } from './arguments.ts';
import { STATUS, statusError } from './status.ts';

/** Keys of one call of the core; more take several. */
const KEYS_PER_CALL = 1024;
/** What no key may have that is handed over in one string with others. */
const SEPARATOR = '\0';
/** Characters of values that are written in one call; longer ones are written alone. */
const CHARACTERS_PER_CALL = 64 * 1024;
const LARGEST_JOINED = 4096;
/** In the place of a length: the next text is this value's alone (`OWN_TEXT` in crates/addon/src/direct/several.rs). */
const OWN_TEXT = -(2 ** 31);

/** Where values are read to: as many as fit behind the offset. */
export interface Room {
  readonly slab: Buffer;
  readonly offset: number;
}

/** How a cache reads and writes one key, for what cannot be handed over with others. */
export interface Single<T, In> {
  get(key: Key): T | undefined;
  getString(key: Key): string | undefined;
  set(key: Key, bytes: Bytes, flags: number, ttlMs: number): void;
  /** A value as it is stored. */
  encode(value: In): Bytes;
  /** What is read to the slab is taken from the offset on. */
  room(): Room;
  /** So many bytes of it are taken. */
  take(bytes: number): void;
  /** A value as `get` gives it; throws where its flags are others'. */
  decode(bytes: Buffer, flags: number): T;
  /** A value of more bytes is not read to the slab. */
  readonly largest: number;
}

/** Reads and writes of several keys at once: keys cross as one string, lengths in an array, values together. */
export class Several<T, In> {
  readonly #operations: NativeOperations;
  readonly #single: Single<T, In>;
  /** How many keys were done, then what became of each. */
  readonly #results = new Int32Array(1 + 2 * KEYS_PER_CALL);

  constructor(operations: NativeOperations, single: Single<T, In>) {
    this.#operations = operations;
    this.#single = single;
  }

  /** Values as strings, in the order of the keys. */
  getStrings(keys: readonly Key[]): (string | undefined)[] {
    checkKeys(keys);
    const found = new Array<string | undefined>(keys.length).fill(undefined);
    const results = this.#results;
    for (let first = 0; first < keys.length; ) {
      const count = Math.min(keys.length - first, KEYS_PER_CALL);
      const joined = join(keys, first, count);
      const texts = joined === undefined ? 0 : this.#operations.mgetString(joined, count, results);
      if (texts === 0) {
        for (const end = first + count; first < end; first++) found[first] = this.#single.getString(keys[first] as Key);
      } else if (typeof texts === 'number' && texts < 0) throw statusError(texts);
      else first = cut(texts, results, found, first);
    }
    return found;
  }

  /** Values as the cache gives them, in the order of the keys. */
  get(keys: readonly Key[]): (T | undefined)[] {
    checkKeys(keys);
    const found = new Array<T | undefined>(keys.length).fill(undefined);
    const [single, results] = [this.#single, this.#results];
    for (let first = 0; first < keys.length; ) {
      const count = Math.min(keys.length - first, KEYS_PER_CALL);
      const joined = join(keys, first, count);
      const { slab, offset } = single.room();
      const status = joined === undefined ? 0 : this.#operations.mget(joined, count, results, offset, single.largest);
      if (status < 0) throw statusError(status);
      if (status === 0) {
        for (const end = first + count; first < end; first++) found[first] = single.get(keys[first] as Key);
        continue;
      }
      const done = results[0] as number;
      this.#slice(slab, offset, found, first, done);
      first += done;
      // One that did not fit has a slab of its own, or begins a new one.
      if (done < count) found[first] = single.get(keys[first++] as Key);
    }
    return found;
  }

  /** Puts parts of the slab in the places of their keys. */
  #slice(slab: Buffer, offset: number, found: (T | undefined)[], first: number, done: number): void {
    const single = this.#single;
    // Decoding may be the application's code, which may read several itself.
    const results = this.#results.slice(0, 1 + 2 * done);
    let end = offset;
    for (let at = 0; at < done; at++) end += Math.max(0, results[2 * at + 1] as number);
    single.take(end - offset);
    let begin = offset;
    for (let at = 0; at < done; at++) {
      const length = results[2 * at + 1] as number;
      if (length === STATUS.ABSENT) continue;
      if (length < 0) throw statusError(length);
      found[first + at] = single.decode(slab.subarray(begin, begin + length), results[2 * at + 2] as number);
      begin += length;
    }
  }

  /** Writes, in order; what was written before an error stays. */
  set(entries: Iterable<readonly [Key, In]>, flags: number, ttlMs: number): void {
    let [keys, values, characters]: [string[], string[], number] = [[], [], 0];
    const flush = (): void => {
      if (keys.length > 0) this.#setJoined(keys, values, flags, ttlMs);
      [keys, values, characters] = [[], [], 0];
    };
    checkEntries(entries);
    for (const entry of entries) {
      // A string would pass for an entry of its first two characters.
      if (!Array.isArray(entry)) throw invalid('an entry is an array of a key and a value');
      const [key, given] = entry;
      const value = this.#single.encode(given);
      if (typeof key !== 'string' || typeof value !== 'string' || value.length > LARGEST_JOINED) {
        // What comes before it is written before it.
        flush();
        this.#single.set(key, value, flags, ttlMs);
        continue;
      }
      keys.push(key);
      values.push(value);
      characters += value.length;
      if (keys.length === KEYS_PER_CALL || characters > CHARACTERS_PER_CALL) flush();
    }
    flush();
  }

  #setJoined(keys: string[], values: string[], flags: number, ttlMs: number): void {
    const results = this.#results;
    for (let at = 0; at < values.length; at++) results[at + 1] = (values[at] as string).length;
    const joined = values.join('');
    const status = this.#operations.mset(keys.join(SEPARATOR), keys.length, joined, results, flags, ttlMs);
    if (status < 0) throw statusError(status);
    if (status === 0)
      for (let at = 0; at < keys.length; at++) this.#single.set(keys[at] as string, values[at] as string, flags, ttlMs);
  }
}

function checkKeys(keys: readonly Key[]): void {
  if (!Array.isArray(keys)) throw invalid('keys are an array');
}

function checkEntries(entries: Iterable<unknown>): void {
  if (typeof entries !== 'object' || entries === null || typeof entries[Symbol.iterator] !== 'function') {
    throw invalid('entries are an array, a Map or another iterable of [key, value]');
  }
}

/** Keys as one string; `undefined` where not all of them are strings. */
function join(keys: readonly Key[], first: number, count: number): string | undefined {
  for (let at = first; at < first + count; at++) if (typeof keys[at] !== 'string') return undefined;
  return (count === keys.length ? keys : keys.slice(first, first + count)).join(SEPARATOR);
}

/** Puts the parts of texts in the places of their keys; gives the place behind the last. */
function cut(
  texts: string | string[] | number,
  results: Int32Array,
  found: (string | undefined)[],
  first: number,
): number {
  const done = results[0] as number;
  let text = typeof texts === 'string' ? texts : '';
  let [begin, next] = [0, 0];
  for (let at = 0; at < done; at++) {
    const length = results[at + 1] as number;
    if (length === STATUS.ABSENT) continue;
    if (length === 0) {
      found[first + at] = '';
      continue;
    }
    if (length < 0 && length !== OWN_TEXT) throw statusError(length);
    if (begin === text.length) [text, begin] = [(texts as string[])[next++] as string, 0];
    const end = length === OWN_TEXT ? text.length : begin + length;
    found[first + at] = text.slice(begin, end);
    begin = end;
  }
  return first + done;
}
