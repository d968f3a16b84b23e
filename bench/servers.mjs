// The servers that are compared, each started on loopback.
import { existsSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from '../scripts/files.mjs';
import { installPackages } from '../scripts/packages.mjs';
import { start } from './children.mjs';

/** Where no limit is asked for: more than any load of `npm run bench` fills. */
const MEMORY_MB = 1024;
/** More than any load uses. */
const CONNECTIONS = 4096;
const START_MS = 15_000;
const LOOK_AGAIN_MS = 20;

/** @typedef {'tcp' | 'unix'} Transport */

/**
 * @typedef {object} Program
 * @property {string} name
 * @property {readonly (readonly [program: string, name: string])[]} packages
 * @property {(port: number, path: string, transport: Transport, memoryMb?: number) => readonly string[]} command
 */

/** In the name of a program with so many threads for its connections. @param {number} threads */
const threadsText = threads => (threads === 1 ? '' : `, ${threads} threads`);

/** @param {'uring' | 'mio'} runtime @param {number} workers @returns {Program} */
const ringstone = (runtime, workers) => ({
  name: `Ringstone ${runtime}${threadsText(workers)}`,
  packages: [],
  command: (port, path, _, memoryMb = MEMORY_MB) => [
    ...[process.execPath, join(root, 'dist', 'cli.js'), 'serve', '--runtime', runtime, '-w', String(workers)],
    ...['-m', `${memoryMb}mb`, '--max-connections', String(CONNECTIONS), '--http', 'off', '--log-format', 'json'],
    ...['-l', `127.0.0.1:${port}`, '-l', `unix:${path}`],
  ],
});

/** @param {string} name @param {string} policy what it evicts, where it has a limit @returns {Program} */
const redis = (name, policy) => ({
  name,
  packages: [['redis-server', 'redis-server']],
  // Without a limit it does no work for evictions.
  command: (port, path, _, memoryMb) => [
    ...['redis-server', '--bind', '127.0.0.1', '--port', String(port), '--unixsocket', path],
    ...['--save', '', '--appendonly', 'no', '--maxclients', String(CONNECTIONS)],
    ...(memoryMb === undefined ? [] : ['--maxmemory', `${memoryMb}mb`, '--maxmemory-policy', policy]),
  ],
});

/** @param {number} threads @returns {Program} */
const memcached = threads => ({
  name: `memcached${threadsText(threads)}`,
  packages: [['memcached', 'memcached']],
  // It listens either on TCP or on a unix socket.
  command: (port, path, transport, memoryMb = MEMORY_MB) => [
    ...['memcached', '-t', String(threads), '-m', String(memoryMb), '-c', String(CONNECTIONS), '-U', '0'],
    ...(process.getuid?.() === 0 ? ['-u', 'root'] : []),
    ...(transport === 'unix' ? ['-s', path] : ['-l', '127.0.0.1', '-p', String(port)]),
  ],
});

/** Programs by name; a number at its end is that of threads. */
export const PROGRAMS = {
  uring: ringstone('uring', 1),
  mio: ringstone('mio', 1),
  memcached: memcached(1),
  uring2: ringstone('uring', 2),
  mio2: ringstone('mio', 2),
  memcached2: memcached(2),
  redis: redis('redis', 'allkeys-lru'),
  'redis-lfu': redis('redis', 'allkeys-lfu'),
};

/** @typedef {keyof typeof PROGRAMS} ProgramName */

/**
 * @typedef {object} Subject a server, and what it is asked in
 * @property {string} name
 * @property {ProgramName} program
 * @property {'memcached' | 'resp'} protocol
 * @property {string} reference name of the subject that it is compared with
 */

/** @type {readonly Subject[]} */
export const SUBJECTS = [
  { name: 'memcached', program: 'memcached', protocol: 'memcached', reference: 'memcached' },
  { name: 'uring', program: 'uring', protocol: 'memcached', reference: 'memcached' },
  { name: 'mio', program: 'mio', protocol: 'memcached', reference: 'memcached' },
  { name: 'redis', program: 'redis', protocol: 'resp', reference: 'redis' },
  { name: 'uring-resp', program: 'uring', protocol: 'resp', reference: 'redis' },
  { name: 'mio-resp', program: 'mio', protocol: 'resp', reference: 'redis' },
];

/** With one thread and with two, for `--hot-key` and `--scaling`. @type {readonly Subject[]} */
export const THREADED_SUBJECTS = /** @type {const} */ ([
  'memcached',
  'memcached2',
  'uring',
  'uring2',
  'mio',
  'mio2',
]).map(program => ({ name: program, program, protocol: 'memcached', reference: program.replace('2', '') }));

/**
 * @typedef {object} Server
 * @property {number} pid
 * @property {string} address as `ringstone bench` takes it
 * @property {() => string | undefined} failure
 * @property {() => Promise<void>} stop
 */

/** @returns {Promise<number>} a port that was free a moment ago */
async function freePort() {
  const server = net.createServer();
  return new Promise((resolve, reject) => {
    server.on('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = /** @type {net.AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}

/** @param {net.NetConnectOpts} to @returns {Promise<boolean>} */
function accepts(to) {
  return new Promise(resolve => {
    const socket = net.connect(to, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/**
 * Starts a program and waits until it accepts.
 *
 * @param {ProgramName} name
 * @param {Transport} transport
 * @param {string} folder for sockets
 * @param {readonly string[]} around command before it: taskset
 * @param {NodeJS.ProcessEnv} env
 * @param {number} [memoryMb] limit for items, MiB; redis then evicts like the others
 * @returns {Promise<Server | string>} or why it does not run
 */
export async function startServer(name, transport, folder, around, env, memoryMb) {
  /** @type {Program} */
  const program = PROGRAMS[name];
  const missing = installPackages(program.packages);
  if (missing.length > 0) return `${missing.join(', ')} could not be installed`;
  const port = await freePort();
  const path = join(folder, `${name}-${transport}`);
  const child = start([...around, ...program.command(port, path, transport, memoryMb)], env);
  const address = transport === 'unix' ? `unix:${path}` : `127.0.0.1:${port}`;
  const to = transport === 'unix' ? { path } : { host: '127.0.0.1', port };
  const end = Date.now() + START_MS;
  while (transport === 'unix' && !existsSync(path) ? true : !(await accepts(to))) {
    const failure = child.failure() ?? (Date.now() > end ? `${program.name} accepts no connection` : undefined);
    if (failure !== undefined) {
      await child.stop();
      return failure;
    }
    await sleep(LOOK_AGAIN_MS);
  }
  return { pid: child.pid, address, failure: child.failure, stop: child.stop };
}
