// What is asked of an embedded cache: what it holds, and which calls are made.

/** Bytes of payload that a load may hold over all threads; combinations with more are left out. */
const MAX_PAYLOAD = 2 * 1024 ** 3;
/** Length of a key, bytes. */
export const KEY_BYTES = 16;

const SIZES = [16, 100, 1024, 16 * 1024, 64 * 1024];
const ENTRIES = [1000, 100_000, 1_000_000, 10_000_000];
const THREADS = [1, 4];

/** @typedef {'get' | 'set' | 'has' | 'incr' | 'mget16' | 'mget100'} Operation */
/**
 * `kept`: strings that exist before, so that V8 knows their hashes. `fresh`: made for each call, `object:${number}`.
 * @typedef {'kept' | 'fresh'} KeyKind
 */

/**
 * @typedef {object} Fill what a cache holds, and who asks it
 * @property {number} valueBytes
 * @property {'string' | 'buffer'} kind of values
 * @property {number} entries
 * @property {number} threads
 */

/**
 * @typedef {object} Load
 * @property {string} name
 * @property {Fill} fill
 * @property {Operation} operation
 * @property {'uniform' | 'zipf'} order of keys
 * @property {KeyKind} keys
 */

/** @param {number} bytes */
const bytesText = bytes => (bytes < 1024 ? `${bytes}b` : `${bytes / 1024}kib`);

/** @param {number} count */
const countText = count => (count < 1_000_000 ? `${count / 1000}k` : `${count / 1_000_000}m`);

/** @param {Fill} fill */
export const fillName = ({ valueBytes, kind, entries, threads }) =>
  `${bytesText(valueBytes)}-${kind}-${countText(entries)}-t${threads}`;

/** @param {Omit<Load, 'name'>} load @returns {Load} */
const named = load => ({
  name: `${load.operation}-${fillName(load.fill)}${load.order === 'zipf' ? '-zipf' : ''}${load.keys === 'fresh' ? '-fresh' : ''}`,
  ...load,
});

/** @param {Fill} fill */
const fits = ({ valueBytes, entries, threads }) => valueBytes * entries * threads <= MAX_PAYLOAD;

/** @type {readonly Fill[]} */
const FILLS = SIZES.flatMap(valueBytes =>
  /** @type {const} */ (['string', 'buffer']).flatMap(kind =>
    ENTRIES.flatMap(entries => THREADS.map(threads => ({ valueBytes, kind, entries, threads }))),
  ),
).filter(fits);

/** Loads of one fill. Operations that do not look at values are measured with those of 100 bytes only. @param {Fill} fill */
function loadsOf(fill) {
  /** @type {Operation[]} */
  const byValue = fill.valueBytes > 1024 ? ['get', 'set'] : ['get', 'set', 'mget16', 'mget100'];
  /** @type {Operation[]} */
  const operations = fill.valueBytes === 100 && fill.kind === 'string' ? [...byValue, 'has', 'incr'] : byValue;
  const loads = operations.flatMap(operation =>
    /** @type {const} */ (['uniform', 'zipf']).map(order => named({ fill, operation, order, keys: 'kept' })),
  );
  const fresh = fill.valueBytes === 100 && fill.kind === 'string';
  return fresh ? [...loads, named({ fill, operation: 'get', order: 'uniform', keys: 'fresh' })] : loads;
}

/** @type {readonly Load[]} */
export const LOADS = FILLS.flatMap(loadsOf);

/** Names of the loads without `--all`. @type {readonly string[]} */
export const DEFAULT_LOADS = [
  ...['get', 'set', 'has', 'incr', 'mget16', 'mget100'].map(operation => `${operation}-100b-string-100k-t1`),
  ...['get-100b-string-100k-t1-zipf', 'get-100b-string-100k-t1-fresh'],
  ...['16b-string-100k', '1kib-string-100k', '100b-buffer-100k', '100b-string-1k', '100b-string-1m'].flatMap(fill => [
    `get-${fill}-t1`,
    `set-${fill}-t1`,
  ]),
  ...['mget100-100b-string-1m-t1', 'mget100-100b-string-1k-t1', 'mget100-100b-buffer-100k-t1'],
  ...['16kib-string-1k', '64kib-string-1k', '64kib-buffer-1k'].flatMap(fill => [`get-${fill}-t1`, `set-${fill}-t1`]),
  ...['get', 'set', 'mget100'].map(operation => `${operation}-100b-string-100k-t4`),
];

/** Keys of one call. @param {Operation} operation */
export const keysPerCall = operation => (operation === 'mget16' ? 16 : operation === 'mget100' ? 100 : 1);

/**
 * The loads by what they need to be held, so that a process is filled once for all of them.
 * @param {readonly Load[]} loads
 * @returns {{ fill: Fill, loads: Load[] }[]}
 */
export function byFill(loads) {
  /** @type {Map<string, { fill: Fill, loads: Load[] }>} */
  const groups = new Map();
  for (const load of loads) {
    const name = fillName(load.fill);
    const group = groups.get(name) ?? { fill: load.fill, loads: [] };
    group.loads.push(load);
    groups.set(name, group);
  }
  return [...groups.values()];
}
