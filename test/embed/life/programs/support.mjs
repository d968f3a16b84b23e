// What the programs of these tests share. They run on the built package, as a program that installed it would.
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { Worker } from 'node:worker_threads';
import { Cache } from '../../../../dist/index.js';

export { Cache };

const KIB = 1024;
export const MIB = KIB * KIB;
export const NAME = 'life';

/** The cache that all threads of a program open. */
export const open = () => Cache.open({ name: NAME, maxMemory: '64mb' });

/** Serves it, on a port of the system's choice. */
export const serve = (cache, options = {}) =>
  cache.serve({ listen: '127.0.0.1:0', workers: 1, runtime: 'mio', ...options });

/** A connection to a server. */
export async function client(server) {
  const [host, port] = server.addresses[0].split(':');
  const socket = connect(Number(port), host).setEncoding('latin1');
  await once(socket, 'connect');
  return socket;
}

/** Sends a request, and gives what comes next. */
export async function ask(socket, request) {
  socket.write(request);
  const [reply] = await once(socket, 'data');
  return reply;
}

/** Bytes of the cache that bodies being received have reserved, and that are held for readers alone. */
export function held(server) {
  const family = server.metrics().find(({ name }) => name === 'ringstone_memory_bytes');
  const of = use => family.samples.find(({ labels }) => labels.some(([, value]) => value === use)).value;
  return { receiving: of('receiving'), sending: of('sending') };
}

/** What the system says that this process uses. */
export async function usage() {
  // So that what was freed is not counted as growth; finalizers have their turn.
  for (let times = 0; times < 3; times++) {
    globalThis.gc?.();
    await new Promise(resolve => setImmediate(resolve));
  }
  const status = readFileSync('/proc/self/status', 'utf8');
  return {
    rss: Number(/^VmRSS:\s+(\d+)/m.exec(status)[1]) * KIB,
    threads: readdirSync('/proc/self/task').length,
    descriptors: readdirSync('/proc/self/fd').length,
    handles: process.getActiveResourcesInfo().length,
  };
}

/** Starts one of the workers in workers.mjs, and waits until it says that it is at work. */
export async function startWorker(role, data = {}) {
  const worker = new Worker(new URL('worker.mjs', import.meta.url), { workerData: { role, ...data } });
  // Asked for at once: a short life is over when its message is read.
  const exited = once(worker, 'exit');
  const [message] = await once(worker, 'message');
  return { worker, message, exited };
}

/** Fails the program. */
export function check(holds, what) {
  if (!holds) throw new Error(`it is not so that ${what}`);
}

/** Reports to the test. */
export const report = facts => process.stdout.write(`${JSON.stringify(facts)}\n`);
