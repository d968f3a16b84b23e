// The loads that servers are compared under.

/**
 * @typedef {object} Load
 * @property {string} name as `--only` takes it: tcp-c50-p1-100b
 * @property {'tcp' | 'unix'} transport
 * @property {number} connections
 * @property {number} pipeline
 * @property {ValueSize} value
 */

/**
 * @typedef {object} ValueSize
 * @property {string} name
 * @property {number} bytes
 * @property {number} keys so many that all values fit in every server's memory
 * @property {string} prefix of keys, so that loads of different sizes do not meet
 */

/** @type {readonly ValueSize[]} */
const VALUES = [
  { name: '100b', bytes: 100, keys: 100_000, prefix: 'small:' },
  { name: '16kb', bytes: 16 * 1024, keys: 10_000, prefix: 'large:' },
];

/** Values on their way at once, in bytes; beyond it a load measures buffers. */
const MAX_IN_FLIGHT = 64 * 1024 ** 2;

/** @returns {Load[]} */
function allLoads() {
  const loads = [];
  for (const transport of /** @type {const} */ (['tcp', 'unix'])) {
    for (const value of VALUES) {
      for (const pipeline of [1, 16, 64]) {
        for (const connections of [1, 8, 50, 400]) {
          if (connections * pipeline * value.bytes > MAX_IN_FLIGHT) continue;
          const name = `${transport}-c${connections}-p${pipeline}-${value.name}`;
          loads.push({ name, transport, connections, pipeline, value });
        }
      }
    }
  }
  return loads;
}

/** Every load, in the order of the table. */
export const LOADS = allLoads();

/** Loads of `--quick`: one for each thing that is varied. */
export const QUICK_LOADS = [
  'tcp-c1-p1-100b',
  'tcp-c50-p1-100b',
  'tcp-c400-p1-100b',
  'tcp-c50-p16-100b',
  'tcp-c50-p1-16kb',
  'unix-c50-p1-100b',
];
