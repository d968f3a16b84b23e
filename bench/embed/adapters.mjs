// Each contender's own calls behind one shape. An operation gives a number that depends on what it has read, so that no
// call can be optimised away, and NaN where something is missing.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../../scripts/files.mjs';
import { VALUES } from './material.mjs';

/** @typedef {import('./loads.mjs').Fill} Fill */
/** @typedef {import('./loads.mjs').Operation} Operation */

/**
 * @typedef {object} Context
 * @property {Fill} fill
 * @property {readonly (string | Buffer)[]} values that writes take in turn
 * @property {string} [address] of the server, host:port
 */

/**
 * Operations give a number, or of it a promise; all of a contender's alike.
 * @typedef {object} Adapter
 * @property {boolean} awaits whether operations give promises
 * @property {(key: string, value: string | Buffer) => unknown} store
 * @property {() => unknown} flush removes everything
 * @property {() => Promise<unknown> | void} close
 * @property {Record<Operation, ((key: any, turn: number) => any) | undefined>} operations
 */

/** Of metadata and unused room in memory that is bounded in bytes. */
const AMPLE = 2;
const ITEM_OVERHEAD_BYTES = 64;
const LEAST_MEMORY_BYTES = 64 * 1024 ** 2;
const TURN_MASK = VALUES - 1;

/**
 * What was read, as a number.
 * @param {'string' | 'buffer'} kind
 * @returns {(value: any) => number}
 */
const consumer = kind =>
  kind === 'string'
    ? value => (value === undefined || value === null ? Number.NaN : value.length + value.charCodeAt(0))
    : value => (value === undefined || value === null ? Number.NaN : value.length + value[0]);

/** @param {readonly any[]} values @param {(value: any) => number} consume */
function consumeAll(values, consume) {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += consume(values[i]);
  return sum;
}

/** Memory that holds a fill without an eviction, bytes. @param {Fill} fill */
export const ampleBytes = ({ entries, valueBytes }) =>
  Math.max(LEAST_MEMORY_BYTES, entries * (valueBytes + ITEM_OVERHEAD_BYTES) * AMPLE);

/** @param {Context} context @returns {Promise<Adapter>} */
async function openRingstone({ fill, values }) {
  const { Cache } = await import(pathToFileURL(join(root, 'dist', 'index.js')).href);
  const cache = Cache.open({ name: 'bench', maxMemory: ampleBytes(fill) });
  const consume = consumer(fill.kind);
  const strings = fill.kind === 'string';
  /** @type {(keys: string[]) => number} */
  const several = strings
    ? keys => consumeAll(cache.mgetString(keys), consume)
    : keys => consumeAll(cache.mget(keys), consume);
  return {
    awaits: false,
    store: (key, value) => cache.set(key, value),
    flush: () => cache.clear(),
    close: () => cache.close(),
    operations: {
      get: strings ? key => consume(cache.getString(key)) : key => consume(cache.get(key)),
      set: (key, turn) => {
        cache.set(key, values[turn & TURN_MASK]);
        return 1;
      },
      has: key => (cache.has(key) ? 1 : Number.NaN),
      incr: key => cache.incr(key),
      mget16: several,
      mget100: several,
    },
  };
}

/** @param {Context} context @returns {Promise<Adapter>} */
async function openLru({ fill, values }) {
  const { LRUCache } = await import('lru-cache');
  // Room for the counters, too.
  /** @type {import('lru-cache').LRUCache<string, any>} */
  const cache = new LRUCache({ max: 2 * fill.entries + LEAST_ENTRIES });
  const consume = consumer(fill.kind);
  /** @param {string[]} keys */
  const several = keys => {
    const found = new Array(keys.length);
    for (let i = 0; i < keys.length; i++) found[i] = cache.get(/** @type {string} */ (keys[i]));
    return consumeAll(found, consume);
  };
  return {
    awaits: false,
    store: (key, value) => cache.set(key, value),
    flush: () => cache.clear(),
    close: () => cache.clear(),
    operations: {
      get: key => consume(cache.get(key)),
      set: (key, turn) => {
        cache.set(key, values[turn & TURN_MASK]);
        return 1;
      },
      has: key => (cache.has(key) ? 1 : Number.NaN),
      incr: key => {
        const count = (cache.get(key) ?? 0) + 1;
        cache.set(key, count);
        return count;
      },
      mget16: several,
      mget100: several,
    },
  };
}

/** More than the counters. */
const LEAST_ENTRIES = 10_000;

