// Keys, values and orders of calls, all made before anything is measured.
import { uniform, zipf } from '../missratio/random.mjs';

/** Calls before the order of keys comes again, at most: more than any processor's cache has lines. */
const LONGEST_ORDER = 2 ** 20;
/** Times that each key comes in an order that is shorter. */
const TURNS = 16;
/** Values that writes take in turn; a power of two. */
export const VALUES = 1024;
/** Counters that `incr` is asked for. */
export const COUNTERS = 1000;
const ZIPF_EXPONENT = 0.99;
/** Far from any power of two: scatters ranks, so that popular keys are not neighbours. */
const SCATTER = 611_953;
const FIRST_NUMBER = 100_000_000;
const SEED = 6;
/** What every value begins with. */
const FIRST_BYTE = 0x76;

/** A string of its own on the heap, not a rope of parts. @param {string} text */
const flat = text => Buffer.from(text, 'latin1').toString('latin1');

/** Key of an entry, as a rope that is made now. @param {number} number */
export const freshKey = number => `object:${FIRST_NUMBER + number}`;

/** @param {number} entries @returns {string[]} */
export const makeKeys = entries => Array.from({ length: entries }, (_, number) => flat(freshKey(number)));

/** @returns {string[]} */
export const makeCounterKeys = () =>
  Array.from({ length: COUNTERS }, (_, number) => flat(`counts:${FIRST_NUMBER + number}`));

/**
 * Gives values that share no memory, each an object or a string of its own.
 * @param {number} bytes
 * @param {'string' | 'buffer'} kind
 * @returns {(number: number) => string | Buffer}
 */
export function valueMaker(bytes, kind) {
  const source = Buffer.alloc(bytes, FIRST_BYTE);
  const digits = Math.min(8, bytes - 1);
  return number => {
    source.write(String(number % 10 ** digits).padStart(digits, '0'), 1, digits, 'latin1');
    return kind === 'string' ? source.toString('latin1') : Buffer.from(source);
  };
}

/** What a read of a value adds to the sum that nobody can optimise away. @param {number} bytes */
export const valueSum = bytes => bytes + FIRST_BYTE;

/** Calls before the order of keys comes again; a power of two. @param {number} entries */
const orderLength = entries => Math.min(LONGEST_ORDER, 2 ** Math.ceil(Math.log2(entries * TURNS)));

/**
 * Numbers of entries, in the order in which they are asked for.
 * @param {number} entries
 * @param {'uniform' | 'zipf'} order
 * @param {number} thread
 */
export function makeOrder(entries, order, thread) {
  const random = uniform(SEED + thread);
  const draw = order === 'zipf' ? zipf(entries, ZIPF_EXPONENT, random) : () => Math.floor(random() * entries);
  return Uint32Array.from({ length: orderLength(entries) }, () => (draw() * SCATTER) % entries);
}

/**
 * Groups of keys for calls that take several; as many as a power of two.
 * @param {readonly string[]} keys
 * @param {Uint32Array} order
 * @param {number} size
 */
export function makeGroups(keys, order, size) {
  const count = 2 ** Math.floor(Math.log2(order.length / size));
  return Array.from({ length: count }, (_, group) =>
    Array.from(order.subarray(group * size, (group + 1) * size), number => /** @type {string} */ (keys[number])),
  );
}
