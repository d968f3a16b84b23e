/**
 * Every counter that /metrics shows is moved by something here, on each runtime: what is shown and stands still for ever
 * misleads whoever watches it.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { killLeftovers, run } from '../harness/children.ts';
import { eventually } from '../harness/eventually.ts';
import { descriptorCount } from '../harness/memory.ts';
import { type Metrics, metricsUntil, readMetrics } from '../harness/metrics.ts';
import { command } from '../harness/resp.ts';
import { type RingstoneServer, root, type ServerOptions, startRingstone } from '../harness/ringstone.ts';
import { eachRuntime, type Runtime } from '../harness/runtimes.ts';
import { Wire } from '../harness/wire.ts';

const MIB = 1024 * 1024;
/** Descriptors that a server is left with. */
const SPARE_DESCRIPTORS = 30;

/** Series that cannot move on a runtime, and why. */
const STILL: Readonly<Record<Runtime, Readonly<Record<string, string>>>> = {
  mio: { ringstone_receive_buffer_shortages_total: 'only io_uring has provided buffers' },
  uring: {
    'ringstone_connections_closed_total{reason="error"}':
      'seccomp, which makes sends fail here, does not see those of a ring',
  },
};

/**
 * Counters of what only a program does that has the cache inside, which no client of this server can move: calls and loaders.
 * test/embed has them move, as far as calls, results, hand-over, coalescing and negative answers go.
 */
