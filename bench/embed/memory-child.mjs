// A process that holds many entries: `node memory-child.mjs JOB` prints what they cost it in memory and pauses as JSON.
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { uniform } from '../missratio/random.mjs';
import { openAdapter } from './adapters.mjs';
import { freshKey, VALUES, valueMaker } from './material.mjs';
import { measurePauses } from './pauses.mjs';

/**
 * @typedef {object} MemoryJob
 * @property {string} contender
 * @property {number} items
 * @property {number} rate calls per second at a steady pace
 * @property {number} steady_ms
 */

/**
 * @typedef {object} MemoryResult
 * @property {number} empty_rss_bytes
 * @property {number} filled_rss_bytes
 * @property {number} steady_rss_bytes after the steady pace
 * @property {import('./pauses.mjs').Pauses} filling
 * @property {import('./pauses.mjs').Pauses} steady
 * @property {number} misses of the steady pace
 */

export const VALUE_BYTES = 100;
/** Writes between two turns of the event loop. */
const WRITES_PER_TURN = 100;
/** One call of so many is a write. */
const WRITE_SHARE = 10;
const SEED = 7;

/** @type {MemoryJob} */
const { contender, items, rate, steady_ms } = JSON.parse(process.argv[2] ?? '');
const make = valueMaker(VALUE_BYTES, 'string');
const values = Array.from({ length: VALUES }, (_, number) => make(number));
const fill = { valueBytes: VALUE_BYTES, kind: /** @type {const} */ ('string'), entries: items, threads: 1 };
const adapter = await openAdapter(contender, { fill, values });
const { get } = adapter.operations;
if (get === undefined || adapter.awaits) throw new Error(`${contender} cannot be measured so`);

/** A key that is one piece on the heap, as V8's maps like them best. @param {number} number */
const key = number => Buffer.from(freshKey(number), 'latin1').toString('latin1');

async function fillAll() {
  for (let first = 0; first < items; first += WRITES_PER_TURN) {
    const end = Math.min(items, first + WRITES_PER_TURN);
    for (let number = first; number < end; number++) adapter.store(key(number), make(number));
    await setImmediate();
  }
}

let misses = 0;

async function keepPace() {
  const random = uniform(SEED);
  const begin = performance.now();
  for (let done = 0; ; ) {
    const elapsed_ms = performance.now() - begin;
    if (elapsed_ms >= steady_ms) return;
    for (const due = Math.floor((elapsed_ms * rate) / 1000); done < due; done++) {
      const number = Math.floor(random() * items);
      if (done % WRITE_SHARE === 0) adapter.store(key(number), make(number));
      else if (Number.isNaN(get?.(key(number), done))) misses++;
    }
    await sleep(1);
  }
}

const rss = () => process.memoryUsage.rss();
const empty_rss_bytes = rss();
const filling = await measurePauses(fillAll);
const filled_rss_bytes = rss();
const steady = await measurePauses(keepPace);
/** @type {MemoryResult} */
const result = { empty_rss_bytes, filled_rss_bytes, steady_rss_bytes: rss(), filling, steady, misses };
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
