// The same again and again in one process: one scene per run. Reports what the process uses after some times, and at the end.
import { once } from 'node:events';
import { ask, Cache, client, held, MIB, open, report, serve, usage } from './support.mjs';

const [scene = '', total = 0, first = 0] = process.argv.slice(2).map((text, n) => (n ? Number(text) : text));

/** One for all, so that the collector's garbage is no part of what is measured. */
const LARGE = Buffer.alloc(MIB);

const SCENES = {
  async 'opened and closed'() {
    const cache = open();
    cache.set('key', LARGE);
    cache.close();
  },
  async 'opened, and left to the collector'() {
    open().set('key', LARGE);
    globalThis.gc();
  },
  async 'joined, beside one that stays open'() {
    const cache = Cache.open({ name: 'stays' });
    cache.set('key', 'value');
    cache.close();
  },
  async 'served and closed'() {
    const cache = open();
    cache.set('key', 'value');
    const server = await serve(cache);
    const socket = await client(server);
    await ask(socket, 'get key\r\n');
    const closed = once(socket, 'close');
    socket.end();
    await closed;
    await server.close();
    cache.close();
  },
  async 'served on any runtime, and closed while clients are busy'() {
    const cache = open();
    const server = await serve(cache, { runtime: 'auto', workers: 2 });
    const socket = await client(server);
    socket.on('error', () => undefined).resume();
    socket.write('get key\r\n'.repeat(1000));
    // With an error or without, by what it had sent when it was cut off.
    const closed = new Promise(resolve => socket.on('close', resolve));
    await server.close();
    await closed;
    cache.close();
  },
  async 'streams that are left to the collector'() {
    const cache = open();
    const server = await serve(cache);
    await leaveStreams(cache);
    for (let turn = 0; held(server).receiving + held(server).sending > 0; turn++) {
      if (turn === 1000) throw new Error('a stream that nobody has keeps its memory');
      globalThis.gc();
      await new Promise(resolve => setImmediate(resolve));
    }
    await server.close();
    cache.close();
  },
  async 'loaders that are closed'() {
    const cache = open();
    const loader = cache.loader('load:', key => `value of ${key}`);
    if (String(await cache.fetch('load:1')) !== 'value of load:1') throw new Error('it was not loaded');
    loader.close();
    cache.close();
  },
};

/** Neither ended nor destroyed. */
async function leaveStreams(cache) {
  cache.createWriteStream('key', { size: MIB, idleTimeout: 0 }).write(Buffer.alloc(1000));
  cache.set('read', LARGE);
  await once(cache.createReadStream('read'), 'readable');
  cache.delete('read');
}

const stays = Cache.open({ name: 'stays' });
let before = await usage();
for (let n = 0; n < total; n++) {
  if (n === first) before = await usage();
  await SCENES[scene]();
  // Finalizers have their turn.
  await new Promise(resolve => setImmediate(resolve));
}
report({ before, after: await usage(), closed: stays.closed });
