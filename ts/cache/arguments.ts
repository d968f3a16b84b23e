import { RingstoneError } from '../errors.ts';
import { unknownOption } from './known.ts';

/** A key: 1 to 65,536 bytes. A string stands for its UTF-8, so that network clients see the same key. */
export type Key = string | Uint8Array;
/** A value as it is stored. A string stands for its UTF-8; a surrogate that stands alone becomes U+FFFD. */
export type Bytes = string | Uint8Array;

/** Options of a write. */
export interface WriteOptions {
  /** Milliseconds to live, of which a part counts as a whole one; 0 and `Infinity` are for ever. By default as the cache says. */
  readonly ttl?: number | undefined;
}

/** Options of `incr` and `decr`. */
export interface CountOptions extends WriteOptions {
  /** The number that a key begins with that is not there, before `by` is added. A safe integer; 0 by default. */
  readonly initial?: number | undefined;
}

/** Bytes of the longest key: `MAX_KEY_BYTES` in crates/store/src/options.rs. */
export const MAX_KEY_BYTES = 65_536;

/** What the core takes for the default TTL. */
const DEFAULT_TTL = -1;

/** An error of an argument. */
export function invalid(message: string): RingstoneError {
  return new RingstoneError('RINGSTONE_INVALID_ARGUMENT', message);
}

/** As the core takes it: whole milliseconds, 0 for ever. */
export function ttlMs(ttl: number): number {
  if (typeof ttl !== 'number' || !(ttl >= 0)) {
    throw invalid(`ttl is a number of milliseconds from 0 on, not ${String(ttl)}`);
  }
  return ttl >= Number.MAX_SAFE_INTEGER ? 0 : Math.ceil(ttl);
}

/**
 * Throws where options are no object, or one is unknown.
 *
 * @param of whose options, as in "a write has no option tll"
 */
export function checkOptions(of: string, options: unknown, names: readonly string[]): void {
  const problem = unknownOption(of, options, names);
  if (problem !== undefined) throw invalid(problem);
}

const WRITE_NAMES = ['ttl'];
const COUNT_NAMES = ['initial', 'ttl'];

/** The TTL of a write. */
export function ttlOf(options: WriteOptions | undefined): number {
  if (options === undefined) return DEFAULT_TTL;
  const ttl = options?.ttl;
  if (ttl !== undefined) return ttlMs(ttl);
  // Only here, where it costs others nothing: a TTL by another name, or a bare number, would have the item live for ever.
  checkOptions('a write', options, WRITE_NAMES);
  return DEFAULT_TTL;
}

/** What a count begins with, and its TTL. */
export function countOf(options: CountOptions | undefined): { readonly initial: number; readonly ttlMs: number } {
  if (options === undefined) return { initial: 0, ttlMs: DEFAULT_TTL };
  checkOptions('a count', options, COUNT_NAMES);
  const { initial = 0, ttl } = options;
  return { initial: integer('initial', initial), ttlMs: ttlOf({ ttl }) };
}

/** A safe integer. */
export function integer(name: string, value: number): number {
  if (!Number.isSafeInteger(value)) throw invalid(`${name} is a safe integer, not ${String(value)}`);
  return value;
}

/** A whole number within bounds. */
export function within(name: string, value: number, least: number, most: number): number {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw invalid(`${name} is a whole number from ${least} to ${most}, not ${String(value)}`);
  }
  return value;
}
