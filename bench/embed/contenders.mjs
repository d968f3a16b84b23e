// The caches that are compared. Names and titles only: this module is loaded by whoever prints tables.

/**
 * @typedef {object} Contender
 * @property {string} name
 * @property {string} title
 * @property {'copies' | 'shared' | 'server'} place of what it holds: on the heap of each thread, in the process, in another process
 * @property {import('../servers.mjs').ProgramName} [server] that it asks
 * @property {readonly import('./loads.mjs').Operation[]} [lacks]
 */

/** What all others are compared with. */
export const REFERENCE = 'lru-cache';

/** @type {readonly Contender[]} */
export const CONTENDERS = [
  { name: 'lru-cache', title: 'lru-cache', place: 'copies' },
  { name: 'ringstone', title: 'Ringstone', place: 'shared' },
  { name: 'node-cache', title: 'node-cache', place: 'copies' },
  { name: 'keyv', title: 'keyv', place: 'copies' },
  { name: 'ioredis', title: 'ioredis, redis', place: 'server', server: 'redis' },
  { name: 'ioredis-ringstone', title: 'ioredis, Ringstone', place: 'server', server: 'uring' },
  {
    name: 'memjs',
    title: 'memjs, memcached',
    place: 'server',
    server: 'memcached',
    lacks: ['has', 'mget16', 'mget100'],
  },
  {
    name: 'memjs-ringstone',
    title: 'memjs, Ringstone',
    place: 'server',
    server: 'uring',
    lacks: ['has', 'mget16', 'mget100'],
  },
];
