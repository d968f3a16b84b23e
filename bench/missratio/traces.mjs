// The traces: which key is asked for, how large its item is, and how long it lives.
import { uniform, zipf } from './random.mjs';

/** Bytes of each key on the wire. */
export const KEY_BYTES = 16;
/** Numbers of keys that a scan asks for once, and of keys that live for a phase. */
const COLD = 1_000_000_000;
const SESSION = 2_000_000_000;
/** What a scan lasts, and from which one to the next, requests; the first part of a trace has none. */
const SCAN = { requests: 20_000, every: 3, calmPart: 4 };
/** The popular set moves by so many keys after so many requests, within all of them. */
const SHIFT = { requests: 50_000, keys: 20_000, all: 400_000 };
/** Parts of the trace with lives; sessions that one has at most, and numbers from one's to the next one's. */
const PHASES = { count: 4, sessions: 25_000, stride: 1_000_000 };
/** Lives of the half of the lasting keys that have one: none ends during a run. */
const LONG_LIFE_S = 86_400;

/**
 * @typedef {object} Trace
 * @property {string} name
 * @property {Uint32Array} keys by request: the number of the key
 * @property {Uint32Array} sizes by request: bytes of key and value, always the same for a key
 * @property {Uint32Array} lives_s by request: seconds that an item lives which is stored then; 0 for ever
 * @property {number} short_s lives of so many seconds end within the trace: at the pauses, and never between
 * @property {readonly number[]} pauses numbers of the requests before which they all have ended
 */

/**
 * @typedef {object} Kind
 * @property {number} ranks
 * @property {number} exponent
 * @property {(key: number) => number} bytes of key and value
 * @property {(rank: number, request: number, requests: number) => number} key
 */

/** 116 to 4015 bytes, evenly: the factor has no divisor in common with the number of sizes. @param {number} key */
const middleBytes = key => KEY_BYTES + 100 + (((key % 3900) * 2161) % 3900);

/** 50 to 60,000 bytes, evenly by their logarithm. @param {number} key */
const wideBytes = key => KEY_BYTES + Math.floor(50 * 1200 ** ((((key % 1000) * 503) % 1000) / 1000));

/** @param {number} request @param {number} requests */
const phaseOf = (request, requests) => Math.floor((request * PHASES.count) / requests);

/** @param {number} request @param {number} requests */
const isScan = (request, requests) =>
  request > requests / SCAN.calmPart && Math.floor(request / SCAN.requests) % SCAN.every === 0;

/** @satisfies {Record<string, Kind>} */
const KINDS = {
  zipf: { ranks: 400_000, exponent: 0.9, bytes: middleBytes, key: rank => rank },
  scan: {
    ...{ ranks: 400_000, exponent: 0.9, bytes: middleBytes },
    key: (rank, request, requests) => (isScan(request, requests) ? COLD + request : rank),
  },
  sizes: { ranks: 100_000, exponent: 0.8, bytes: wideBytes, key: rank => rank },
  shift: {
    ...{ ranks: 200_000, exponent: 0.9, bytes: middleBytes },
    key: (rank, request) => (rank + Math.floor(request / SHIFT.requests) * SHIFT.keys) % SHIFT.all,
  },
  ttl: {
    ...{ ranks: 200_000, exponent: 0.9, bytes: middleBytes },
    key: (rank, request, requests) =>
      request % 2 === 0 ? rank : SESSION + phaseOf(request, requests) * PHASES.stride + (rank % PHASES.sessions),
  },
};

/** @typedef {keyof typeof KINDS} TraceName */

export const TRACES = /** @type {TraceName[]} */ (Object.keys(KINDS));

/** Life of a key of the trace `ttl`. @param {number} key @param {number} short_s */
const lifeSeconds = (key, short_s) => (key >= SESSION ? short_s : key % 2 === 0 ? 0 : LONG_LIFE_S);

/**
 * @param {TraceName} name
 * @param {number} requests
 * @param {number} seed whole number below 2^32
 * @param {number} short_s life of the keys that live for a phase of the trace `ttl`, seconds
 * @returns {Trace}
 */
export function makeTrace(name, requests, seed, short_s) {
  /** @type {Kind} */
  const kind = KINDS[name];
  const rank = zipf(kind.ranks, kind.exponent, uniform(seed));
  const keys = Uint32Array.from({ length: requests }, (_, request) => kind.key(rank(), request, requests));
  const mortal = name === 'ttl';
  const phases = mortal ? PHASES.count : 1;
  return {
    name,
    keys,
    sizes: keys.map(kind.bytes),
    lives_s: mortal ? keys.map(key => lifeSeconds(key, short_s)) : new Uint32Array(requests),
    short_s: mortal ? short_s : 0,
    pauses: Array.from({ length: phases - 1 }, (_, phase) => Math.ceil(((phase + 1) * requests) / phases)),
  };
}
