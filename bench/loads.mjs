// The loads that servers are compared under.

/**
 * @typedef {object} Load
 * @property {string} name as `--only` takes it: tcp-c50-p1-100b
 * @property {'tcp' | 'unix'} transport
 * @property {number} connections
 * @property {number} pipeline
 * @property {number} keysPerGet
 * @property {ValueSize} value
 */

/**
 * @typedef {object} ValueSize
 * @property {string} name
 * @property {number} bytes
 * @property {number} keys so many that all values fit in every server's memory
 * @property {string} prefix of keys, so that loads of different sizes do not meet
 * @property {boolean} [absent] nobody sets them: gets only, and all of them miss
 */

/** @type {ValueSize} */
const SMALL = { name: '100b', bytes: 100, keys: 100_000, prefix: 'small:' };
/** @type {ValueSize} */
const LARGE = { name: '16kb', bytes: 16 * 1024, keys: 10_000, prefix: 'large:' };
/** All requests to one key. @type {ValueSize} */
const ONE_KEY = { name: 'one-key', bytes: 100, keys: 1, prefix: 'hot:' };

/** Keys that are not there. @type {ValueSize} */
const ABSENT = { name: 'absent', bytes: 100, keys: 100_000, prefix: 'absent:', absent: true };

/** Values on their way at once, in bytes; beyond it a load measures buffers. */
const MAX_IN_FLIGHT = 64 * 1024 ** 2;
/** Of a get of several keys: as many as in the shorter pipeline. */
const SEVERAL = 16;
/** Of a get that is to keep a server busy. */
const MANY = 100;

/**
 * @param {'tcp' | 'unix'} transport
 * @param {number} connections
 * @param {number} pipeline
 * @param {ValueSize} value
 * @param {number} [keysPerGet]
 * @returns {Load}
 */
function load(transport, connections, pipeline, value, keysPerGet = 1) {
  const gets = keysPerGet === 1 ? '' : `-k${keysPerGet}`;
  const name = `${transport}-c${connections}-p${pipeline}${gets}-${value.name}`;
  return { name, transport, connections, pipeline, keysPerGet, value };
}

/** @returns {Load[]} */
function allLoads() {
  const loads = [];
  for (const transport of /** @type {const} */ (['tcp', 'unix'])) {
    for (const value of [SMALL, LARGE]) {
      for (const pipeline of [1, 16, 64]) {
        for (const connections of [1, 8, 50, 400]) {
          if (connections * pipeline * value.bytes > MAX_IN_FLIGHT) continue;
          loads.push(load(transport, connections, pipeline, value));
        }
      }
    }
    for (const connections of [8, 50]) loads.push(load(transport, connections, 1, SMALL, SEVERAL));
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
  'tcp-c50-p1-k16-100b',
  'unix-c50-p1-100b',
];

/** Loads without `--all`. */
export const DEFAULT_LOADS = [
  ...QUICK_LOADS,
  'tcp-c8-p1-100b',
  'tcp-c50-p64-100b',
  'tcp-c400-p16-100b',
  'tcp-c8-p1-16kb',
  'unix-c50-p16-100b',
  'unix-c50-p1-16kb',
];

/** Loads of `--hot-key`: the same with all keys alike, and with one key. */
export const HOT_LOADS = [1, 16].map(pipeline => ({
  uniform: load('tcp', 50, pipeline, SMALL),
  hot: load('tcp', 50, pipeline, ONE_KEY),
}));

/** Loads of `--scaling`. The last cost the load least beside the server: lookups, and an empty reply to a hundred of them. */
export const SCALING_LOADS = [
  load('tcp', 50, 1, SMALL),
  load('tcp', 50, 16, SMALL),
  load('tcp', 50, 1, SMALL, SEVERAL),
  load('tcp', 50, 1, ABSENT, MANY),
  load('tcp', 50, 4, ABSENT, MANY),
];
