// A process that ends with everything left as it is: one scene per run, named by the first argument.
import { setTimeout as sleep } from 'node:timers/promises';
import { check, client, MIB, open, report, serve, startWorker } from './support.mjs';

/** All that one can forget. */
async function everything() {
  const cache = open();
  const server = await serve(cache, { http: '127.0.0.1:0' });
  cache.set('key', Buffer.alloc(3 * MIB));
  cache.createWriteStream('other', { size: 4 * MIB }).write(Buffer.alloc(MIB));
  for await (const _ of cache.createReadStream('key')) break;
  cache.createReadStream('key').on('readable', () => undefined);
  cache.loader('load:', () => new Promise(() => undefined), { timeout: 60_000 });
  return { cache, server };
}

const SCENES = {
  async 'a cache'() {
    open().set('key', 'value');
  },
  async 'a server'() {
    await serve(open());
  },
  async 'a server on io_uring, if there is such'() {
    await serve(open(), { runtime: 'auto', workers: 2 });
  },
  async 'a server that is just starting'() {
    void serve(open());
  },
  async 'a server that is just stopping'() {
    const server = await serve(open());
    const socket = await client(server);
    socket.on('error', () => undefined).write('get key\r\n');
    socket.unref();
    void server.close();
  },
  async 'a client that is connected'() {
    const server = await serve(open());
    (await client(server)).on('error', () => undefined).unref();
  },
  async 'a stream that writes'() {
    const stream = open().createWriteStream('key', { size: MIB });
    stream.write(Buffer.alloc(1000));
  },
  async 'a stream that reads'() {
    const cache = open();
    cache.set('key', Buffer.alloc(3 * MIB));
    for await (const chunk of cache.createReadStream('key').iterator({ destroyOnReturn: false })) {
      check(chunk.length > 0, 'there are bytes');
      break;
    }
  },
  async 'a loader'() {
    open().loader('load:', () => 'value');
  },
  async 'a loader that a client waits for'() {
    const cache = open();
    cache.loader('load:', () => new Promise(() => undefined), { timeout: 60_000 });
    const server = await serve(cache);
    const socket = await client(server);
    socket.on('error', () => undefined).write('get load:1\r\n');
    socket.unref();
    await sleep(50);
  },
  async 'a promise of a value'() {
    const cache = open();
    cache.loader('load:', () => new Promise(() => undefined), { timeout: 300 });
    void cache.fetch('load:1').catch(error => report(error.code));
  },
  async everything() {
    await everything();
  },
  async 'everything, without a turn of the loop'() {
    void everything();
  },
  async 'process.exit'() {
    await everything();
    process.exit(3);
  },
  async 'process.exit in a loader'() {
    const { cache } = await everything();
    cache.loader('exit:', () => process.exit(3));
    await cache.fetch('exit:1');
  },
  async 'process.exit in a stream'() {
    const { cache } = await everything();
    cache.createReadStream('key').on('data', () => process.exit(3));
  },
  async 'process.exit while threads are at work'() {
    await everything();
    await Promise.all(['hot', 'streams', 'loads', 'reads'].map(role => startWorker(role)));
    process.exit(3);
  },
  async 'process.exit while a server stops'() {
    const { server } = await everything();
    const socket = await client(server);
    socket.write('set key 0 0 1000\r\n');
    void server.close();
    process.exit(3);
  },
  async 'an exception in a stream'() {
    const { cache } = await everything();
    cache.createReadStream('key').on('data', () => {
      throw new Error('thrown in a stream');
    });
  },
  async 'an exception after a loader'() {
    const { cache } = await everything();
    cache.loader('throws:', () => {
      setImmediate(() => {
        throw new Error('thrown beside a loader');
      });
      return 'value';
    });
    await cache.fetch('throws:1');
  },
  async 'a rejection that nobody handles'() {
    const { cache } = await everything();
    void cache.fetch('load:1', { signal: AbortSignal.abort(new Error('nobody handles this')) });
  },
  async 'a loader that throws'() {
    const cache = open();
    cache.loader('throws:', () => {
      throw new Error('thrown in a loader');
    });
    cache.loader('rejects:', async () => {
      throw null;
    });
    for (const key of ['throws:1', 'rejects:1']) {
      const error = await cache.fetch(key).catch(reason => reason);
      check(error.code === 'RINGSTONE_LOAD_FAILED', `${key} fails as a load does: ${error}`);
    }
  },
  async 'a signal'() {
    await everything();
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'uncaughtException']) {
      check(process.listenerCount(signal) === 0, `there are no listeners of ${signal}`);
    }
    process.stdout.write('waiting\n');
    setInterval(() => undefined, 1000);
  },
};

await SCENES[process.argv[2]]();
