// The measured loops. Imported under another name for each load (`./loop.mjs?get-...`), so that V8 gives each its own
// feedback: otherwise the second load of a process would run in code that was made for the first.

/**
 * @typedef {object} Calls
 * @property {readonly any[]} keys what an operation takes: keys, groups of keys, or numbers to make keys of
 * @property {Uint32Array} order of them; its length is a power of two
 */

/**
 * @param {(key: any, turn: number) => number} operation gives what its result adds to the sum
 * @param {Calls} calls
 * @param {number} from turn
 * @param {number} count
 */
export function run(operation, { keys, order }, from, count) {
  let sum = 0;
  const mask = order.length - 1;
  const end = from + count;
  for (let turn = from; turn < end; turn++) sum += operation(keys[/** @type {number} */ (order[turn & mask])], turn);
  return sum;
}

/**
 * As `run`, for a cache that answers by promise: each is awaited before the next is asked.
 * @param {(key: any, turn: number) => Promise<number>} operation
 * @param {Calls} calls
 * @param {number} from
 * @param {number} count
 */
export async function runAwaiting(operation, { keys, order }, from, count) {
  let sum = 0;
  const mask = order.length - 1;
  const end = from + count;
  for (let turn = from; turn < end; turn++)
    sum += await operation(keys[/** @type {number} */ (order[turn & mask])], turn);
  return sum;
}
