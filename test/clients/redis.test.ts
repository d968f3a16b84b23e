/** What ioredis and node-redis offer beyond strings: hashes, transactions, scans, messages, a cache of their own; on each runtime. */
import { once } from 'node:events';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { eventually } from '../harness/eventually.ts';
import { fixture } from '../harness/fixture.ts';
import { eachRuntime } from '../harness/runtimes.ts';

const SCANNED = 3000;

eachRuntime(runtime => {
  const { server } = fixture({ runtime });

  describe('ioredis', () => {
    const clients: Redis[] = [];
    afterEach(() => {
      for (const client of clients.splice(0)) client.disconnect();
    });
    const connect = (options = {}) => {
      const client = new Redis({ port: server().port, retryStrategy: () => 10, ...options });
      clients.push(client);
      return client;
    };

    test('hashes', async () => {
      const client = connect();
      await client.del('ih');
      expect(await client.hset('ih', { f: 1, g: 'two' })).toBe(2);
      expect(await client.hgetall('ih')).toEqual({ f: '1', g: 'two' });
      expect(await client.hincrby('ih', 'f', 4)).toBe(5);
      expect(await client.hincrbyfloat('ih', 'f', 0.5)).toBe('5.5');
      expect(await client.hmget('ih', 'g', 'absent')).toEqual(['two', null]);
      expect((await client.hscan('ih', 0))[1]).toHaveLength(4);
      expect(await client.hdel('ih', 'f', 'absent')).toBe(1);
      await expect(client.get('ih')).rejects.toThrow(/^WRONGTYPE/);
    });
    test('transactions', async () => {
      const [client, other] = [connect(), connect()];
      expect(await client.multi().set('it', 1).incr('it').get('it').exec()).toEqual([
        [null, 'OK'],
        [null, 2],
        [null, '2'],
      ]);
      await client.watch('it');
      await other.set('it', 9);
      expect(await client.multi().set('it', 1).exec()).toBeNull();
      expect(await client.get('it')).toBe('9');
    });
    test('scanStream gives every key', async () => {
      const client = connect();
      const keys = Array.from({ length: SCANNED }, (_, index) => `is-${index}`);
      await client.mset(new Map(keys.map(key => [key, '1'])));
      const found = new Set<string>();
      for await (const batch of client.scanStream({ match: 'is-*', count: 100 })) {
        for (const key of batch as string[]) found.add(key);
      }
      expect([...found].sort()).toEqual(keys.sort());
    });
    test('messages, also after the subscriber was cut off', async () => {
      const [subscriber, publisher] = [connect(), connect()];
      expect(await subscriber.subscribe('news')).toBe(1);
      expect(await subscriber.psubscribe('n*')).toBe(2);
      const [message, pattern] = [once(subscriber, 'message'), once(subscriber, 'pmessage')];
      expect(await publisher.publish('news', 'hello')).toBe(2);
      expect(await message).toEqual(['news', 'hello']);
      expect(await pattern).toEqual(['n*', 'news', 'hello']);
      const again = once(subscriber, 'message');
      expect(await publisher.call('CLIENT', 'KILL', 'TYPE', 'pubsub')).toBe(1);
      // It subscribes again by itself.
      await eventually('subscribers', async () => ((await publisher.publish('news', 'again')) > 1 ? true : undefined));
      expect(await again).toEqual(['news', 'again']);
    });
    test('goes on after CLIENT KILL', async () => {
      const [client, other] = [connect(), connect()];
      await client.set('ik', '1');
      expect(await other.call('CLIENT', 'KILL', 'ID', String(await client.client('ID')))).toBe(1);
      expect(await client.get('ik')).toBe('1');
    });
  });

  describe.each([2, 3] as const)('node-redis, RESP%d', RESP => {
    const clients: { destroy(): void; isOpen: boolean }[] = [];
    afterEach(() => {
      for (const client of clients.splice(0)) if (client.isOpen) client.destroy();
    });
    const connect = async () => {
      const client = createClient({ url: `redis://127.0.0.1:${server().port}`, RESP });
      client.on('error', () => undefined);
      clients.push(client);
      await client.connect();
      return client;
    };

    test('hashes', async () => {
      const client = await connect();
      await client.del('nh');
      expect(await client.hSet('nh', { f: '1', g: 'two' })).toBe(2);
      expect({ ...(await client.hGetAll('nh')) }).toEqual({ f: '1', g: 'two' });
      expect(await client.hIncrBy('nh', 'f', 4)).toBe(5);
      expect(await client.hmGet('nh', ['g', 'absent'])).toEqual(['two', null]);
      const fields: string[] = [];
      for await (const entries of client.hScanIterator('nh')) fields.push(...entries.map(({ field }) => field));
      expect(fields.sort()).toEqual(['f', 'g']);
      await expect(client.get('nh')).rejects.toThrow(/^WRONGTYPE/);
    });
    test('transactions', async () => {
      const [client, other] = [await connect(), await connect()];
      expect(await client.multi().set('nt', '1').incr('nt').get('nt').exec()).toEqual(['OK', 2, '2']);
      await client.watch('nt');
      await other.set('nt', '9');
      await expect(client.multi().set('nt', '1').exec()).rejects.toThrow(/watched keys/);
      expect(await client.get('nt')).toBe('9');
    });
    test('scanIterator gives every key', async () => {
      const client = await connect();
      const keys = Array.from({ length: SCANNED }, (_, index) => `ns-${index}`);
      await client.mSet(keys.map(key => [key, '1'] as [string, string]));
      const found = new Set<string>();
      for await (const batch of client.scanIterator({ MATCH: 'ns-*', COUNT: 100 })) {
        for (const key of batch) found.add(key);
      }
      expect([...found].sort()).toEqual(keys.sort());
    });
    test('messages', async () => {
      const [subscriber, publisher] = [await connect(), await connect()];
      const got: string[] = [];
      await subscriber.subscribe('news', (message, channel) => got.push(`${channel}: ${message}`));
      await subscriber.pSubscribe('n*', (message, channel) => got.push(`n*: ${channel}: ${message}`));
      expect(await publisher.publish('news', 'hello')).toBe(2);
      await eventually('messages', () => (got.length === 2 ? true : undefined));
      expect(got.sort()).toEqual(['n*: news: hello', 'news: hello']);
      await subscriber.unsubscribe('news');
      await subscriber.pUnsubscribe('n*');
      expect(await publisher.publish('news', 'hello')).toBe(0);
    });
    test('goes on after CLIENT KILL', async () => {
      const [client, other] = [await connect(), await connect()];
      await client.set('nk', '1');
      expect(await other.sendCommand(['CLIENT', 'KILL', 'ID', String(await client.clientId())])).toBe(1);
      const found = () =>
        client.get('nk').then(
          got => got ?? undefined,
          () => undefined,
        );
      expect(await eventually('a new connection', found)).toBe('1');
    });
  });

  describe('node-redis, with a cache of its own over RESP3', () => {
    const connect = async (clientSideCache?: { maxEntries: number; ttl: number }) => {
      const url = `redis://127.0.0.1:${server().port}`;
      const client = createClient({ url, RESP: 3, ...(clientSideCache ? { clientSideCache } : {}) });
      client.on('error', () => undefined);
      await client.connect();
      return client;
    };

    test('reads once, and is told of writes, deletes, expiry and flushes', async () => {
      const [client, writer] = [await connect({ maxEntries: 100, ttl: 0 }), await connect()];
      const hits = () => client.clientSideCache?.stats().hitCount ?? 0;
      /** Until the cache lets go of what it holds; the push has no order with another connection's reply. */
      const becomes = (expected: string | null) =>
        eventually(`${expected}`, async () => ((await client.get('nc')) === expected ? true : undefined));
      await writer.set('nc', '1');
      expect(await client.get('nc')).toBe('1');
      const before = hits();
      expect(await Promise.all([client.get('nc'), client.get('nc')])).toEqual(['1', '1']);
      expect(hits()).toBe(before + 2);
      await writer.set('nc', '2');
      await becomes('2');
      await writer.del('nc');
      await becomes(null);
      await writer.set('nc', '3', { expiration: { type: 'PX', value: 100 } });
      await becomes('3');
      await becomes(null);
      await writer.set('nc', '4');
      await becomes('4');
      await writer.flushAll();
      await becomes(null);
      client.destroy();
      writer.destroy();
    });
    test('is told of what a memcached client writes', async () => {
      const client = await connect({ maxEntries: 100, ttl: 0 });
      await client.set('nc', '1');
      expect(await client.get('nc')).toBe('1');
      const wire = await server().connect();
      await wire.send('set nc 0 0 1\r\n5\r\n');
      await eventually('5', async () => ((await client.get('nc')) === '5' ? true : undefined));
      wire.close();
      client.destroy();
    });
  });
});
