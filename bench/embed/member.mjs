// One thread of a measured process: opens its cache, fills it if that is its part, and runs the loads.
import { setTimeout as sleep } from 'node:timers/promises';
import { openAdapter } from './adapters.mjs';
import {
  freshKey,
  makeCounterKeys,
  makeGroups,
  makeKeys,
  makeOrder,
  VALUES,
  valueMaker,
  valueSum,
} from './material.mjs';

/** @typedef {import('./loads.mjs').Load} Load */

/**
 * @typedef {object} Job
 * @property {import('./contenders.mjs').Contender} contender
 * @property {import('./loads.mjs').Fill} fill
 * @property {readonly Load[]} loads of that fill
 * @property {number} warm_ms of each load, before it is measured
 * @property {number} measure_ms
 * @property {string} [address] of the server
 */

/**
 * @typedef {object} Part what one thread has done of a load
 * @property {number} calls
 * @property {number} elapsed_ms
 * @property {boolean} complete whether all was found that was asked for
 */

/** Calls between two looks at the clock. */
const CHUNK = { sync: 256, awaiting: 32 };
/** Bytes that a chunk reads or writes at most. */
const CHUNK_BYTES = 1024 ** 2;
/** How long a process rests that was filled with more than a little: Ringstone then puts its memory on huge pages. */
const SETTLE_MS = 2000;
const LITTLE_BYTES = 4 * 1024 ** 2;
/** Writes of a fill that wait together. */
const FILL_BATCH = 100;

const now_ms = () => performance.now();

/**
 * @param {import('./adapters.mjs').Adapter} adapter
 * @param {readonly string[]} keys
 * @param {import('./loads.mjs').Fill} fill
 */
async function fillAll(adapter, keys, { valueBytes, kind }) {
  const make = valueMaker(valueBytes, kind);
  for (let first = 0; first < keys.length; first += FILL_BATCH) {
    const batch = keys.slice(first, first + FILL_BATCH);
    const writes = batch.map((key, number) => adapter.store(key, make(first + number)));
    if (adapter.awaits) await Promise.all(writes);
  }
}

/**
 * What a load's operation is given.
 * @param {Load} load
 * @param {readonly string[]} keys
 * @param {number} thread
 * @returns {import('./loop.mjs').Calls}
 */
function callsOf({ operation, order, keys: kind }, keys, thread) {
  if (operation === 'incr') {
    const counters = makeCounterKeys();
    return { keys: counters, order: makeOrder(counters.length, order, thread) };
  }
  const numbers = makeOrder(keys.length, order, thread);
  if (kind === 'fresh') return { keys: keys.map((_, number) => number), order: numbers };
  if (operation !== 'mget16' && operation !== 'mget100') return { keys, order: numbers };
  const groups = makeGroups(keys, numbers, operation === 'mget16' ? 16 : 100);
  return { keys: groups, order: Uint32Array.from(groups, (_, group) => group) };
}

/** The sum of so many calls when each finds what it asks for; nothing where it depends on more. @param {Load} load @param {number} calls */
function expectedSum({ operation, fill }, calls) {
  const perCall = {
    get: valueSum(fill.valueBytes),
    set: 1,
    has: 1,
    incr: undefined,
    mget16: 16 * valueSum(fill.valueBytes),
    mget100: 100 * valueSum(fill.valueBytes),
  }[operation];
  return perCall === undefined ? undefined : perCall * calls;
}

/**
 * Calls for so long.
 * @param {(from: number, count: number) => number | Promise<number>} runChunk
 * @param {number} chunk
 * @param {number} from turn
 * @param {number} duration_ms
 */
async function runFor(runChunk, chunk, from, duration_ms) {
  const start = now_ms();
  let [calls, sum, elapsed_ms] = [0, 0, 0];
  while (elapsed_ms < duration_ms) {
    const result = runChunk(from + calls, chunk);
    sum += typeof result === 'number' ? result : await result;
    calls += chunk;
    elapsed_ms = now_ms() - start;
  }
  return { calls, sum, elapsed_ms };
}

/**
 * @param {import('./adapters.mjs').Adapter} adapter
 * @param {Load} load
 * @param {readonly string[]} keys
 * @param {number} thread
 * @param {Job} job
 * @param {() => void} meet
 * @returns {Promise<Part>}
 */
async function measureLoad(adapter, load, keys, thread, { warm_ms, measure_ms }, meet) {
  const operation = adapter.operations[load.operation];
  if (!operation) throw new Error(`it has no ${load.operation}`);
  const calls = callsOf(load, keys, thread);
  const { run, runAwaiting } = await import(`./loop.mjs?${load.name}`);
  const called =
    load.keys === 'fresh'
      ? (/** @type {number} */ number, /** @type {number} */ turn) => operation(freshKey(number), turn)
      : operation;
  const loop = adapter.awaits ? runAwaiting : run;
  const runChunk = (/** @type {number} */ from, /** @type {number} */ count) => loop(called, calls, from, count);
  const most = adapter.awaits ? CHUNK.awaiting : CHUNK.sync;
  const chunk = Math.max(1, Math.min(most, Math.floor(CHUNK_BYTES / load.fill.valueBytes)));
  meet();
  const warm = await runFor(runChunk, chunk, 0, warm_ms);
  globalThis.gc?.();
  meet();
  const measured = await runFor(runChunk, chunk, warm.calls, measure_ms);
  const expected = expectedSum(load, measured.calls);
  const complete = expected === undefined ? measured.sum > 0 : measured.sum === expected;
  return { calls: measured.calls, elapsed_ms: measured.elapsed_ms, complete };
}

/**
 * @param {Job} job
 * @param {number} thread
 * @param {() => void} meet returns when all threads have called it
 * @returns {Promise<Part[]>} in the order of the loads
 */
export async function runMember(job, thread, meet) {
  const { contender, fill, loads, address } = job;
  const make = valueMaker(fill.valueBytes, fill.kind);
  const values = Array.from({ length: VALUES }, (_, number) => make(number));
  const keys = makeKeys(fill.entries);
  const adapter = await openAdapter(contender.name, { fill, values, ...(address === undefined ? {} : { address }) });
  const parts = [];
  try {
    // What is shared is filled once; a copy each thread fills for itself.
    if (contender.place === 'copies' || thread === 0) {
      await adapter.flush();
      await fillAll(adapter, keys, fill);
      const counters = adapter.operations.incr;
      if (counters) for (const key of makeCounterKeys()) await counters(key, 0);
      if (fill.entries * fill.valueBytes > LITTLE_BYTES) await sleep(SETTLE_MS);
    }
    for (const load of loads) parts.push(await measureLoad(adapter, load, keys, thread, job, meet));
    meet();
  } finally {
    await adapter.close();
  }
  return parts;
}