const OF_PROGRAMS = /\{protocol="node"|^ringstone_loads?_/;

/** Commands beside those that every client sends, one of each. */
const FURTHER_COMMANDS: readonly string[] = [
  'SETNX c 1',
  'SETEX c 100 1',
  'PSETEX c 10000 1',
  'GETSET c 2',
  'GETEX c',
  'GETRANGE c 0 1',
  'SUBSTR c 0 1',
  'SETRANGE c 0 3',
  'GETDEL c',
  'MSETNX c 1 d 2',
  'INCRBYFLOAT c 1',
  'DELIFEQ c 2',
  'EXPIREAT d 4000000000',
  'PEXPIREAT d 4000000000000',
  'EXPIRETIME d',
  'PEXPIRETIME d',
  'TOUCH d',
  'RENAME d e',
  'RENAMENX e d',
  'COPY d e',
  'OBJECT HELP',
  'RANDOMKEY',
  'KEYS *',
  'SCAN 0',
  'TIME',
  'WAIT 0 0',
  'HSET h f 1',
  'HMSET h f 1',
  'HSETNX h g 1',
  'HGET h f',
  'HMGET h f',
  'HGETALL h',
  'HDEL h g',
  'HEXISTS h f',
  'HLEN h',
  'HKEYS h',
  'HVALS h',
  'HINCRBY h f 1',
  'HINCRBYFLOAT h f 1',
  'HSCAN h 0',
  'HSTRLEN h f',
  'WATCH d',
  'UNWATCH',
  'MULTI',
  'EXEC',
  'MULTI',
  'DISCARD',
  'CONFIG GET port',
  'SLOWLOG LEN',
  'LATENCY LATEST',
  'MEMORY HELP',
  'DEBUG HELP',
  'CLUSTER HELP',
  'AUTH secret',
  'PUBLISH c m',
  'PUBSUB NUMPAT',
  'SUBSCRIBE c',
  'UNSUBSCRIBE',
  'PSUBSCRIBE c',
  'PUNSUBSCRIBE',
];

/** Counters as series, without histograms' buckets. */
function series(metrics: Metrics): Map<string, number> {
  const found = new Map<string, number>();
  for (const [name, type] of metrics.types) {
    const parts = type === 'counter' ? [name] : type === 'histogram' ? [`${name}_count`, `${name}_sum`] : [];
    for (const part of parts) {
      for (const { labels, value } of metrics.samples.get(part) ?? []) {
        const text = Object.entries(labels)
          .map(([label, of]) => `${label}="${of}"`)
          .join(',');
        found.set(text ? `${part}{${text}}` : part, value);
      }
    }
  }
  return found;
}

eachRuntime(runtime => {
  const shown = new Set<string>();
  const moved = new Set<string>();
  const look = (before: Map<string, number>, after: Map<string, number>) => {
    for (const [name, value] of after) {
      shown.add(name);
      if (value > (before.get(name) ?? 0)) moved.add(name);
    }
  };

  /** Runs `body` against a server of its own and notes which counters it moved. */
  const scenario = (name: string, options: ServerOptions, body: (server: RingstoneServer) => Promise<void>) => {
    describe(name, () => {
      let server: RingstoneServer;
      beforeAll(async () => {
        server = await startRingstone({ runtime, ...options });
      });
      afterAll(async () => {
        await server?.stop();
        await killLeftovers();
      });
      test('moves its counters', async () => {
        const before = series(await readMetrics(server.http));
        await body(server);
        look(before, series(await readMetrics(server.http)));
      });
    });
  };
  const one = async (server: RingstoneServer, body: (wire: Wire) => Promise<void>, listener = 0) => {
    const address = server.addresses[listener];
    if (!address) throw new Error('no such listener');
    const wire = await Wire.connect(address);
    await body(wire);
    wire.close();
  };
  const closedBy = (server: RingstoneServer, reason: string) =>
    metricsUntil(
      server.http,
      `a connection ended by ${reason}`,
      now => now.sum('ringstone_connections_closed_total', { reason }) > 0,
    );

  scenario('every command', { listen: ['127.0.0.1:0', 'ping://127.0.0.1:0', 'echo://127.0.0.1:0'] }, async server => {
    await one(server, async wire => {
      await wire.send(
        'set a 0 0 1\r\n1\r\nadd a 0 0 1\r\n1\r\nreplace a 0 0 1\r\n1\r\nappend a 0 0 1\r\n1\r\nprepend a 0 0 1\r\n1\r\ncas a 0 0 1 1\r\n1\r\n' +
          'get a\r\ngets a\r\ngat 0 a\r\ngats 0 a\r\nincr a 1\r\ndecr a 1\r\ntouch a 0\r\nverbosity 1\r\nstats\r\ndelete a\r\nget a\r\n' +
          'get a\r\nms m 1\r\n1\r\nmg m v\r\nma m\r\nme m\r\nmd m\r\nmn\r\nnonsense\r\nset a 0 0 9000000\r\n',
      );
      await wire.readThrough('object too large for cache\r\n');
    });
    await one(server, async wire => {
      await wire.send('flush_all\r\nversion\r\nquit\r\n');
      await wire.readToEnd();
    });
    await one(server, async wire => {
      const commands = [
        'PING',
        'ECHO a',
        'RESET',
        'HELLO 2',
        'COMMAND COUNT',
        'SELECT 0',
        'CLIENT ID',
        'SET a 1',
        'GET a',
        'GET b',
        'PUT a 1',
        'DEL a',
        'UNLINK a',
        'EXISTS a',
        'MGET a b',
        'MSET a 1 b 2',
        'INCR a',
        'DECR a',
        'INCRBY a 1',
        'DECRBY a 1',
        'APPEND a 1',
        'STRLEN a',
        'EXPIRE a 100',
        'PEXPIRE a 100000',
        'TTL a',
        'PTTL a',
        'PERSIST a',
        'TYPE a',
        'DBSIZE',
        'INFO',
        ...FURTHER_COMMANDS,
        'FLUSHDB',
        'FLUSHALL',
        'nonsense',
      ];
      void wire.send(
        Buffer.concat([
          ...commands.map(text => command(...text.split(' '))),
          command('SET', 'a', Buffer.alloc(9 * MIB)),
          command('QUIT'),
        ]),
      );
      await wire.readToEnd();
    });
    await one(server, async wire => {
      await wire.send('*1\r\n$-1\r\n');
      await wire.readToEnd();
    });
    await one(
      server,
      async wire => {
        await wire.send('PING\r\nnonsense\r\n');
        await wire.expect('PONG\r\nERROR unknown command\r\n');
      },
      1,
    );
    await one(
      server,
      async wire => {
        await wire.send('1\r\na');
        await wire.expect('1\r\na');
      },
      2,
    );
    await closedBy(server, 'peer');
    const metrics = await readMetrics(server.http);
    const names = async (): Promise<string[]> => {
      const wire = await Wire.connect(server.address);
      await wire.send(Buffer.concat([command('COMMAND', 'LIST'), command('PING')]));
      const text = (await wire.readThrough('+PONG\r\n')).toString();
      wire.close();
      // Subcommands are counted as their command.
      return [...text.matchAll(/\$\d+\r\n([^\r|]+)\r\n/g)].map(([, name = '']) => name);
    };
    // The table of commands may grow; each one must be counted.
    for (const name of await names())
      expect([name, metrics.sum('ringstone_commands_total', { protocol: 'resp', command: name })]).not.toEqual([
        name,
        0,
      ]);
  });

  scenario('reasons of misses', {}, async server => {
    const wire = await server.connect();
    for (const get of ['get short\r\n', command('GET', 'short')]) {
      const own = await server.connect();
      await wire.send(command('SET', 'short', 'v', 'PX', '1'));
      await wire.expect('+OK\r\n');
      await eventually('expiry', async () => {
        await own.send(get);
        const line = await own.readLine();
        if (/^(END|\$-1)/.test(line)) return true;
        await own.readLine();
        if (line.startsWith('VALUE')) await own.expect('END\r\n');
        return undefined;
      });
      // In one write: the sweep, which a flush wakes, mostly comes after them; where it was first, once more.
      const flush = Buffer.isBuffer(get) ? command('FLUSHALL') : Buffer.from('flush_all\r\n');
      const look = Buffer.isBuffer(get) ? command('GET', 'flushed') : Buffer.from('get flushed\r\n');
      const store = Buffer.isBuffer(get) ? command('SET', 'flushed', 'v') : Buffer.from('set flushed 0 0 1\r\nv\r\n');
      const protocol = Buffer.isBuffer(get) ? 'resp' : 'memcached';
      await eventually('a miss of a flushed item', async () => {
        await own.send(Buffer.concat([store, flush, look]));
        for (let reply = 0; reply < 3; reply += 1) await own.readLine();
        return (
          (await readMetrics(server.http)).sum('ringstone_misses_total', { protocol, reason: 'flushed' }) > 0 ||
          undefined
        );
      });
      own.close();
    }
    wire.close();
  });

  scenario('eviction and compaction', { more: ['--max-memory', '4mb'] }, async server => {
    const wire = await server.connect();
    const value = 'v'.repeat(900);
    for (let round = 0; round < 30; round += 1) {
      const keys = Array.from({ length: 500 }, (_, index) => `evict-${round}-${index}`);
      await wire.send(Buffer.concat(keys.map(key => command('SET', key, value))));
      await wire.expect('+OK\r\n'.repeat(keys.length));
      // Every other one is read, so that some live on, and deleted, so that segments are mostly dead.
      await wire.send(Buffer.concat(keys.filter((_, index) => index % 4 !== 0).map(key => command('DEL', key))));
      for (let index = 0; index < 375; index += 1) await wire.readLine();
    }
    const text = await server.connect();
    for (let round = 0; round < 30; round += 1) {
      const keys = Array.from({ length: 125 }, (_, index) => `evict-${round}-${index * 4}`);
      await text.send(`get ${keys.join(' ')}\r\n`);
      await text.readThrough('END\r\n');
      await wire.send(Buffer.concat([command('MGET', ...keys), command('PING')]));
      await wire.readThrough('+PONG\r\n');
    }
    wire.close();
    text.close();
  });

  scenario('the sweep', { more: ['--cleanup-interval', '100ms'] }, async server => {
    await one(server, async wire => {
      await wire.send(command('SET', 'unread', 'v', 'PX', '1'));
      await wire.expect('+OK\r\n');
    });
    await metricsUntil(server.http, 'the sweep', now => now.sum('ringstone_expirations_unread_total') > 0);
    await one(server, async wire => {
      await wire.send(Buffer.concat([command('SET', 'flushed', 'v'), command('FLUSHALL')]));
      await wire.expect('+OK\r\n+OK\r\n');
    });
    await metricsUntil(server.http, 'the flush', now => now.sum('ringstone_flushed_items_total') > 0);
  });

  scenario('a full memory', { more: ['--max-memory', '2mb', '--eviction', 'none'] }, async server => {
    await one(server, async wire => {
      void wire.send(
        Buffer.concat(Array.from({ length: 40 }, (_, index) => command('SET', `full-${index}`, Buffer.alloc(100_000)))),
      );
      for (let index = 0; index < 40; index += 1) await wire.readLine();
    });
  });

  scenario('limits of connections', { more: ['--max-connections', '3', '--idle-timeout', '1s'] }, async server => {
    const wires = await Promise.all(Array.from({ length: 3 }, () => server.connect()));
    for (const wire of wires) {
      await wire.send('get absent\r\n');
      await wire.expect('END\r\n');
    }
    await one(server, async wire => {
      await wire.readToEnd();
    });
    for (const wire of wires) {
      await wire.readToEnd();
      wire.close();
    }
    await closedBy(server, 'idle');
  });

  scenario('floods and peers that do not read', { more: ['--max-memory', '128mb'] }, async server => {
    const value = Buffer.alloc(4 * MIB, 'x');
    const flood = await server.connect();
    const requests = 40_000;
    void flood.send('get absent\r\n'.repeat(requests));
    await flood.expect('END\r\n'.repeat(requests));
    flood.close();

    const slow = await server.connect();
    void slow.send(Buffer.concat([Buffer.from(`set big 0 0 ${value.length}\r\n`), value, Buffer.from('\r\n')]));
    await slow.expect('STORED\r\n');
    slow.stopReading();
    void slow.send('get big\r\n'.repeat(20));
    await metricsUntil(server.http, 'a pause', now => now.sum('ringstone_output_pauses_total') > 0);
    slow.close();

    // One request for more than any queue may hold.
    const greedy = await server.connect();
    greedy.stopReading();
    void greedy.send(`get ${'big '.repeat(200)}\r\n`);
    await closedBy(server, 'output_limit');
    greedy.close();
  });

  scenario('a request that is longer than any buffer may be', {}, async server => {
    const wire = await server.connect();
    const count = 1_000_000;
    const piece = Buffer.from(`$88\r\n${'x'.repeat(88)}\r\n`.repeat(10_000));
    await wire.send(`*${count}\r\n$4\r\nMGET\r\n`);
    for (let sent = 0; sent < 100 && !wire.ended; sent += 1)
      await Promise.race([wire.send(piece), wire.readToEnd()]).catch(() => undefined);
    await closedBy(server, 'input_limit');
    wire.close();
  });

  scenario('want of file descriptors', {}, async server => {
    // Lowered while it runs: Node.js itself needs more than this to load its modules.
    const limit = descriptorCount(server.pid) + SPARE_DESCRIPTORS;
    expect(await run('prlimit', [`--nofile=${limit}`, '--pid', String(server.pid)])).toMatchObject({ code: 0 });
    const wires: Wire[] = [];
    for (let index = 0; index < 2 * SPARE_DESCRIPTORS; index += 1) wires.push(await Wire.connect(server.address));
    // Scraping needs a descriptor of its own: ended connections give some back.
    for (const wire of wires.splice(0, wires.length - 5)) wire.close();
    await metricsUntil(
      server.http,
      'a pause of accepting',
      now => now.sum('ringstone_accept_pauses_total') > 0 && now.sum('ringstone_accept_paused_seconds_total') > 0,
    );
    for (const wire of wires) {
      await wire.send('get absent\r\n');
      await wire.expect('END\r\n');
      wire.close();
    }
  });

  scenario(
    'a stop while a client still reads',
    { environment: { RINGSTONE_SERVER_SHUTDOWN_TIMEOUT: '20s' } },
    async server => {
      const value = Buffer.alloc(8 * MIB, 'x');
      const reader = await server.connect();
      void reader.send(Buffer.concat([Buffer.from(`set big 0 0 ${value.length}\r\n`), value, Buffer.from('\r\n')]));
      await reader.expect('STORED\r\n');
      reader.stopReading();
      await reader.send('get big\r\n'.repeat(4));
      await metricsUntil(server.http, 'a pause', now => now.sum('ringstone_output_pauses_total') > 0);
      const idle = await server.connect();
      await idle.send('get absent\r\n');
      await idle.expect('END\r\n');
      server.child.signal('SIGTERM');
      await closedBy(server, 'shutdown');
      look(new Map(), series(await readMetrics(server.http)));
      idle.close();
      // The rest is read, so that the stop is an orderly one; the scenario's own reading of /metrics needs the server up.
      setTimeout(() => reader.close(), 200);
    },
  );

  if (runtime === 'mio') {
    const filter = ['python3', join(root, 'test', 'programs', 'deny-syscalls.py'), 'sendto,sendmsg'];
    scenario('a send that fails', { around: filter }, async server => {
      const wire = await server.connect();
      await wire.send('get absent\r\n');
      await wire.readToEnd();
      wire.close();
      await closedBy(server, 'error');
    });
  } else {
    scenario('more input at once than there are buffers', { workers: 1 }, async server => {
      // Each connection sends more than its share of the provided buffers while the one worker is busy.
      const wires = await Promise.all(Array.from({ length: 200 }, () => server.connect()));
      const body = Buffer.alloc(MIB, 'x');
      await eventually('a shortage', async () => {
        await Promise.all(
          wires.map(async (wire, index) => {
            void wire.send(
              Buffer.concat([Buffer.from(`set many-${index} 0 0 ${body.length}\r\n`), body, Buffer.from('\r\n')]),
            );
            await wire.readLine();
          }),
        );
        const metrics = await readMetrics(server.http);
        return metrics.sum('ringstone_receive_buffer_shortages_total') > 0 ? true : undefined;
      });
      for (const wire of wires) wire.close();
    });
  }

  test('no counter was left still', () => {
    const of = [...shown].filter(name => !OF_PROGRAMS.test(name));
    const still = of.filter(name => !moved.has(name) && !(name in STILL[runtime]));
    expect(still).toEqual([]);
  });
});
