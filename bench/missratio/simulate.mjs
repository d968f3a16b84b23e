// Policies under a trace, without a server.
import { Cells } from './cells.mjs';
import { Gdsf, Lru, S3Fifo } from './policies.mjs';

/** Bytes that an item takes besides key and value, what one with a life takes in addition, and what all is rounded up to. */
export const OVERHEAD = { bytes: 20, life: 8, unit: 8 };

/** @type {Readonly<Record<string, new (capacity: number) => import('./policies.mjs').Policy>>} */
export const POLICIES = { cells: Cells, lru: Lru, 's3-fifo': S3Fifo, gdsf: Gdsf };

/** @param {number} bytes of key and value @param {boolean} mortal */
const charged = (bytes, mortal) =>
  Math.ceil((bytes + OVERHEAD.bytes + (mortal ? OVERHEAD.life : 0)) / OVERHEAD.unit) * OVERHEAD.unit;

/**
 * Requests that miss. What lives shortly goes at once when its life has ended, without being asked for.
 * @param {import('./policies.mjs').Policy} policy
 * @param {import('./traces.mjs').Trace} trace
 */
export function countMisses(policy, trace) {
  const pauses = new Set(trace.pauses);
  let misses = 0;
  for (let request = 0; request < trace.keys.length; request++) {
    if (pauses.has(request)) policy.expire();
    const [key = 0, bytes = 0, life_s = 0] = [trace.keys[request], trace.sizes[request], trace.lives_s[request]];
    if (!policy.access(key, charged(bytes, life_s > 0), life_s > 0 && life_s <= trace.short_s)) misses++;
  }
  return misses;
}
