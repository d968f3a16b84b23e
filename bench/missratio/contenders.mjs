// The servers under a trace, each with the same limit as it counts it itself, in a process of its own.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Filler } from '../fill.mjs';
import { settledBytes } from '../footprint.mjs';
import { startServer } from '../servers.mjs';
import { Replay } from './replay.mjs';

/**
 * @typedef {object} Contender
 * @property {string} name
 * @property {string} title
 * @property {import('../servers.mjs').ProgramName} program
 * @property {'memcached' | 'resp'} protocol
 */

/** Both runtimes have the same store, so one of them stands for Ringstone. @type {readonly Contender[]} */
export const CONTENDERS = [
  { name: 'mio', title: 'Ringstone', program: 'mio', protocol: 'memcached' },
  { name: 'memcached', title: 'memcached', program: 'memcached', protocol: 'memcached' },
  { name: 'redis-lru', title: 'redis allkeys-lru', program: 'redis', protocol: 'resp' },
  { name: 'redis-lfu', title: 'redis allkeys-lfu', program: 'redis-lfu', protocol: 'resp' },
];

/**
 * @typedef {object} Outcome
 * @property {number} requests
 * @property {number} misses
 * @property {number} items that the server counts at the end
 * @property {number} empty_rss_bytes
 * @property {number} full_rss_bytes at the end
 */

/** @param {string} address @param {Contender['protocol']} protocol */
async function countItems(address, protocol) {
  const counter = new Filler(address, protocol);
  try {
    return await counter.count();
  } finally {
    counter.close();
  }
}

/**
 * Starts a server, replays a trace and stops it.
 * @param {Contender} contender
 * @param {import('./traces.mjs').Trace} trace
 * @param {number} memoryMb
 * @param {NodeJS.ProcessEnv} env
 * @param {(requests: number, misses: number) => void} progress
 * @returns {Promise<Outcome | string>} or why the server does not run
 */
export async function measure({ program, protocol }, trace, memoryMb, env, progress) {
  const folder = mkdtempSync(join(tmpdir(), 'ringstone-missratio-'));
  try {
    const server = await startServer(program, 'tcp', folder, [], env, memoryMb);
    if (typeof server === 'string') return server;
    const replay = new Replay(server.address, protocol, trace);
    try {
      const empty = await settledBytes(server.pid);
      const misses = await replay.run(progress);
      const full = await settledBytes(server.pid);
      const items = await countItems(server.address, protocol);
      return { requests: trace.keys.length, misses, items, empty_rss_bytes: empty, full_rss_bytes: full };
    } catch (error) {
      throw new Error(server.failure() ?? /** @type {Error} */ (error).message);
    } finally {
      replay.close();
      await server.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
