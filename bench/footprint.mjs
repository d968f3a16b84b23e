// What items cost a server's memory: each figure from a process of its own, so that none inherits another's heap.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Filler, KEY_BYTES } from './fill.mjs';
import { startServer } from './servers.mjs';

/** @typedef {import('./servers.mjs').Subject} Subject */

const MIB = 1024 ** 2;
/** Writes before the first reading that store nothing, so that buffers are there. */
const WARMUP_WRITES = 1000;
/** Least memory of a server that must not evict, MiB, and its share that items fill at most. */
const AMPLE_MB = 1024;
const AMPLE_PARTS = 4;
/**
 * A server is read when it is done with work in the background: after so many readings in a row that hardly differ.
 * memcached pauses while it moves its hash table.
 */
const SETTLE = { every_ms: 250, readings: 5, difference_bytes: 64 * 1024, limit_ms: 10_000 };
/** Memory of the servers that are filled to the brim, MiB, and length of the values. */
export const FULL = { memory_mb: 64, valueBytes: 100 };

/**
 * @typedef {object} Kind of items
 * @property {string} name
 * @property {number} valueBytes
 * @property {boolean} ttl
 * @property {number} items by default
 */

/** @param {string} name @param {number} valueBytes @param {number} items @returns {Kind[]} */
const both = (name, valueBytes, items) => [
  { name, valueBytes, items, ttl: false },
  { name: `${name}, TTL`, valueBytes, items, ttl: true },
];

/** @type {readonly Kind[]} */
export const KINDS = [
  ...both('16 B', 16, 1_000_000),
  ...both('100 B', 100, 1_000_000),
  ...both('1,000 B', 1000, 200_000),
  ...both('4 KiB', 4096, 100_000),
];

/** Memory of a process that is resident, bytes; exact, where `VmRSS` is a sum of approximate counters. @param {number} pid */
export function residentBytes(pid) {
  const kib = /^Rss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
  if (kib === undefined) throw new Error(`the resident memory of process ${pid} cannot be read`);
  return Number(kib) * 1024;
}

/** Resident memory once it changes no more. @param {number} pid */
export async function settledBytes(pid) {
  const end = Date.now() + SETTLE.limit_ms;
  let bytes = residentBytes(pid);
  for (let alike = 1; alike < SETTLE.readings && Date.now() < end; ) {
    await sleep(SETTLE.every_ms);
    const now = residentBytes(pid);
    alike = Math.abs(now - bytes) <= SETTLE.difference_bytes ? alike + 1 : 1;
    bytes = now;
  }
  return bytes;
}

/** MiB that hold items without an eviction in every server. @param {Kind} kind */
const ampleMb = ({ items, valueBytes }) =>
  Math.max(AMPLE_MB, Math.ceil((items * (KEY_BYTES + valueBytes) * AMPLE_PARTS) / MIB));

/**
 * Runs a body with a server of a subject that ends with it.
 * @template T
 * @param {Subject} subject
 * @param {number} memoryMb
 * @param {NodeJS.ProcessEnv} env
 * @param {(filler: Filler, pid: number) => Promise<T>} body
 * @returns {Promise<T | string>} or why the server does not run
 */
async function withServer({ program, protocol }, memoryMb, env, body) {
  const folder = mkdtempSync(join(tmpdir(), 'ringstone-memory-'));
  try {
    const server = await startServer(program, 'tcp', folder, [], env, memoryMb);
    if (typeof server === 'string') return server;
    const filler = new Filler(server.address, protocol);
    try {
      return await body(filler, server.pid);
    } finally {
      filler.close();
      await server.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @typedef {object} Overhead
 * @property {number} items written between the readings
 * @property {number} empty_rss_bytes without an item, after writes that were refused
 * @property {number} filled_rss_bytes
 * @property {number} overhead_bytes per item, over its key and value
 * @property {number} overhead_share of key and value
 */

/**
 * Resident memory per item over key and value.
 * @param {Subject} subject
 * @param {Kind} kind
 * @param {NodeJS.ProcessEnv} env
 * @param {number} [memoryMb] of the server, by default ample
 * @returns {Promise<Overhead | string>} or why the server does not run
 */
export function measureOverhead(subject, kind, env, memoryMb = ampleMb(kind)) {
  return withServer(subject, memoryMb, env, async (filler, pid) => {
    await filler.warm({ ...kind, first: 0, count: WARMUP_WRITES });
    const empty = await settledBytes(pid);
    await filler.fill({ ...kind, first: 0, count: kind.items });
    const filled = await settledBytes(pid);
    const holds = await filler.count();
    if (holds !== kind.items) throw new Error(`it holds ${holds} of ${kind.items} items`);
    const payload = KEY_BYTES + kind.valueBytes;
    const overhead = (filled - empty) / kind.items - payload;
    return {
      items: kind.items,
      empty_rss_bytes: empty,
      filled_rss_bytes: filled,
      overhead_bytes: overhead,
      overhead_share: overhead / payload,
    };
  });
}

/**
 * @typedef {object} Full
 * @property {number} written distinct keys
 * @property {number} alive items that are left
 * @property {number} empty_rss_bytes
 * @property {number} full_rss_bytes
 * @property {number} max_memory_bytes
 */

/**
 * Items alive in a server that is full: twice as many as would fit without any overhead are written.
 * @param {Subject} subject
 * @param {NodeJS.ProcessEnv} env
 * @param {number} [memoryMb]
 * @returns {Promise<Full | string>} or why the server does not run
 */
export function measureFull(subject, env, memoryMb = FULL.memory_mb) {
  return withServer(subject, memoryMb, env, async (filler, pid) => {
    const { valueBytes } = FULL;
    await filler.warm({ first: 0, count: WARMUP_WRITES, valueBytes, ttl: false });
    const empty = await settledBytes(pid);
    const written = 2 * Math.ceil((memoryMb * MIB) / (KEY_BYTES + valueBytes));
    await filler.fill({ first: 0, count: written, valueBytes, ttl: false });
    const full = await settledBytes(pid);
    return {
      written,
      alive: await filler.count(),
      empty_rss_bytes: empty,
      full_rss_bytes: full,
      max_memory_bytes: memoryMb * MIB,
    };
  });
}
