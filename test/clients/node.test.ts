/** ioredis and node-redis through their ordinary interfaces, on each runtime. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { BasicClientSideCache, createClient } from 'redis';
import { eventually } from '../harness/eventually.ts';
import { fixture } from '../harness/fixture.ts';
import { eachRuntime } from '../harness/runtimes.ts';

const LIMIT = 8 * 1024 * 1024;
const PIPELINED = 2000;

eachRuntime(runtime => {
  const { server, connect } = fixture({ runtime, more: ['--max-memory', '128mb'] });

  describe('ioredis', () => {
    const clients: Redis[] = [];
    afterEach(() => {
      for (const client of clients.splice(0)) client.disconnect();
    });
    const connect = (options = {}) => {
      const client = new Redis({ port: server().port, ...options });
      clients.push(client);
      return client;
    };

    test('strings, options and counters', async () => {
      const client = connect({ connectionName: 'me' });
      expect(await client.set('io', '1')).toBe('OK');
      expect(await client.get('io')).toBe('1');
      expect(await client.get('io-absent')).toBeNull();
      expect(await client.set('io', '2', 'EX', 100, 'NX')).toBeNull();
      expect(await client.set('io', '2', 'EX', 100, 'GET')).toBe('1');
      expect(await client.ttl('io')).toBeGreaterThan(90);
      expect(await client.incrby('io', 40)).toBe(42);
      expect(await client.mset({ 'io-a': 1, 'io-b': 2 })).toBe('OK');
      expect(await client.mget('io-a', 'io-absent', 'io-b')).toEqual(['1', null, '2']);
      expect(await client.del('io-a', 'io-b')).toBe(2);
      expect(await client.client('GETNAME')).toBe('me');
      await expect(client.call('NONSENSE')).rejects.toThrow(/unknown command/);
    });
    test('pipelines, also of the automatic kind', async () => {
      const client = connect();
      const pipeline = client.pipeline();
      for (let index = 0; index < PIPELINED; index += 1) pipeline.set(`io-${index}`, index).get(`io-${index}`);
      const replies = await pipeline.exec();
      expect(replies?.length).toBe(2 * PIPELINED);
      expect(
        replies?.every(
          ([error, reply], index) => error === null && reply === (index % 2 ? String((index - 1) / 2) : 'OK'),
        ),
      ).toBe(true);
      const automatic = connect({ enableAutoPipelining: true });
      expect(await Promise.all(Array.from({ length: 100 }, (_, index) => automatic.get(`io-${index}`)))).toEqual(
        Array.from({ length: 100 }, (_, index) => String(index)),
      );
    });
    test('expiry and large binary values', async () => {
      const client = connect();
      await client.set('io-short', 'v', 'PX', 20);
      await eventually('expiry', async () => ((await client.exists('io-short')) === 0 ? true : undefined));
      const value = Buffer.alloc(LIMIT, 'ab\r\n\0');
      await client.set('io-large', value);
      expect((await client.getBuffer('io-large'))?.equals(value)).toBe(true);
      await expect(client.set('io-large', Buffer.alloc(LIMIT + 1))).rejects.toThrow();
      expect(await client.strlen('io-large')).toBe(LIMIT);
    });
    test('reconnects after the connection was ended by QUIT', async () => {
      const client = connect({ retryStrategy: () => 10 });
      await client.set('io-again', '1');
      client.stream?.destroy();
      expect(await client.get('io-again')).toBe('1');
      expect(await client.quit()).toBe('OK');
    });
  });

  describe.each([2, 3] as const)('node-redis, RESP%d', RESP => {
    const connect = async () => {
      const client = createClient({ url: `redis://127.0.0.1:${server().port}`, RESP, name: 'me' });
      client.on('error', () => undefined);
      await client.connect();
      return client;
    };

    test('strings, options and counters', async () => {
      const client = await connect();
      expect(await client.set('nr', '1')).toBe('OK');
      expect(await client.get('nr')).toBe('1');
      expect(await client.get('nr-absent')).toBeNull();
      expect(await client.set('nr', '2', { condition: 'NX' })).toBeNull();
      expect(await client.set('nr', '2', { expiration: { type: 'EX', value: 100 }, GET: true })).toBe('1');
      expect(await client.ttl('nr')).toBeGreaterThan(90);
      expect(await client.incrBy('nr', 40)).toBe(42);
      expect(await client.mSet({ 'nr-a': '1', 'nr-b': '2' })).toBe('OK');
      expect(await client.mGet(['nr-a', 'nr-absent', 'nr-b'])).toEqual(['1', null, '2']);
      expect(await client.del(['nr-a', 'nr-b'])).toBe(2);
      expect(await client.clientGetName()).toBe('me');
      expect(await client.dbSize()).toBeGreaterThan(0);
      await expect(client.sendCommand(['NONSENSE'])).rejects.toThrow(/unknown command/);
      await client.close();
    });
    test('requests of one turn, which it pipelines', async () => {
      const client = await connect();
      const replies = await Promise.all(
        Array.from({ length: PIPELINED }, (_, index) =>
          client.set(`nr-${index}`, String(index)).then(() => client.get(`nr-${index}`)),
        ),
      );
      expect(replies).toEqual(Array.from({ length: PIPELINED }, (_, index) => String(index)));
      await client.close();
    });
    test('expiry, large values and reconnection', async () => {
      const client = await connect();
      await client.set('nr-short', 'v', { expiration: { type: 'PX', value: 20 } });
      await eventually('expiry', async () => ((await client.exists('nr-short')) === 0 ? true : undefined));
      const value = 'x'.repeat(LIMIT);
      await client.set('nr-large', value);
      expect((await client.get('nr-large')) === value).toBe(true);
      await client.sendCommand(['QUIT']).catch(() => undefined);
      expect(
        await eventually('a new connection', () =>
          client.get('nr-large').then(
            got => got ?? undefined,
            () => undefined,
          ),
        ),
      ).toBe(value);
      client.destroy();
    });
  });

  test('node-redis keeps copies that invalidations of both protocols remove', async () => {
    const clientSideCache = new BasicClientSideCache({ ttl: 0, maxEntries: 0, evictPolicy: 'LRU' });
    const url = `redis://127.0.0.1:${server().port}`;
    const client = createClient({ url, RESP: 3, clientSideCache });
    const writer = createClient({ url, RESP: 3 });
    await Promise.all([client.connect(), writer.connect()]);
    const memcached = await connect();
    /** Asks until the answer is this one: an invalidation takes its time. */
    const becomes = (value: string | null) =>
      eventually(`${value}`, async () => ((await client.get('cached')) === value ? true : undefined));
    await becomes(null);
    for (let round = 0; round < 20; round += 1) {
      await writer.set('cached', `resp-${round}`);
      await becomes(`resp-${round}`);
      const hits = clientSideCache.stats().hitCount;
      expect(await client.get('cached')).toBe(`resp-${round}`);
      expect(clientSideCache.stats().hitCount).toBe(hits + 1);
      await memcached.send('set cached 0 0 4\r\nmemc\r\n');
      await memcached.expect('STORED\r\n');
      await becomes('memc');
    }
    await writer.set('cached', 'short', { expiration: { type: 'PX', value: 200 } });
    await becomes('short');
    await becomes(null);
    await writer.set('cached', 'flushed');
    await becomes('flushed');
    await writer.flushAll();
    await becomes(null);
    await Promise.all([client.close(), writer.close()]);
  });

  test('node-redis and ioredis subscribe and publish', async () => {
    const url = `redis://127.0.0.1:${server().port}`;
    const publisher = new Redis({ port: server().port });
    const subscriber = new Redis({ port: server().port });
    const got: string[] = [];
    for (const RESP of [2, 3] as const) {
      const client = createClient({ url, RESP });
      await client.connect();
      await client.subscribe('channel', (message, channel) => got.push(`${RESP} ${channel} ${message}`));
      await client.pSubscribe('ch*', (message, channel) => got.push(`${RESP} p ${channel} ${message}`));
      expect(await publisher.publish('channel', 'hello')).toBe(2);
      await eventually('both', () => (got.length === 2 ? true : undefined));
      expect(got.splice(0).sort()).toEqual([`${RESP} channel hello`, `${RESP} p channel hello`]);
      await client.unsubscribe('channel');
      await client.pUnsubscribe();
      // A buffer after a subscription, also from redis-server.
      expect(String(await client.ping())).toBe('PONG');
      expect((await client.clientInfo()).db).toBe(0);
      expect((await client.clientList()).length).toBeGreaterThan(1);
      await client.close();
    }
    subscriber.on('message', (channel: string, message: string) => got.push(`${channel} ${message}`));
    await subscriber.subscribe('channel');
    await publisher.publish('channel', 'again');
    await eventually('it comes', () => (got[0] === 'channel again' ? true : undefined));
    publisher.disconnect();
    subscriber.disconnect();
  });
});
