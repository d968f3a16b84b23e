// Random numbers that a seed determines, on every machine alike.

/** Outputs that are thrown away until the seed has reached all of the state. */
const WARMUP = 15;

/**
 * sfc32 (Chris Doty-Humphrey, PractRand).
 * @param {number} seed whole number below 2^32
 * @returns {() => number} from 0 to below 1, 53 bits
 */
export function uniform(seed) {
  let a = seed | 0;
  let b = 0x9e3779b9 | 0;
  let c = 0x243f6a88 | 0;
  let count = 1;
  const next = () => {
    const sum = (a + b + count) | 0;
    count = (count + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < WARMUP; i++) next();
  return () => ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) / 2 ** 53;
}

/**
 * Ranks that come in proportion to (rank + 1)^-exponent.
 * @param {number} ranks how many there are
 * @param {number} exponent
 * @param {() => number} random
 * @returns {() => number} a rank, from 0
 */
export function zipf(ranks, exponent, random) {
  const sums = new Float64Array(ranks);
  let sum = 0;
  for (let rank = 0; rank < ranks; rank++) sums[rank] = sum += (rank + 1) ** -exponent;
  return () => {
    const at = random() * sum;
    let [low, high] = [0, ranks - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (/** @type {number} */ (sums[middle]) < at) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}
