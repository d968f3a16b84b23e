/** Loaders as network clients see them, in every protocol, on each runtime. */
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import Memcached from 'memcached';
import { Client } from 'memjs';
import { DIALECTS, packet } from '../harness/dialects.ts';
import { eventually } from '../harness/eventually.ts';
import { HEADER_BYTES, OPCODES } from '../harness/packet.ts';
import { command } from '../harness/resp.ts';
import { eachRuntime } from '../harness/runtimes.ts';
import { LONG_MS, Served } from '../harness/served.ts';

const TIMEOUT_S = 15;
const each = Object.entries(DIALECTS);

eachRuntime(runtime => {
  test('one run for 110 who ask: real clients of three protocols, raw connections, this thread and another', async () => {
    await using served = await Served.start(runtime);
    const { port, gate, cache, loader } = served;
    const options = { timeout: TIMEOUT_S, conntimeout: TIMEOUT_S, retries: 0, logger: { log: () => undefined } };
    const memjs = Client.create(`127.0.0.1:${port}`, options);
    const classic = new Memcached(`127.0.0.1:${port}`, { poolSize: 20, timeout: TIMEOUT_S * 1000, retries: 0 });
    const redis = Array.from({ length: 4 }, () => new Redis({ port }));
    const times = <T>(count: number, ask: (index: number) => Promise<T>) =>
      Array.from({ length: count }, (_, n) => ask(n));
    const text = (value: unknown) => (value === null || value === undefined ? undefined : String(value));
    try {
      const asked = [
        ...times(20, async () => text((await memjs.get('k')).value)),
        ...times(20, async () => text(await promisify(classic.get).call(classic, 'k'))),
        ...times(20, async n => text(await redis[n % 4]?.get('k'))),
        ...each.flatMap(([, dialect]) =>
          times(5, async () => {
            const wire = await served.connect();
            await wire.send(dialect.get('k'));
            return dialect.read(wire, 'k');
          }),
        ),
        ...times(15, async () => text(await cache.fetch('k'))),
      ];
      const thread = await served.thread();
      const { results } = await thread.fetch('k', 15);
      // Clients that pipeline have one request at a time that waits.
      await served.waiting(1 + 20 + 4 + 20 + 15 + 15);
      const run = await gate.next();
      expect(loader.stats()).toMatchObject({ runs: 1, running: 1 });
      run.resolve('loaded');
      expect(new Set(await Promise.all(asked))).toEqual(new Set(['loaded']));
      expect(await results).toEqual(Array.from({ length: 15 }, () => ({ value: 'loaded' })));
      expect(loader.stats()).toMatchObject({ runs: 1, loaded: 1, waiting: 0, running: 0 });
    } finally {
      memjs.close();
      classic.end();
      for (const client of redis) client.disconnect();
    }
  });

  describe.each(each)('%s', (_, dialect) => {
    const ask = async (served: Served, key = 'k') => {
      const wire = await served.connect();
      await wire.send(dialect.get(key));
      return dialect.read(wire, key);
    };

    test('a value, no value, and keys of no loader', async () => {
      await using served = await Served.start(runtime);
      const two = [ask(served, 'k1'), ask(served, 'k2')];
      for (let count = 0; count < 2; count += 1) {
        const run = await served.gate.next();
        run.resolve(run.key === 'k1' ? 'one' : undefined);
      }
      expect(await Promise.all(two)).toEqual(['one', undefined]);
      expect([await ask(served, 'k1'), await ask(served, 'other')]).toEqual(['one', undefined]);
      expect(served.loader.stats()).toMatchObject({ runs: 2, loaded: 1, absent: 1 });
    });

    test('a failure is an error after a second run', async () => {
      await using served = await Served.start(runtime);
      const asked = ask(served).catch((error: Error) => error.message);
      (await served.gate.next()).reject(new Error('one'));
      (await served.gate.next()).reject(new Error('no\r\nVALUE k 0 1'));
      expect(await asked).toMatch(/^(?:SERVER_ERROR |-ERR )?load failed: no {2}VALUE k 0 1$/);
      // The connection goes on.
      const again = ask(served);
      (await served.gate.next()).reject(new Error('one'));
      (await served.gate.next()).resolve('now');
      expect(await again).toBe('now');
    });

    test('a failure is a miss by choice', async () => {
      await using served = await Served.start(runtime, { onError: 'miss' });
      const asked = ask(served);
      (await served.gate.next()).reject(new Error('no'));
      (await served.gate.next()).reject(new Error('no'));
      expect(await asked).toBeUndefined();
    });

    test('a loader that never answers is given up', async () => {
      await using served = await Served.start(runtime, { timeout: 30 });
      const asked = ask(served).catch((error: Error) => error.message);
      expect(await asked).toMatch(/load failed: the loader did not answer in time/);
      expect(served.loader.stats()).toMatchObject({ runs: 2, failed: 1, waiting: 0 });
    });

    test('more than maxWaiting are refused at once', async () => {
      await using served = await Served.start(runtime, { maxWaiting: 2 });
      const two = [ask(served), ask(served)];
      await served.waiting(2);
      await expect(ask(served)).rejects.toThrow(/load failed: too many wait/);
      (await served.gate.next()).resolve('v');
      expect(await Promise.all(two)).toEqual(['v', 'v']);
    });

    test('replies keep the order of requests', async () => {
      await using served = await Served.start(runtime);
      served.cache.set('there', 'here');
      const wire = await served.connect();
      const keys = ['there', 'k1', 'there', 'k2', 'other', 'k1', 'there'];
      await wire.send(Buffer.concat(keys.map(key => dialect.get(key))));
      expect(await dialect.read(wire, 'there')).toBe('here');
      (await served.gate.next()).resolve('one');
      const replies = [await dialect.read(wire, 'k1'), await dialect.read(wire, 'there')];
      (await served.gate.next()).resolve('two');
      for (const key of keys.slice(3)) replies.push(await dialect.read(wire, key));
      expect(replies).toEqual(['one', 'here', 'two', undefined, 'one', 'here']);
      expect(served.loader.stats().runs).toBe(2);
    });

    test('a stale value is answered at once, while one refresh runs', async () => {
      await using served = await Served.start(runtime, { ttl: 1, staleFor: LONG_MS });
      const first = ask(served);
      (await served.gate.next()).resolve('old');
      expect(await first).toBe('old');
      await eventually(
        'a refresh',
        async () => ((await ask(served)) === 'old' && served.gate.begun.length === 2) || undefined,
      );
      const run = await served.gate.next();
      expect(String(run.context.stale)).toBe('old');
      expect(await Promise.all(Array.from({ length: 20 }, () => ask(served)))).toEqual(Array(20).fill('old'));
      run.resolve('new');
      await eventually('the new value', async () => ((await ask(served)) === 'new' ? true : undefined));
    });

    test('a client that is gone does not wait; its value is stored', async () => {
      await using served = await Served.start(runtime);
      const wire = await served.connect();
      await wire.send(dialect.get('k'));
      await served.waiting(1);
      wire.reset();
      await served.waiting(0);
      (await served.gate.next()).resolve('v');
      await eventually('the value', () => (served.cache.getString('k') === 'v' ? true : undefined));
    });

    test('a client that has ended its side is answered', async () => {
      await using served = await Served.start(runtime);
      const wire = await served.connect();
      await wire.send(dialect.get('k'));
      wire.endInput();
      await served.waiting(1);
      (await served.gate.next()).resolve('v');
      expect(await dialect.read(wire, 'k')).toBe('v');
      expect(await wire.readToEnd()).toHaveLength(0);
    });

    test('the loader is closed meanwhile: a miss', async () => {
      await using served = await Served.start(runtime);
      const asked = ask(served);
      await served.waiting(1);
      served.loader.close();
      expect(await asked).toBeUndefined();
    });

    test('the cache is closed meanwhile by who has the loader: a miss, and the server goes on', async () => {
      await using served = await Served.start(runtime);
      served.cache.set('there', 'v');
      const asked = ask(served);
      await served.waiting(1);
      served.cache.close();
      expect(await asked).toBeUndefined();
      expect(await ask(served, 'there')).toBe('v');
    });

    test('a server that is closed answers who waits first', async () => {
      await using served = await Served.start(runtime);
      const asked = ask(served);
      const run = await served.gate.next();
      await served.waiting(1);
      const closed = served.server.close();
      run.resolve('v');
      expect(await asked).toBe('v');
      await closed;
    });

    test('a server that is closed does not wait for ever', async () => {
      await using served = await Served.start(runtime, {}, { shutdownTimeout: 50 });
      const asked = ask(served).then(
        () => 'answered',
        () => 'ended',
      );
      await served.waiting(1);
      await served.server.close();
      expect(await asked).toBe('ended');
      await served.waiting(0);
    });
  });

  describe('requests of several keys', () => {
    test('get and gets wait for those that are missing', async () => {
      await using served = await Served.start(runtime);
      served.cache.set('k2', 'two');
      const wire = await served.connect();
      await wire.send('get k1 k2 k3 other k1\r\nversion\r\n');
      await served.waiting(3);
      const runs = [await served.gate.next(), await served.gate.next()];
      runs[1]?.resolve();
      runs[0]?.resolve('one');
      const value = (key: string, text: string) => `VALUE ${key} 0 ${text.length}\r\n${text}\r\n`;
      await wire.expect(`${value('k1', 'one')}${value('k2', 'two')}${value('k1', 'one')}END\r\nVERSION `);
    });

    test('MGET, of which one fails', async () => {
      await using served = await Served.start(runtime);
      const wire = await served.connect();
      await wire.send(Buffer.concat([command('MGET', 'k1', 'other', 'k2'), command('PING')]));
      const runs = [await served.gate.next(), await served.gate.next()];
      runs[0]?.resolve('one');
      runs[1]?.reject(new Error('a'));
      (await served.gate.next()).reject(new Error('b'));
      await wire.expect('-ERR load failed: b\r\n+PONG\r\n');
      await wire.send(command('MGET', 'k1', 'other', 'k2'));
      (await served.gate.next()).resolve('two');
      await wire.expect('*3\r\n$3\r\none\r\n$-1\r\n$3\r\ntwo\r\n');
    });

    test('quiet gets of the binary protocol', async () => {
      await using served = await Served.start(runtime);
      const wire = await served.connect();
      await wire.send(
        Buffer.concat([packet(OPCODES.getKQ, 'k1'), packet(OPCODES.getKQ, 'k2'), packet(OPCODES.noop, '')]),
      );
      (await served.gate.next()).resolve();
      (await served.gate.next()).resolve('two');
      const first = await wire.read(HEADER_BYTES);
      const body = await wire.read(first.readUInt32BE(8));
      expect([first[1], body.subarray(4).toString()]).toEqual([OPCODES.getKQ, 'k2two']);
      expect((await wire.read(HEADER_BYTES))[1]).toBe(OPCODES.noop);
    });
  });

  describe('which commands load', () => {
    const reads: [string, Buffer | string, string][] = [
      ['get', 'get k\r\n', 'VALUE k 0 1\r\nv\r\nEND\r\n'],
      ['gat', 'gat 100 k\r\n', 'VALUE k 0 1\r\nv\r\nEND\r\n'],
      ['GET', command('GET', 'k'), '$1\r\nv\r\n'],
      ['inline', 'GET k\r\n', '$1\r\nv\r\n'],
      ['GETEX', command('GETEX', 'k', 'EX', 100), '$1\r\nv\r\n'],
      ['mg', 'mg k v\r\n', 'VA 1\r\nv\r\n'],
      ['mg of a key in base64', 'mg aw== v b\r\n', 'VA 1\r\nv\r\n'],
    ];
    test.each(reads)('%s does', async (_, request, reply) => {
      await using served = await Served.start(runtime);
      const wire = await served.connect();
      await wire.send(request);
      (await served.gate.next()).resolve('v');
      await wire.expect(reply);
    });

    const others: [string, Buffer | string, string][] = [
      ['mg without the value', 'mg k t\r\n', 'EN\r\n'],
      ['EXISTS', command('EXISTS', 'k'), ':0\r\n'],
      ['STRLEN', command('STRLEN', 'k'), ':0\r\n'],
      ['GETDEL', command('GETDEL', 'k'), '$-1\r\n'],
      ['APPEND', command('APPEND', 'k', 'x'), ':1\r\n'],
      ['incr', 'incr k 1\r\n', 'NOT_FOUND\r\n'],
      ['touch', 'touch k 100\r\n', 'NOT_FOUND\r\n'],
      [
        'a transaction',
        Buffer.concat([command('MULTI'), command('GET', 'k'), command('EXEC')]),
        '+OK\r\n+QUEUED\r\n*1\r\n$-1\r\n',
      ],
    ];
    test.each(others)('%s does not', async (_, request, reply) => {
      await using served = await Served.start(runtime);
      const wire = await served.connect();
      await wire.send(request);
      await wire.expect(reply);
      expect(served.loader.stats().runs).toBe(0);
    });
  });
});
