/** One protocol as a client speaks it, for tests that write by each and read by each other. */
import type { Wire } from '../../harness/wire.ts';

/** What a protocol shows of an item, besides its value; what it has no word for is left out. */
export interface Facts {
  flags?: number;
  /** Seconds left, -1 for no end. */
  ttlS?: number;
  /** Token of this version. */
  cas?: string;
}

/** How a conditional write ended. */
export type Swapped = 'stored' | 'exists' | 'absent';

/** What was asked of a key that holds a value of another type. */
export class WrongType extends Error {}

/** What was to be counted is no number. */
export class NotNumber extends Error {}

/** A protocol. */
export interface Speaker {
  readonly name: string;
  /** Writes; a protocol without client flags ignores them. */
  set(key: string, value: Buffer, options?: { flags?: number; ttlS?: number }): Promise<void>;
  get(key: string): Promise<Buffer | undefined>;
  facts(key: string): Promise<Facts | undefined>;
  /** Writes if there is none. */
  add(key: string, value: Buffer): Promise<boolean>;
  append(key: string, value: Buffer): Promise<boolean>;
  /** Adds to a number that is there. */
  increment(key: string, by: number): Promise<bigint | undefined>;
  touch(key: string, ttlS: number): Promise<boolean>;
  remove(key: string): Promise<boolean>;
  /** Writes if the item still has this token; `undefined` in a protocol without tokens. */
  swap?(key: string, token: string, value: Buffer): Promise<Swapped>;
  flush(): Promise<void>;
}

/** Makes a connection speak a protocol. */
export type Speak = (wire: Wire) => Promise<Speaker>;
