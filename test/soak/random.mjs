// Repeatable numbers and the values made of them.
const KIB = 1024;
const MIB = 1024 * KIB;

/** Longest value of the soak; the server's default limit. */
export const LONGEST_VALUE_BYTES = 8 * MIB;
/** Bytes that values are cut from, so that a value of 8 MiB costs no copy. */
const FILLER = Buffer.alloc(LONGEST_VALUE_BYTES + 64 * KIB);
for (let at = 0, state = 1; at < FILLER.length; at += 4) {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  FILLER.writeUInt32LE(state, at);
}
/** Where a value may start in the filler. */
const STARTS = 64 * KIB;

/** Bytes that say what a self-describing value is. */
const LONGEST_HEAD_BYTES = 300;

/** Shares of the value lengths: nearly all are small, as in real caches, and all sizes come. */
const LENGTHS = [
  { until: 0.9, from: 1, to: 4 * KIB },
  { until: 0.985, from: 4 * KIB, to: 256 * KIB },
  { until: 1, from: 256 * KIB, to: LONGEST_VALUE_BYTES },
];

/** A generator of repeatable numbers (mulberry32). */
export class Random {
  #state;
  /** @param {number} seed */
  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** From 0 (included) to 1 (excluded). */
  fraction() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** @param {number} limit @returns an integer below it */
  below(limit) {
    return Math.floor(this.fraction() * limit);
  }

  /** @param {number} share */
  chance(share) {
    return this.fraction() < share;
  }

  /**
   * @template T
   * @param {readonly T[]} list not empty
   */
  of(list) {
    return /** @type {T} */ (list[this.below(list.length)]);
  }

  /** A length from 1 byte to 8 MiB, evenly over the powers of two within each share. */
  length() {
    const which = this.fraction();
    const { from, to } = LENGTHS.find(({ until }) => which < until) ?? { from: 1, to: 1 };
    return Math.min(to, Math.floor(from * (to / from) ** this.fraction() + this.fraction()));
  }

  /** @param {number} length */
  value(length) {
    const start = this.below(STARTS);
    return FILLER.subarray(start, start + length);
  }
}

/**
 * A value that says itself what it must be: key, length and place in the filler, then the filler.
 * @param {string} key
 * @param {Random} random
 */
export function describing(key, random) {
  const length = Math.min(random.length(), LONGEST_VALUE_BYTES - LONGEST_HEAD_BYTES);
  const start = random.below(STARTS);
  const head = Buffer.from(`${key} ${length} ${start};`);
  return Buffer.concat([head, FILLER.subarray(start, start + length)]);
}

/**
 * Whether a value is whole and of this key.
 * @param {string} key
 * @param {Buffer} value
 */
export function describes(key, value) {
  const match = /^(\S+) (\d+) (\d+);/.exec(value.toString('latin1', 0, LONGEST_HEAD_BYTES));
  if (match?.[1] !== key) return false;
  const [length, start] = [Number(match[2]), Number(match[3])];
  return value.subarray(match[0].length).equals(FILLER.subarray(start, start + length));
}
