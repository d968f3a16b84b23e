/** A cache's server from its start to its end: signals that abort it, clients that are busy, handles that are closed before it. */
import { getEventListeners } from 'node:events';
import { expect, test } from '@jest/globals';
import { Cache, type CacheServer } from '../../../ts/index.ts';
import { eachRuntime } from '../../harness/runtimes.ts';
import { Wire } from '../../harness/wire.ts';

const open = (name: string) => Cache.open({ name: `serving ${name}`, maxMemory: '8mb' });
const LISTEN = { listen: '127.0.0.1:0', workers: 1 };

function connect(server: CacheServer): Promise<Wire> {
  const [host = '', port] = (server.addresses[0] ?? '').split(':');
  return Wire.connect({ host, port: Number(port) });
}

/** That nobody serves it, and that it can be served. */
async function expectServable(cache: Cache): Promise<void> {
  const server = await cache.serve(LISTEN);
  await server.close();
}

test('a signal that is aborted already, or while the server starts, ends the start with its reason', async () => {
  using cache = open('early');
  const reason = new Error('not wanted');
  await expect(cache.serve({ ...LISTEN, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  await expectServable(cache);
  const controller = new AbortController();
  const starting = cache.serve({ ...LISTEN, signal: controller.signal });
  controller.abort(reason);
  await expect(starting).rejects.toBe(reason);
  await expectServable(cache);
  await expect(cache.serve({ ...LISTEN, signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
});

test('a signal that is aborted later closes the server', async () => {
  using cache = open('late');
  const controller = new AbortController();
  const server = await cache.serve({ ...LISTEN, signal: controller.signal });
  const wire = await connect(server);
  await wire.send('get none\r\n');
  await wire.expect('END\r\n');
  controller.abort();
  await wire.readToEnd();
  expect(await server.close()).toBe(true);
  wire.close();
  await expectServable(cache);
});

test('a signal keeps nothing of a server that was closed', async () => {
  using cache = open('listeners');
  const { signal } = new AbortController();
  for (let times = 0; times < 20; times++) {
    const server = await cache.serve({ ...LISTEN, signal });
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await server.close();
  }
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

eachRuntime(runtime => {
  test('closing finishes what is in flight, and tells whether something was cut off', async () => {
    using cache = open(`busy ${runtime}`);
    const server = await cache.serve({ ...LISTEN, runtime, shutdownTimeout: 200 });
    const [busy, stuck, idle] = [await connect(server), await connect(server), await connect(server)];
    const requests = 500;
    await busy.send('get none\r\n'.repeat(requests));
    await busy.expect('END\r\n');
    await stuck.send('set key 0 0 1000\r\nonly a part');
    await idle.send('get none\r\n');
    await idle.expect('END\r\n');
    const closing = server.close();
    expect(server.close()).toBe(closing);
    expect((await busy.readToEnd()).toString()).toBe('END\r\n'.repeat(requests - 1));
    await idle.readToEnd();
    expect(await closing).toBe(false);
    await stuck.readToEnd();
    expect(cache.get('key')).toBeUndefined();
    for (const wire of [busy, stuck, idle]) wire.close();
    expect(server.metrics()).toEqual([]);
    await expectServable(cache);
  });

  test('a server goes on when the handle is closed that it was started by, and keeps the items', async () => {
    const cache = open(`handle ${runtime}`);
    cache.set('key', 'value');
    const server = await cache.serve({ ...LISTEN, runtime });
    cache.close();
    const wire = await connect(server);
    await wire.send('get key\r\n');
    await wire.expect('VALUE key 0 5\r\nvalue\r\nEND\r\n');
    const other = open(`handle ${runtime}`);
    expect(other.getString('key')).toBe('value');
    other.close();
    wire.close();
    await server.close();
    using empty = open(`handle ${runtime}`);
    expect(empty.size).toBe(0);
  });
});
