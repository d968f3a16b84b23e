// A worker_thread with a cache of its parent's name, told by messages what to do: `{ loader: pattern, does, options }` registers a
// loader, `{ fetch: key, times }` fetches, `{ close: true }` closes the cache. It tells of each run by `{ run: key }`.
import { parentPort, threadId, workerData } from 'node:worker_threads';
import { Cache } from '../../dist/index.js';

const { name, gate } = workerData;
const cache = Cache.open({ name });
/** Zero until the parent lets blocked loaders go on. */
const lock = new Int32Array(gate);

/** What loaders can do. */
const DEEDS = {
  value: key => `${key} of thread ${threadId}`,
  never: () => new Promise(() => undefined),
  /** Holds up the whole thread. */
  block: key => {
    Atomics.wait(lock, 0, 0);
    return `${key} of thread ${threadId}, late`;
  },
  throw: key => {
    throw new Error(`no ${key} in thread ${threadId}`);
  },
  slow: async key => {
    await new Promise(resolve => setTimeout(resolve, 10));
    return `${key} of thread ${threadId}`;
  },
};

async function fetch(key, times) {
  const fetched = await Promise.allSettled(Array.from({ length: times }, () => cache.fetch(key)));
  return fetched.map(({ status, value, reason }) =>
    status === 'fulfilled' ? { value: value?.toString() } : { code: reason.code, message: reason.message },
  );
}

parentPort.on('message', async message => {
  if (message.loader !== undefined) {
    const load = DEEDS[message.does];
    cache.loader(
      message.loader,
      (key, context) => {
        parentPort.postMessage({ run: key });
        return load(key, context);
      },
      message.options,
    );
    parentPort.postMessage({ registered: message.loader });
  } else if (message.fetch !== undefined) {
    const fetched = fetch(message.fetch, message.times);
    parentPort.postMessage({ fetching: message.fetch });
    parentPort.postMessage({ fetched: await fetched });
  } else if (message.close) {
    cache.close();
    parentPort.close();
  }
});
parentPort.postMessage({ ready: true });
