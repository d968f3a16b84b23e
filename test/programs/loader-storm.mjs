// Everything about loaders at once: `node loader-storm.mjs <runtime> <ms>`. Threads with loaders that do all kinds of things, come and go,
// are ended at any time, and fetch; clients that read, write and vanish. Prints what is counted of loads at the end, as JSON.
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { Cache } from '../../dist/index.js';

const own = fileURLToPath(import.meta.url);
const KEYS = 30;
const CALLERS = 20;
const CLIENTS = 20;
const REQUESTS = 10;
/** A loader is closed and registered anew this often. */
const RELOAD_MS = 53;
const LONGEST_LIFE_MS = 60;

const random = limit => Math.floor(Math.random() * limit);
const anyKey = () => `k${random(KEYS)}`;

async function load(key) {
  const deed = random(10);
  if (deed < 5) await sleep(random(5));
  if (deed === 7) throw new Error('no');
  if (deed === 8) return new Promise(() => undefined);
  return deed === 9 ? undefined : `value of ${key}`;
}

function register(cache) {
  const times = { timeout: 20 + random(30), ttl: 1 + random(20), staleFor: 1 + random(50), negativeTtl: random(5) };
  return cache.loader('k', load, { ...times, maxConcurrent: 1 + random(5), maxWaiting: 50 });
}

/** Fetches and deletes until it is told to stop; gives what it has fetched that was wrong. */
async function call(cache, state, wrong) {
  while (!state.stopped) {
    const key = anyKey();
    const signal = random(5) === 0 ? AbortSignal.timeout(random(10)) : undefined;
    const value = await cache.fetch(key, { signal }).catch(() => undefined);
    if (value !== undefined && !['x', `value of ${key}`].includes(value.toString())) wrong.push(value.toString());
    if (random(4) === 0) cache.delete(anyKey());
    await turn();
  }
}

function callAll(cache) {
  const [state, wrong] = [{ stopped: false }, []];
  let loader = register(cache);
  const timer = setInterval(() => {
    loader.close();
    loader = register(cache);
  }, RELOAD_MS);
  const callers = Promise.all(Array.from({ length: CALLERS }, () => call(cache, state, wrong)));
  return async () => {
    state.stopped = true;
    clearInterval(timer);
    await callers;
    loader.close();
    return wrong;
  };
}

/** Sends pipelines; whenever all is answered it sends the next, or vanishes and comes again. */
async function connect(port, state) {
  while (!state.stopped) {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    let left = 0;
    const send = () => {
      if (state.stopped) return void socket.end();
      left = 1 + random(REQUESTS);
      const write = () => `set ${anyKey()} 0 0 1\r\nx\r\n`;
      const read = () => `mg ${anyKey()} v\r\nmn\r\n`;
      socket.write(Array.from({ length: left }, () => (random(6) === 0 ? write() : read())).join(''));
      // It does not wait for the answers.
      if (random(50) === 0) socket.resetAndDestroy();
    };
    socket.on('data', data => {
      left -= (data.toString('latin1').match(/MN\r\n|STORED\r\n/g) ?? []).length;
      if (left <= 0) send();
    });
    socket.once('connect', send);
    await once(socket, 'close');
  }
}

async function main([runtime, forMs]) {
  const cache = Cache.open({ name: 'storm', maxMemory: '8mb' });
  const server = await cache.serve({ listen: '127.0.0.1:0', workers: 2, logLevel: 'silent', runtime });
  const port = Number(server.addresses[0].split(':')[1]);
  const stop = callAll(cache);
  const state = { stopped: false };
  const clients = Promise.all(Array.from({ length: CLIENTS }, () => connect(port, state)));
  for (const end = Date.now() + Number(forMs); Date.now() < end; ) {
    const worker = new Worker(own);
    await once(worker, 'message');
    await sleep(random(LONGEST_LIFE_MS));
    await worker.terminate();
  }
  state.stopped = true;
  const wrong = await stop();
  await clients;
  process.stdout.write(`${JSON.stringify({ wrong, ...cache.stats().loads })}\n`);
  await server.close();
  cache.close();
}

if (isMainThread) {
  await main(process.argv.slice(2));
} else {
  callAll(Cache.open({ name: 'storm' }));
  parentPort.postMessage('on');
}
