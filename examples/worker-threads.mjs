// Four worker threads and the main thread that share one cache: none has a copy, and what one writes all others see.
//
// In a clone, after `npm install` and `npm run build`: node examples/worker-threads.mjs
import { isMainThread, threadId, Worker } from 'node:worker_threads';
import { Cache } from 'ringstone';

const WORKERS = 4;
const VISITS = 10_000;

// The same name in any thread of the process is the same cache.
const cache = Cache.open({ name: 'shared', maxMemory: '32mb' });

if (isMainThread) {
  cache.set('greeting', 'hello from the main thread');
  const workers = Array.from({ length: WORKERS }, () => new Worker(new URL(import.meta.url)));
  await Promise.all(
    workers.map(worker => new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject))),
  );

  console.log(`visits: ${cache.incr('visits', 0)}`);
  for (const key of [...cache.scan({ match: 'worker:*' })].sort()) console.log(`${key} ${cache.getString(key)}`);
} else {
  for (let visit = 0; visit < VISITS; visit++) cache.incr('visits');
  cache.set(`worker:${threadId}`, `read "${cache.getString('greeting')}"`);
}

cache.close();
