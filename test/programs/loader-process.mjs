// Loaders in a process of their own: `node loader-process.mjs <scene> [number]`. Says what it found in a line of JSON.
import { readdirSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Cache } from '../../dist/index.js';

const own = fileURLToPath(import.meta.url);
const say = found => process.stdout.write(`${JSON.stringify(found)}\n`);
const unhandled = [];
process.on('unhandledRejection', reason => unhandled.push(String(reason)));

const NEVER = () => new Promise(() => undefined);
/** Workers that are there at the same time. */
const AT_ONCE = 4;
/** Ended threads give back their memory a moment later. */
const SETTLE_MS = 200;

/** Sends, and gives what is answered until the server closes. */
function exchange(port, text) {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: '127.0.0.1', port }, () => socket.end(text));
    let got = '';
    socket.on('data', chunk => {
      got += chunk;
    });
    socket.on('end', () => resolve(got)).on('error', reject);
  });
}

function usage() {
  const status = readFileSync('/proc/self/status', 'utf8');
  return {
    descriptors: readdirSync('/proc/self/fd').length,
    threads: Number(/^Threads:\s+(\d+)/m.exec(status)[1]),
    rssBytes: 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(status)[1]),
  };
}

/** Starts a worker and ends it within a run of its loader and a call of its own. */
async function oneWorker() {
  const worker = new Worker(own, { workerData: { scene: 'worker' } });
  await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  await worker.terminate();
}

const SCENES = {
  /** Nothing waits: the process ends by itself. */
  idle() {
    Cache.open({ maxMemory: '8mb' }).loader('k', NEVER);
    say({ idle: true });
  },
  /** A call waits, and so does the process. */
  pending() {
    const cache = Cache.open({ maxMemory: '8mb' });
    cache.loader('k', NEVER, { timeout: 100 });
    cache.fetch('k').catch(error => say({ code: error.code }));
  },
  /** What was withdrawn is not waited for. */
  withdrawn() {
    const cache = Cache.open({ maxMemory: '8mb' });
    cache.loader('k', NEVER, { timeout: 3_600_000 });
    const controller = new AbortController();
    cache.fetch('k', { signal: controller.signal }).catch(error => say({ name: error.name }));
    controller.abort();
  },
  /** Ends within a run and a call. */
  exit() {
    const cache = Cache.open({ maxMemory: '8mb' });
    cache.loader('k', () => {
      say({ exits: true });
      process.exit(7);
    });
    cache.fetch('k');
  },
  /** Loaders that fail in all ways do no harm. */
  async throwing() {
    const cache = Cache.open({ maxMemory: '8mb' });
    const server = await cache.serve({ listen: '127.0.0.1:0', workers: 1, logLevel: 'silent' });
    cache.loader('sync', () => {
      throw new Error('sync');
    });
    cache.loader('async', async () => Promise.reject(new Error('async')));
    cache.loader('late', () => new Promise((_, reject) => setTimeout(reject, 60, new Error('late'))), { timeout: 20 });
    cache.loader('value', () => 42);
    const port = Number(server.addresses[0].split(':')[1]);
    const replies = await exchange(port, 'get sync\r\nget async\r\nget late\r\nget value\r\nget none\r\n');
    await sleep(SETTLE_MS);
    await server.close();
    cache.close();
    say({ replies, unhandled });
  },
  /** Many workers, each ended within a run. */
  async workers(count) {
    const cache = Cache.open({ name: 'workers', maxMemory: '8mb' });
    const found = [];
    for (let done = 0; done < count; done += AT_ONCE) {
      await Promise.all(Array.from({ length: AT_ONCE }, oneWorker));
      if (done % (count / 10) < AT_ONCE) {
        globalThis.gc();
        await sleep(SETTLE_MS);
        found.push(usage());
      }
    }
    cache.loader('w', () => 'v');
    say({ found, fetched: String(await cache.fetch('w')) });
  },
  worker() {
    const cache = Cache.open({ name: 'workers' });
    cache.loader('w', () => {
      parentPort.postMessage('runs');
      return NEVER();
    });
    cache.fetch(`w${Math.random()}`).catch(() => undefined);
    // Others end within this wait of theirs.
    cache.fetch('w').catch(() => undefined);
  },
};

const scene = isMainThread ? process.argv[2] : workerData.scene;
await SCENES[scene](Number(process.argv[3]));
