// The same again and again in one process: one scene per run. Reports what the process uses after some times, and at the end.
import { once } from 'node:events';
import { ask, Cache, client, held, MIB, open, report, serve, usage } from './support.mjs';

const [scene = '', total = 0, first = 0] = process.argv.slice(2).map((text, n) => (n ? Number(text) : text));

const SCENES = {
  async 'opened and closed'() {
    const cache = open();
    cache.set('key', Buffer.alloc(MIB));
    cache.close();
  },
  async 'opened, and left to the collector'() {
    open().set('key', Buffer.alloc(MIB));
    globalThis.gc();
    // Finalizers have their turn.
    await new Promise(resolve => setImmediate(resolve));
  },
  async 'joined, beside one that stays open'() {
    const cache = Cache.open({ name: 'stays' });
    cache.set('key', 'value');
    cache.close();
  },
  async 'served and closed'() {
    using cache = open();
    cache.set('key', 'value');
    await using server = await serve(cache);
    const socket = await client(server);
    await ask(socket, 'get key\r\n');
    const closed = once(socket, 'close');
    socket.end();
    await closed;
  },
  async 'served on any runtime, and closed while clients are busy'() {
    using cache = open();
    await using server = await serve(cache, { runtime: 'auto', workers: 2 });
    const socket = await client(server);
    socket.on('error', () => undefined);
    socket.write('get key\r\n'.repeat(1000));
  },
  async 'streams that are left to the collector'() {
    using cache = open();
    await using server = await serve(cache);
    cache.createWriteStream('key', { size: MIB, idleTimeout: 0 }).write(Buffer.alloc(1000));
    cache.set('read', Buffer.alloc(MIB));
    await once(cache.createReadStream('read'), 'readable');
    cache.delete('read');
    for (let turn = 0; held(server).receiving + held(server).sending > 0; turn++) {
      if (turn === 1000) throw new Error('a stream that nobody has keeps its memory');
      globalThis.gc();
      await new Promise(resolve => setImmediate(resolve));
    }
  },
  async 'loaders that are closed'() {
    using cache = open();
    using _loader = cache.loader('load:', key => `value of ${key}`);
    if (String(await cache.fetch('load:1')) !== 'value of load:1') throw new Error('it was not loaded');
  },
};

const stays = Cache.open({ name: 'stays' });
let before = usage();
for (let n = 0; n < total; n++) {
  if (n === first) before = usage();
  await SCENES[scene]();
}
report({ before, after: usage(), closed: stays.closed });
