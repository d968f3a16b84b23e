// One of several threads on one cache; test/embed/threads.test.ts says what each job is to show. It runs the built package.
import { parentPort, workerData } from 'node:worker_threads';
import { Cache } from '../../dist/index.js';

const { job, name, thread, rounds, lengths } = workerData;

/** A value that tells whether it is whole: who wrote it, and all of its bytes follow from the first two. */
function describing(length, seed) {
  const bytes = Buffer.alloc(length, (thread * 16 + (seed % 16)) & 0xff);
  if (length > 4) bytes.writeUInt32LE(length, 0);
  return bytes;
}

/** What is wrong with it. */
function damage(bytes) {
  if (bytes.length <= 4) return new Set(bytes).size > 1 ? 'short and mixed' : undefined;
  if (bytes.readUInt32LE(0) !== bytes.length) return `of ${bytes.length} bytes, says ${bytes.readUInt32LE(0)}`;
  for (let at = 5; at < bytes.length; at++) if (bytes[at] !== bytes[4]) return `mixed at ${at} of ${bytes.length}`;
  return undefined;
}

const jobs = {
  /** Counts up, and takes what nobody else may have. */
  count(cache) {
    let won = 0;
    for (let round = 0; round < rounds; round++) {
      cache.incr('count');
      cache.incr(`count ${round % 7}`, thread + 1);
      if (cache.add(`once ${round}`, String(thread))) won += 1;
    }
    return won;
  },
  /** Counts by versions: a lost one would be missing from the sum. */
  cas(cache) {
    let failed = 0;
    for (let done = 0; done < rounds; ) {
      const { value, cas } = cache.getWithCas('versions');
      if (cache.cas('versions', String(Number(value) + 1), cas)) done += 1;
      else failed += 1;
    }
    return failed;
  },
  /** Writes values of all lengths while others read them, by every way there is. */
  torn(cache) {
    const target = Buffer.alloc(Math.max(...lengths));
    let read = 0;
    for (let round = 0; round < rounds; round++) {
      const key = `torn ${round % 5}`;
      cache.set(key, describing(lengths[(round * 7 + thread) % lengths.length], round));
      const copied = cache.getInto(key, target);
      const several = cache.mget(['torn 0', 'torn 1', 'torn 2', 'torn 3', 'torn 4']);
      const found = [cache.get(key), cache.peek(key), cache.getWithCas(key)?.value, ...several];
      if (copied !== undefined) found.push(Buffer.from(target.subarray(0, copied)));
      for (const bytes of found) {
        if (bytes === undefined) continue;
        const wrong = damage(bytes);
        if (wrong) throw new Error(`${key}: ${wrong}`);
        read += 1;
      }
      if (round % 50 === 0) cache.delete(key);
    }
    return read;
  },
  /** Writes, and has nothing more to do with it. */
  write(cache) {
    cache.set('from thread', `thread ${thread}`);
    return cache.size;
  },
};

const cache = Cache.open({ name });
// All begin together.
parentPort.once('message', () => {
  const result = jobs[job](cache);
  cache.close();
  parentPort.postMessage({ result });
});
parentPort.postMessage('ready');
