import type { NativeOperations } from '../native.ts';
import { type Bytes, invalid, type Key, MAX_KEY_BYTES } from './arguments.ts';
import { STATUS, statusError } from './status.ts';

/** Keys of one call of the core; more take several. */
const KEYS_PER_CALL = 1024;
/** No fewer are handed over at once, however few were read of those before. */
const LEAST_KEYS = 8;
/** What no key may have that is handed over in one string with others: `KEY_SEPARATOR` in crates/engine/src/direct/several.rs. */
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
    return readAll(keys, this.#oneString, this.#someStrings);
  }

  /** Values as the cache gives them, in the order of the keys. */
  get(keys: readonly Key[]): (T | undefined)[] {
    return readAll(keys, this.#oneValue, this.#someValues);
  }

  readonly #oneString = (key: Key): string | undefined => this.#single.getString(key);

  readonly #someStrings: ReadSome<string> = (joined, count, found, first) => {
    const results = this.#results;
    const texts = this.#operations.mgetString(joined, count, results);
    if (texts === 0) return undefined;
    if (typeof texts === 'number' && texts < 0) throw statusError(texts);
    cut(texts, results, found, first);
    return results[0] as number;
  };

  readonly #oneValue = (key: Key): T | undefined => this.#single.get(key);

  readonly #someValues: ReadSome<T> = (joined, count, found, first) => {
    const [single, results] = [this.#single, this.#results];
    const { slab, offset } = single.room();
    const status = this.#operations.mget(joined, count, results, offset, single.largest);
    if (status === 0) return undefined;
    if (status < 0) throw statusError(status);
    const done = results[0] as number;
    this.#slice(slab, offset, found, first, done);
    return done;
  };

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
      const [now, what] = [keys, values];
      [keys, values, characters] = [[], [], 0];
      if (now.length > 0) this.#setJoined(now, what, flags, ttlMs);
    };
    checkEntries(entries);
    try {
      for (const entry of entries) {
        // A string would pass for an entry of its first two characters.
        if (!Array.isArray(entry)) throw invalid('an entry is an array of a key and a value');
        const [key, given] = entry;
        const value = this.#single.encode(given);
        if (!isJoinable(key) || typeof value !== 'string' || value.length > LARGEST_JOINED) {
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
    } finally {
      // Also where an entry has no bytes, or the caller's iterator throws: those before it are written.
      flush();
    }
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

/** Reads some keys at once; how many were read from the first on, `undefined` where they cannot be told apart. */
type ReadSome<V> = (joined: string, count: number, found: (V | undefined)[], first: number) => number | undefined;

/** Reads as many as can be at once, and between them one by one those that cannot. */
function readAll<V>(keys: readonly Key[], single: (key: Key) => V | undefined, some: ReadSome<V>): (V | undefined)[] {
  checkKeys(keys);
  const found = new Array<V | undefined>(keys.length).fill(undefined);
  let most = KEYS_PER_CALL;
  for (let first = 0; first < keys.length; ) {
    const count = Math.min(keys.length - first, most);
    const joined = join(keys, first, count);
    const done = joined === undefined ? undefined : some(joined, count, found, first);
    if (done === undefined) {
      for (const end = first + count; first < end; first++) found[first] = single(keys[first] as Key);
      continue;
    }
    first += done;
    most = Math.min(KEYS_PER_CALL, Math.max(LEAST_KEYS, 2 * done));
    // The next one has no room with others, or something is wrong with it.
    if (done < count) found[first] = single(keys[first++] as Key);
  }
  return found;
}

/** Whether a key may be handed over in one string with others; one that is too long is refused alone. */
function isJoinable(key: Key): key is string {
  return typeof key === 'string' && key.length <= MAX_KEY_BYTES;
}

function checkKeys(keys: readonly Key[]): void {
  if (!Array.isArray(keys)) throw invalid('keys are an array');
}

function checkEntries(entries: Iterable<unknown>): void {
  if (typeof entries !== 'object' || entries === null || typeof entries[Symbol.iterator] !== 'function') {
    throw invalid('entries are an array, a Map or another iterable of [key, value]');
  }
}

/** Keys as one string; `undefined` where not all of them may be. */
function join(keys: readonly Key[], first: number, count: number): string | undefined {
  for (let at = first; at < first + count; at++) if (!isJoinable(keys[at] as Key)) return undefined;
  return (count === keys.length ? keys : keys.slice(first, first + count)).join(SEPARATOR);
}

/** Puts the parts of texts in the places of their keys. */
function cut(
  texts: string | string[] | number,
  results: Int32Array,
  found: (string | undefined)[],
  first: number,
): void {
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
}
