/** One cache for JavaScript and for clients of both protocols, on each runtime. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { Client } from 'memjs';
import { Cache, type CacheServer, type MetricSample } from '../../ts/index.ts';
import { eventually } from '../harness/eventually.ts';
import { eachRuntime } from '../harness/runtimes.ts';
import { Wire } from '../harness/wire.ts';
import { anyName, expectCode, patterned, sleep } from './support.ts';

eachRuntime(runtime => {
  let cache: Cache;
  let json: Cache<unknown, unknown>;
  let server: CacheServer;
  let redis: Redis;
  let memcached: Client;
  let port: number;

  beforeAll(async () => {
    const name = anyName();
    cache = Cache.open({ name, maxMemory: '32mb', maxValueSize: '4mb' });
    json = Cache.open<unknown>({ name, codec: 'json' });
    server = await cache.serve({ listen: '127.0.0.1:0', runtime, workers: 2 });
    port = Number(server.addresses[0]?.split(':')[1]);
    redis = new Redis({ port });
    memcached = Client.create(`127.0.0.1:${port}`, { timeout: 15, conntimeout: 15, logger: { log: () => undefined } });
  });
  afterAll(async () => {
    redis.disconnect();
    memcached.close();
    await server.close();
    json.close();
    cache.close();
  });

  test('each writes, all read', async () => {
    for (const length of [0, 1, 511, 513, 8193, 16_383, 16_384, 300_000, 1_000_000]) {
      const [ours, theirs, others] = [patterned(length, 1), patterned(length, 2), patterned(length, 3)];
      cache.set('shared', ours);
      expect((await redis.getBuffer('shared'))?.equals(ours)).toBe(true);
      expect((await memcached.get('shared')).value?.equals(ours)).toBe(true);
      await redis.set('shared', theirs);
      expect([cache.get('shared')?.equals(theirs), (await memcached.get('shared')).value?.equals(theirs)]).toEqual([
        true,
        true,
      ]);
      await memcached.set('shared', others, {});
      expect([cache.get('shared')?.equals(others), (await redis.getBuffer('shared'))?.equals(others)]).toEqual([
        true,
        true,
      ]);
    }
    cache.set('schlüssel 世界', 'wert');
    expect(await redis.get('schlüssel 世界')).toBe('wert');
    expect(cache.delete('shared')).toBe(true);
    expect([await redis.exists('shared'), (await memcached.get('shared')).value]).toEqual([0, null]);
  });

  test('times of expiry are the same for all', async () => {
    cache.set('expiring', 'v', { ttl: 60_000 });
    const left = await redis.pttl('expiring');
    expect(left > 50_000 && left <= 60_000).toBe(true);
    await redis.pexpire('expiring', 5_000);
    expect(cache.ttl('expiring')).toBeLessThanOrEqual(5_000);
    await redis.persist('expiring');
    expect(cache.ttl('expiring')).toBe(Number.POSITIVE_INFINITY);
    cache.touch('expiring', 20);
    await sleep(40);
    expect([await redis.get('expiring'), (await memcached.get('expiring')).value]).toEqual([null, null]);
  });

  test('counts and conditions hold over all', async () => {
    cache.delete('n');
    expect([
      cache.incr('n'),
      await redis.incr('n'),
      (await memcached.increment('n', 1, {})).value,
      cache.decr('n'),
    ]).toEqual([1, 2, 3, 2]);
    await redis.set('n', '9007199254740993');
    expectCode(() => cache.incr('n'), 'RINGSTONE_OUT_OF_RANGE');
    cache.set('version', 'a');
    const cas = cache.getWithCas('version')?.cas ?? 0n;
    await redis.append('version', 'b');
    expect([cache.cas('version', 'c', cas), cache.getString('version')]).toEqual([false, 'ab']);
    expect([cache.add('version', 'd'), await redis.setnx('version', 'd')]).toEqual([false, 0]);
  });

  test('marks of codecs are client flags, and what clients write has none', async () => {
    json.set('object', { a: [1] });
    expect(JSON.parse((await redis.get('object')) ?? '')).toEqual({ a: [1] });
    const { value, flags } = await memcached.get('object');
    expect([value?.toString(), flags?.readUInt32BE(0)]).toEqual(['{"a":[1]}', 0x5253_0001]);
    await redis.set('object', '{"a":[2]}');
    expectCode(() => json.get('object'), 'RINGSTONE_WRONG_CODEC');
    expect(json.getString('object')).toBe('{"a":[2]}');
    json.incr('counted');
    await redis.incrby('counted', 41);
    expect(json.get('counted')).toBe(42);
  });

  test('hashes of Redis clients are there, and are no values', async () => {
    await redis.hset('hash', 'field', 'value');
    expect([cache.has('hash'), cache.ttl('hash'), [...cache.scan({ match: 'hash' })]]).toEqual([
      true,
      Infinity,
      ['hash'],
    ]);
    const refused: (() => unknown)[] = [
      () => cache.get('hash'),
      () => cache.getString('hash'),
      () => cache.getInto('hash', Buffer.alloc(1)),
      () => cache.peek('hash'),
      () => cache.getWithCas('hash'),
      () => cache.append('hash', 'x'),
      () => cache.prepend('hash', 'x'),
      () => cache.incr('hash'),
      () => cache.mget(['hash']),
      () => cache.mgetString(['hash']),
      () => json.get('hash'),
    ];
    for (const call of refused) expectCode(call, 'RINGSTONE_WRONG_TYPE');
    expect([cache.add('hash', 'x'), cache.touch('hash', 60_000), await redis.hget('hash', 'field')]).toEqual([
      false,
      true,
      'value',
    ]);
    cache.set('hash', 'text');
    expect([await redis.type('hash'), await redis.get('hash')]).toEqual(['string', 'text']);
    await redis.del('hash');
    await redis.hset('hash', 'field', 'value');
    expect([cache.delete('hash'), await redis.exists('hash')]).toEqual([true, 0]);
  });

  test('flushes reach all sides', async () => {
    const fill = () => cache.mset(Array.from({ length: 50 }, (_, n) => [`fill ${n}`, 'v'] as const));
    fill();
    await redis.flushall();
    expect([cache.size, cache.has('fill 1')]).toEqual([0, false]);
    fill();
    await memcached.flush();
    expect([cache.size, cache.get('fill 1')]).toEqual([0, undefined]);
    fill();
    expect(await redis.dbsize()).toBe(50);
    cache.clear();
    expect([await redis.dbsize(), await redis.get('fill 1'), (await memcached.get('fill 1')).value]).toEqual([
      0,
      null,
      null,
    ]);
  });

  test('who keeps copies is told of what JavaScript does', async () => {
    const wire = await Wire.connect({ host: '127.0.0.1', port });
    await wire.send('HELLO 3\r\nCLIENT TRACKING ON\r\n');
    await wire.readThrough('+OK\r\n');
    const told = (key: string) => `>2\r\n$10\r\ninvalidate\r\n*1\r\n$${key.length}\r\n${key}\r\n`;
    const changes: (() => unknown)[] = [
      () => cache.set('copy', 'new'),
      () => cache.append('copy', '2'),
      () => cache.replace('copy', '3'),
      () => cache.cas('copy', '4', cache.getWithCas('copy')?.cas ?? 0n),
      () => cache.incr('copy'),
      () => cache.touch('copy', 60_000),
      () => cache.mset([['copy', '5']]),
      () => cache.set('copy', patterned(100_000, 1)),
      () => cache.delete('copy'),
      () => cache.add('copy', '6'),
    ];
    for (const change of changes) {
      await wire.send('GET copy\r\n');
      await wire.readThrough('\r\n');
      // The end of the value, if there was one.
      await wire.send('PING\r\n');
      await wire.readThrough('+PONG\r\n');
      change();
      await wire.expect(told('copy'));
    }
    await wire.send('GET copy\r\n');
    await wire.expect('$1\r\n6\r\n');
    cache.clear();
    await wire.expect('>2\r\n$10\r\ninvalidate\r\n_\r\n');
    wire.close();
  });

  test('a transaction that watches a key sees that JavaScript wrote it', async () => {
    cache.set('watched', '1');
    await redis.watch('watched');
    cache.set('watched', '2');
    expect(await redis.multi().set('watched', '3').exec()).toBeNull();
    expect(cache.getString('watched')).toBe('2');
  });

  test('calls are in the metrics, beside those of clients', async () => {
    cache.set('metric', 'v');
    const count = (name: string, labels: Record<string, string>) => {
      const samples = server.metrics().find(family => family.name === name)?.samples ?? [];
      const wanted = Object.entries(labels);
      const isIt = (sample: MetricSample) =>
        wanted.every(([label, value]) => sample.labels.some(([name, is]) => name === label && is === value));
      return samples.find(isIt)?.value ?? 0;
    };
    const node = { protocol: 'node' };
    const reads = () => [
      count('ringstone_hits_total', node),
      count('ringstone_misses_total', { ...node, reason: 'absent' }),
      count('ringstone_commands_total', { ...node, command: 'get' }),
    ];
    const before = reads();
    cache.get('metric');
    cache.getString('metric none');
    json.getBuffer('metric');
    expect(reads().map((value, at) => value - (before[at] as number))).toEqual([2, 1, 3]);
    await eventually('the client counts too', () =>
      count('ringstone_commands_total', { protocol: 'resp' }) > 0 ? true : undefined,
    );
  });
});
