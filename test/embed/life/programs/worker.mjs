// What a worker_thread does with the cache until it is ended.
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { MIB, open, serve } from './support.mjs';

const ready = (message = 'ready') => parentPort.postMessage(message);

const ROLES = {
  /** Calls without a pause. */
  hot(cache) {
    ready();
    const value = Buffer.alloc(100_000, 'v');
    for (let n = 0; ; n++) {
      cache.set(`key ${n % 100}`, n % 3 ? 'small' : value);
      cache.getString(`key ${(n * 7) % 100}`);
      cache.get(`key ${(n * 13) % 100}`);
      cache.mget([`key ${n % 50}`, `key ${n % 60}`]);
      cache.delete(`key ${(n * 31) % 100}`);
    }
  },
  /** Holds a version of a value that is gone. */
  async reads(cache) {
    cache.set('read', Buffer.alloc(3 * MIB));
    const stream = cache.createReadStream('read');
    await once(stream, 'readable');
    cache.delete('read');
    ready();
    await once(parentPort, 'message');
  },
  /** Has room reserved for a value. */
  async writes(cache) {
    cache.createWriteStream('write', { size: 4 * MIB }).write(Buffer.alloc(MIB));
    cache.createWriteStream('write too').write(Buffer.alloc(MIB));
    ready();
    await once(parentPort, 'message');
  },
  /** Moves values by streams without a pause. */
  async streams(cache) {
    ready();
    for (let n = 0; ; n++) {
      const writer = cache.createWriteStream(`stream ${n % 4}`, n % 2 ? { size: 300_000 } : {});
      for (let piece = 0; piece < 3; piece++) if (!writer.write(Buffer.alloc(100_000))) await once(writer, 'drain');
      writer.end();
      await once(writer, 'finish');
      for await (const chunk of cache.createReadStream(`stream ${n % 4}`)) chunk.fill(1);
    }
  },
  /** Serves. */
  async serves(cache) {
    const server = await serve(cache);
    ready({ addresses: server.addresses });
    await once(parentPort, 'message');
  },
  /** Has a loader that answers for others as long as it is there. */
  async loads(cache) {
    cache.loader('load:', async key => {
      if (key.endsWith('never')) {
        parentPort.postMessage('running');
        await once(parentPort, 'message');
      }
      return `loaded ${key}`;
    });
    ready();
    await once(parentPort, 'message');
  },
  /** Comes and goes. */
  visits(cache) {
    cache.set(`visit ${workerData.number}`, 'was here');
    ready(cache.getString(`visit ${workerData.number}`));
  },
  /** Ends without having closed anything, in the middle of everything. */
  async exits(cache) {
    cache.loader('exit:', () => undefined);
    cache.createWriteStream('write', { size: MIB }).write(Buffer.alloc(1000));
    await serve(cache);
    ready();
    process.exit(7);
  },
  /** Counts in turn with the others. */
  async counts(cache) {
    ready();
    const [times] = await once(parentPort, 'message');
    for (let n = 0; n < times; n++) cache.set(`count ${workerData.number}`, String(n + 1));
    parentPort.postMessage(cache.getString(`count ${workerData.number}`));
  },
};

await ROLES[workerData.role](open());