/** @param {Context} context @returns {Promise<Adapter>} */
async function openNodeCache({ fill, values }) {
  const { default: NodeCache } = await import('node-cache');
  const cache = new NodeCache();
  const consume = consumer(fill.kind);
  /** @param {string[]} keys */
  const several = keys => {
    const found = cache.mget(keys);
    let sum = 0;
    for (const key of keys) sum += consume(found[key]);
    return sum;
  };
  return {
    awaits: false,
    store: (key, value) => cache.set(key, value),
    flush: () => cache.flushAll(),
    close: () => cache.close(),
    operations: {
      get: key => consume(cache.get(key)),
      set: (key, turn) => {
        cache.set(key, values[turn & TURN_MASK]);
        return 1;
      },
      has: key => (cache.has(key) ? 1 : Number.NaN),
      incr: key => {
        const count = Number(cache.get(key) ?? 0) + 1;
        cache.set(key, count);
        return count;
      },
      mget16: several,
      mget100: several,
    },
  };
}

/** @param {Context} context @returns {Promise<Adapter>} */
async function openKeyv({ fill, values }) {
  const { default: Keyv } = await import('keyv');
  const { LRUCache } = await import('lru-cache');
  const store = new LRUCache({ max: 2 * fill.entries + LEAST_ENTRIES });
  /** @type {import('keyv').Keyv<any>} */
  const cache = new Keyv({ store });
  cache.on('error', error => {
    throw error;
  });
  const consume = consumer(fill.kind);
  /** @param {string[]} keys */
  const several = async keys => consumeAll(await cache.getMany(keys), consume);
  return {
    awaits: true,
    store: (key, value) => cache.set(key, value),
    flush: () => cache.clear(),
    close: () => {},
    operations: {
      get: async key => consume(await cache.get(key)),
      set: async (key, turn) => {
        await cache.set(key, values[turn & TURN_MASK]);
        return 1;
      },
      has: async key => ((await cache.has(key)) ? 1 : Number.NaN),
      incr: async key => {
        const count = ((await cache.get(key)) ?? 0) + 1;
        await cache.set(key, count);
        return count;
      },
      mget16: several,
      mget100: several,
    },
  };
}

/** Host and port. @param {string | undefined} address @returns {[host: string, port: number]} */
function place(address = '') {
  const [host = '', port = ''] = address.split(':');
  return [host, Number(port)];
}

/** @param {Context} context @returns {Promise<Adapter>} */
async function openIoredis({ fill, values, address }) {
  const { Redis } = await import('ioredis');
  const [host, port] = place(address);
  const client = new Redis({ host, port, maxRetriesPerRequest: 0 });
  const consume = consumer(fill.kind);
  const strings = fill.kind === 'string';
  /** @type {(keys: string[]) => Promise<number>} */
  const several = strings
    ? async keys => consumeAll(await client.mget(keys), consume)
    : async keys => consumeAll(await client.mgetBuffer(keys), consume);
  return {
    awaits: true,
    store: (key, value) => client.set(key, value),
    flush: () => client.flushall(),
    close: async () => client.disconnect(),
    operations: {
      get: strings ? async key => consume(await client.get(key)) : async key => consume(await client.getBuffer(key)),
      set: async (key, turn) => {
        await client.set(key, /** @type {string | Buffer} */ (values[turn & TURN_MASK]));
        return 1;
      },
      has: async key => ((await client.exists(key)) === 1 ? 1 : Number.NaN),
      incr: key => client.incr(key),
      mget16: several,
      mget100: several,
    },
  };
}

/** @param {Context} context @returns {Promise<Adapter>} */
async function openMemjs({ fill, values, address }) {
  const { Client } = await import('memjs');
  const client = Client.create(address, { retries: 0 });
  const consume = consumer(fill.kind);
  /** @param {Buffer | null} value */
  const text = value => (value === null ? undefined : value.toString('latin1'));
  return {
    awaits: true,
    store: (key, value) => client.set(key, value, {}),
    flush: () => client.flush(),
    close: async () => client.close(),
    operations: {
      get:
        fill.kind === 'string'
          ? async key => consume(text((await client.get(key)).value))
          : async key => consume((await client.get(key)).value),
      set: async (key, turn) => {
        await client.set(key, /** @type {string | Buffer} */ (values[turn & TURN_MASK]), {});
        return 1;
      },
      incr: async key => (await client.increment(key, 1, { initial: 1 })).value ?? Number.NaN,
      has: undefined,
      mget16: undefined,
      mget100: undefined,
    },
  };
}

/** @type {Readonly<Record<string, (context: Context) => Promise<Adapter>>>} */
const OPENERS = {
  'lru-cache': openLru,
  ringstone: openRingstone,
  'node-cache': openNodeCache,
  keyv: openKeyv,
  ioredis: openIoredis,
  'ioredis-ringstone': openIoredis,
  memjs: openMemjs,
  'memjs-ringstone': openMemjs,
};

/** @param {string} contender @param {Context} context @returns {Promise<Adapter>} */
export function openAdapter(contender, context) {
  const open = OPENERS[contender];
  if (!open) throw new Error(`no adapter for ${contender}`);
  return open(context);
}
