// Times the parts of a call: `node parts-child.mjs LIBRARY` prints nanoseconds of each as JSON.
import { openAdapter } from './adapters.mjs';
import { freshKey, makeCounterKeys, makeKeys, makeOrder, VALUES, valueMaker } from './material.mjs';

/** Executions of a measurement, and measurements of which the quickest counts: what disturbs only adds. */
const CALLS = 200_000;
const MEASUREMENTS = 15;
const VALUE_BYTES = 100;
const SEVERAL = 100;
/** Entries of the engine's parts: all in the processor's caches, and not. */
const ENTRIES = [1000, 1_000_000];
const ENGINE_PARTS = {
  clockNs: 'clock',
  hashNs: 'hash',
  readNs: 'clock, hash, lock, lookup, counts',
  copyNs: 'the same with a copy of the value',
};

const module = { exports: /** @type {any} */ ({}) };
process.dlopen(module, process.argv[2] ?? '');
const native = module.exports;

const keys = makeKeys(1024);
const bytes = keys.map(key => Buffer.from(key));
const group = keys.slice(0, SEVERAL);
const packed = Buffer.from(group.join('\0')).toString('latin1');
const slab = Buffer.alloc(64 * 1024, 'v');
const text = slab.toString('latin1');
const FastBuffer = /** @type {any} */ (slab.subarray(0, 1).constructor);
let imports = 0;

/** @param {(turn: number) => unknown} call @param {number} calls */
async function time(call, calls) {
  // In a module of its own, so that no other part has a say in how it is compiled.
  const { loop } = await import(`./parts-loop.mjs?${imports++}`);
  let best = Number.POSITIVE_INFINITY;
  for (let measurement = 0; measurement < MEASUREMENTS; measurement++) {
    const begin = performance.now();
    const sum = loop(call, calls);
    best = Math.min(best, performance.now() - begin);
    if (sum === -1) throw new Error('cannot be');
  }
  return (best * 1e6) / calls;
}

/** Parts and what is called for each. @type {Record<string, (turn: number) => unknown>} */
const calls = {
  'the loop that measures': turn => keys[turn & 1023],
  'an empty call': () => native.empty(),
  'with an argument that is looked at': turn => native.argument(keys[turn & 1023]),
  'an integer back': () => native.integer(),
  'a double back': () => native.double(),
  'a key as UTF-8': turn => native.keyUtf8(keys[turn & 1023]),
  'a key as Latin-1': turn => native.keyLatin1(keys[turn & 1023]),
  'a key as UTF-16': turn => native.keyUtf16(keys[turn & 1023]),
  'a fresh key, joined by JavaScript': turn => freshKey(turn).length,
  'a fresh key as UTF-16': turn => native.keyUtf16(freshKey(turn)),
  'a key in a Uint8Array': turn => native.keyArray(bytes[turn & 1023]),
  'a string of 100 bytes, Latin-1': () => native.textLatin1(VALUE_BYTES),
  'a string of 100 bytes, UTF-8': () => native.textUtf8(VALUE_BYTES),
  'a string of 1 KiB, Latin-1': () => native.textLatin1(1024),
  'a string of 10 KiB, Latin-1': () => native.textLatin1(10 * 1024),
  'a slice of a string': turn => text.slice(turn & 1023, (turn & 1023) + VALUE_BYTES),
  'a Buffer over memory that is there': turn =>
    new FastBuffer(slab.buffer, slab.byteOffset + (turn & 1023), VALUE_BYTES),
  'subarray of a Buffer': turn => slab.subarray(turn & 1023, (turn & 1023) + VALUE_BYTES),
  'Buffer.allocUnsafe(100)': () => Buffer.allocUnsafe(VALUE_BYTES),
  'a Buffer to a string (latin1)': () => slab.toString('latin1', 0, VALUE_BYTES),
};

/** The same for calls of several keys; figures are per key. @type {Record<string, () => unknown>} */
const severalCalls = {
  'an array of 100 keys, read one by one': () => native.elements(group),
  'joined by JavaScript': () => group.join('\0'),
  'joined and read as UTF-8': () => native.keyUtf8(group.join('\0')),
  'joined and read as UTF-16': () => native.keyUtf16(group.join('\0')),
  'joined and read as Latin-1': () => native.keyLatin1(group.join('\0')),
  'packed, read as Latin-1': () => native.keyLatin1(packed),
};

/** @type {Record<string, number>} */
const results = {};
for (const [name, call] of Object.entries(calls)) results[name] = await time(call, CALLS);
for (const [name, call] of Object.entries(severalCalls))
  results[`${name}, per key`] = (await time(call, CALLS / SEVERAL)) / SEVERAL;
for (const entries of ENTRIES) {
  const order = Array.from(makeOrder(entries, 'uniform', 0).subarray(0, CALLS));
  const engine = new native.EngineParts(entries, VALUE_BYTES, order);
  const best = (/** @type {string} */ part) => Math.min(...Array.from({ length: MEASUREMENTS }, () => engine[part]()));
  const key = best('keyNs');
  // With many, what waits for memory waits for the key first: only wholes say something.
  const parts = Object.entries(ENGINE_PARTS).slice(entries > 1000 ? 2 : 0);
  for (const [part, name] of parts)
    results[`engine, ${entries.toLocaleString('en-US')} entries: ${name}`] = best(part) - key;
}
const fill = { valueBytes: VALUE_BYTES, kind: /** @type {const} */ ('string'), entries: keys.length, threads: 1 };
const make = valueMaker(VALUE_BYTES, 'string');
const values = Array.from({ length: VALUES }, (_, number) => make(number));
for (const contender of ['ringstone', 'lru-cache']) {
  const { store, operations } = await openAdapter(contender, { fill, values });
  for (const [number, key] of keys.entries()) store(key, make(number));
  const counters = makeCounterKeys();
  for (const operation of /** @type {const} */ (['get', 'set', 'has', 'incr'])) {
    const [call, of] = [operations[operation], operation === 'incr' ? counters : keys];
    const name = `whole call, ${contender}: ${operation === 'get' ? 'getString' : operation}`;
    if (call) results[name] = await time(turn => call(of[turn % of.length], turn), CALLS);
  }
  const several = operations.mget100;
  const name = `whole call, ${contender}: mgetString of ${SEVERAL}, per key`;
  if (several) results[name] = (await time(turn => several(group, turn), CALLS / SEVERAL)) / SEVERAL;
}
process.stdout.write(`${JSON.stringify(results)}\n`);
