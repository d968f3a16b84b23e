/** `npm run bench:missratio`: its traces, its policies, and that a replay asks exactly what the trace says. */
import { spawnSync } from 'node:child_process';
import net from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CONTENDERS, measure } from '../../bench/missratio/contenders.mjs';
import { Heap } from '../../bench/missratio/heap.mjs';
import { Lru } from '../../bench/missratio/policies.mjs';
import { uniform, zipf } from '../../bench/missratio/random.mjs';
import { Replay } from '../../bench/missratio/replay.mjs';
import { countMisses, POLICIES } from '../../bench/missratio/simulate.mjs';
import { renderMemory, renderMisses } from '../../bench/missratio/table.mjs';
import { makeTrace, TRACES, type Trace } from '../../bench/missratio/traces.mjs';
import { fixture } from '../harness/fixture.ts';
import { readMetrics } from '../harness/metrics.ts';
import { missingMemcached, missingRedis } from '../harness/oracles.ts';
import { describeWith } from '../harness/requirement.ts';
import { root } from '../harness/ringstone.ts';

const MIB = 1024 ** 2;
const quiet = () => {};

/** A trace by hand: keys by their numbers, items of 16 + 100 bytes. */
function traceOf(keys: readonly number[], changes: Partial<Trace> = {}): Trace {
  return {
    name: 'by hand',
    keys: Uint32Array.from(keys),
    sizes: new Uint32Array(keys.length).fill(116),
    lives_s: new Uint32Array(keys.length),
    short_s: 0,
    pauses: [],
    ...changes,
  };
}

describe('traces', () => {
  test.each(TRACES)('%s is determined by its seed, and a key has one size and one life', name => {
    const trace = makeTrace(name, 30_000, 5, 30);
    expect(makeTrace(name, 30_000, 5, 30)).toEqual(trace);
    expect(makeTrace(name, 30_000, 6, 30).keys).not.toEqual(trace.keys);
    const properties = Array.from(trace.keys, (key, request) =>
      [key, trace.sizes[request], trace.lives_s[request]].join(' '),
    );
    expect(new Set(properties).size).toBe(new Set(trace.keys).size);
    const [least, most] = name === 'sizes' ? [66, 60_016] : [116, 4015];
    expect(Math.min(...trace.sizes)).toBeGreaterThanOrEqual(least);
    expect(Math.max(...trace.sizes)).toBeLessThanOrEqual(most);
  });

  test('a rank comes in proportion to its power, and every rank can come', () => {
    const draw = zipf(4, 1, uniform(1));
    const drawn = [0, 0, 0, 0];
    for (let i = 0; i < 25_000; i++) {
      const rank = draw();
      drawn[rank] = (drawn[rank] ?? 0) + 1;
    }
    drawn.forEach((count, rank) => {
      expect(count / 12_000).toBeCloseTo(1 / (rank + 1), 1);
    });
    expect(zipf(3, 1, () => 0)()).toBe(0);
    expect(zipf(3, 1, () => 1 - 2 ** -53)()).toBe(2);
  });

  test('scan: cold keys come once, in a third of the last three quarters', () => {
    const { keys } = makeTrace('scan', 240_000, 5, 30);
    const cold = keys.filter(key => key >= 1_000_000_000);
    // Without the one request that both begins a scan and ends the first quarter.
    expect(cold).toHaveLength(59_999);
    expect(new Set(cold).size).toBe(59_999);
    expect(keys.subarray(0, 60_001).every(key => key < 400_000)).toBe(true);
  });

  test('shift: after 50,000 requests the most popular key is another one', () => {
    const { keys } = makeTrace('shift', 100_000, 5, 30);
    const favourite = (part: Uint32Array) => {
      const counts = new Map<number, number>();
      for (const key of part) counts.set(key, (counts.get(key) ?? 0) + 1);
      return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
    };
    expect([favourite(keys.subarray(0, 50_000)), favourite(keys.subarray(50_000))]).toEqual([0, 20_000]);
  });

  test('ttl: what lives shortly is asked for in one phase only; pauses part the phases', () => {
    const { keys, lives_s, pauses } = makeTrace('ttl', 40_000, 5, 30);
    expect(pauses).toEqual([10_000, 20_000, 30_000]);
    const short = Array.from(keys, (key, request) => ({ key, phase: Math.floor(request / 10_000) })).filter(
      (_, request) => lives_s[request] === 30,
    );
    expect(new Set(short.map(({ key, phase }) => `${key} ${phase}`)).size).toBe(
      new Set(short.map(({ key }) => key)).size,
    );
    expect(lives_s.filter(life => life === 30)).toHaveLength(20_000);
    expect(new Set(lives_s)).toEqual(new Set([0, 30, 86_400]));
  });
});

describe('policies', () => {
  test('a heap gives the least first, and of equals the lesser key', () => {
    const heap = new Heap();
    const random = uniform(3);
    const entries = Array.from({ length: 500 }, (_, key) => ({ priority: Math.floor(random() * 50), key }));
    for (const { priority, key } of [...entries].reverse()) heap.push(priority, key);
    entries.sort((a, b) => a.priority - b.priority || a.key - b.key);
    expect(entries.map(() => heap.pop())).toEqual(entries);
    expect(() => heap.pop()).toThrow('the heap is empty');
  });

  test('LRU misses what a list in the order of use misses', () => {
    const { keys, sizes } = makeTrace('zipf', 5000, 9, 30);
    const capacity = 200_000;
    const lru = new Lru(capacity);
    let list: { key: number; bytes: number }[] = [];
    keys.forEach((key, request) => {
      const bytes = sizes[request] ?? 0;
      const hit = list.some(item => item.key === key);
      list = [...list.filter(item => item.key !== key), { key, bytes }];
      while (list.reduce((sum, item) => sum + item.bytes, 0) > capacity) list.shift();
      expect(lru.access(key, bytes, false)).toBe(hit);
    });
  });

  // Those of the traces without lives are also what another implementation of the same policies gives, in Python.
  test.each([
    ['zipf', { cells: 24_131, lru: 25_437, 's3-fifo': 24_198, gdsf: 24_235 }],
    ['scan', { cells: 28_842, lru: 29_580, 's3-fifo': 28_662, gdsf: 28_965 }],
    ['sizes', { cells: 25_926, lru: 31_956, 's3-fifo': 28_678, gdsf: 25_800 }],
    ['shift', { cells: 22_100, lru: 23_466, 's3-fifo': 22_208, gdsf: 22_146 }],
    ['ttl', { cells: 25_591, lru: 26_043, 's3-fifo': 25_473, gdsf: 25_303 }],
  ] as const)('misses of %s: %j', (name, expected) => {
    const trace = makeTrace(name, 40_000, 1, 30);
    const misses = Object.entries(POLICIES).map(([policy, Policy]) => [
      policy,
      countMisses(new Policy(8 * MIB), trace),
    ]);
    expect(Object.fromEntries(misses)).toEqual(expected);
  });

  test.each(Object.keys(POLICIES))('%s: nothing is evicted while all fits, and what is mortal goes when told', name => {
    const Policy = POLICIES[name];
    if (!Policy) throw new Error(name);
    const policy = new Policy(4 * MIB);
    const accessAll = () => Array.from({ length: 3000 }, (_, key) => policy.access(key, 1000, key % 3 === 0));
    expect(accessAll()).not.toContain(true);
    expect(accessAll()).not.toContain(false);
    policy.expire();
    expect(accessAll()).toEqual(Array.from({ length: 3000 }, (_, key) => key % 3 !== 0));
    policy.expire();
    // The room of what has gone is free: so many more fit without a loss, in whatever segments.
    const more = Array.from({ length: 800 }, (_, key) => policy.access(10_000 + key, 1000, false));
    expect(more).not.toContain(true);
    for (let key = 1; key < 3000; key += 3) expect(policy.access(key, 1000, false)).toBe(true);
  });
});

describe('a replay', () => {
  const closers: (() => void)[] = [];
  afterEach(() => {
    for (const close of closers.splice(0)) close();
  });
  const open = (address: string, protocol: 'memcached' | 'resp', trace: Trace) => {
    const replay = new Replay(address, protocol, trace);
    closers.push(() => replay.close());
    return replay;
  };

  describe('of a server', () => {
    const { server, connect } = fixture({ runtime: 'mio', more: ['-m', '4mb'] });
    beforeEach(async () => {
      const wire = await connect();
      await wire.send('flush_all\r\n');
      await wire.expect('OK\r\n');
    });

    test.each(['memcached', 'resp'] as const)('%s: gets, sets and hits are those of the server', async protocol => {
      const totals = async () => {
        const metrics = await readMetrics(server().http);
        const sum = (name: string, labels = {}) => (metrics.samples.has(name) ? metrics.sum(name, labels) : 0);
        const commands = { protocol };
        return [
          sum('ringstone_commands_total', { ...commands, command: 'get' }),
          sum('ringstone_commands_total', { ...commands, command: 'set' }),
          sum('ringstone_misses_total', commands),
        ];
      };
      const trace = makeTrace('sizes', 3000, 2, 30);
      const before = await totals();
      const misses = await open(`127.0.0.1:${server().port}`, protocol, trace).run(quiet);
      const after = await totals();
      expect(after.map((count, at) => count - (before[at] ?? 0))).toEqual([3000, misses, misses]);
      // Some had to be evicted.
      expect(misses).toBeGreaterThan(new Set(trace.keys).size);
    });

    test.each(['memcached', 'resp'] as const)('%s: short lives end at the pause, long ones do not', async protocol => {
      const half = Array.from({ length: 30 }, (_, key) => key);
      const keys = [...half, ...half];
      const lives_s = Uint32Array.from(keys, key => [0, 4, 3600][key % 3] ?? 0);
      const trace = traceOf(keys, { lives_s, short_s: 4, pauses: [30] });
      expect(await open(`127.0.0.1:${server().port}`, protocol, trace).run(quiet)).toBe(30 + 10);
    });
  });

  /** A server that stores everything for ever and answers as `answer` makes of it, in pieces of so many bytes. */
  function fake(pieceBytes: number, answer: (reply: string, count: number) => string): Promise<string> {
    const items = new Map<string, string>();
    const listener = net.createServer(socket => {
      let pending = '';
      let count = 0;
      const reply = (text: string) => {
        const bytes = answer(text, ++count);
        for (let at = 0; at < bytes.length; at += pieceBytes) socket.write(bytes.slice(at, at + pieceBytes));
      };
      socket.setNoDelay().setEncoding('latin1').on('error', quiet);
      socket.on('data', text => {
        pending += text;
        for (;;) {
          const get = /^get (\S+)\r\n/.exec(pending);
          const set = /^set (\S+) 0 0 (\d+)\r\n/.exec(pending);
          const [line = '', key = '', length = '0'] = get ?? set ?? [];
          const end = line.length + (set ? Number(length) + 2 : 0);
          if (line === '' || pending.length < end) return;
          if (set) items.set(key, pending.slice(line.length, end - 2));
          const value = items.get(key);
          pending = pending.slice(end);
          if (set) reply('STORED\r\n');
          else reply(value === undefined ? 'END\r\n' : `VALUE ${key} 0 ${value.length}\r\n${value}\r\nEND\r\n`);
        }
      });
      closers.push(() => socket.destroy());
    });
    closers.push(() => listener.close());
    return new Promise(resolve => {
      listener.listen(0, '127.0.0.1', () => resolve(`127.0.0.1:${(listener.address() as net.AddressInfo).port}`));
    });
  }

  test.each([1, 7, 64 * 1024])('a key that comes again is a hit, with replies in pieces of %d bytes', async bytes => {
    const address = await fake(bytes, reply => reply);
    const progress: number[][] = [];
    const replay = open(address, 'memcached', traceOf([1, 1, 2, 1, 3, 3, 2]));
    expect(await replay.run((...counts) => progress.push(counts))).toBe(3);
    expect(progress).toEqual([[7, 3]]);
  });

  test.each([
    ['another value', (reply: string) => reply.replace(/\r\n.(.*\r\nEND)/, '\r\n\t$1'), 'the value is not the one'],
    ['another key', (reply: string) => reply.replace('VALUE key:0', 'VALUE key:1'), 'otherwise than it can be'],
    ['flags', (reply: string) => reply.replace(' 0 100', ' 1 100'), 'otherwise than it can be'],
    ['an error for a set', (reply: string) => reply.replace('STORED', 'SERVER_ERROR no'), 'was not acknowledged'],
    ['more', (reply: string) => reply.replace('END\r\n', 'END\r\nEND\r\n'), 'more than was asked for'],
  ])('%s is an error', async (_, answer, message) => {
    const replay = open(await fake(64 * 1024, answer), 'memcached', traceOf([1, 1, 2, 2]));
    await expect(replay.run(quiet)).rejects.toThrow(message);
  });

  test('a hit of what was never stored, or of what must have died, is an error', async () => {
    const trace = traceOf([1, 1, 2]);
    const address = await fake(64 * 1024, reply => reply);
    await open(address, 'memcached', trace).run(quiet);
    await expect(open(address, 'memcached', trace).run(quiet)).rejects.toThrow(
      'request 0: the item should not be there; the answer begins with "VALUE key:000000000001 0 100"',
    );
  });

  test('a connection that ends is an error', async () => {
    const gone = await fake(64 * 1024, (reply, count) => {
      if (count === 3) for (const close of closers.splice(0)) close();
      return reply;
    });
    const replay = open(gone, 'memcached', traceOf([1, 2, 3, 4, 5]));
    await expect(replay.run(quiet)).rejects.toThrow('the server has closed the connection');
  });

  test('lives that end while requests are under way are an error', async () => {
    const address = await fake(64 * 1024, reply => reply);
    const trace = traceOf([1, 2], { short_s: 1, pauses: [1] });
    await expect(open(address, 'memcached', trace).run(quiet)).rejects.toThrow(/^lives of 1 s ended while/);
  });
});

const contender = (name: string) => {
  const found = CONTENDERS.find(one => one.name === name);
  if (!found) throw new Error(`no contender ${name}`);
  return found;
};

describe('a server under a short trace', () => {
  const trace = makeTrace('sizes', 6000, 4, 30);
  const distinct = new Set(trace.keys).size;
  const outcome = async (name: string) => {
    const result = await measure(contender(name), trace, 16, process.env, quiet);
    if (typeof result === 'string') throw new Error(result);
    return result;
  };
  const holds = (result: Awaited<ReturnType<typeof outcome>>) => {
    expect(result.requests).toBe(6000);
    // It had to evict.
    expect(result.misses).toBeGreaterThan(distinct);
    expect(result.items).toBeGreaterThan(0);
    expect(result.items).toBeLessThan(distinct);
    expect(result.full_rss_bytes).toBeGreaterThan(result.empty_rss_bytes);
  };

  test('Ringstone misses hardly more than its policy', async () => {
    const result = await outcome('mio');
    holds(result);
    const Policy = POLICIES['cells'];
    if (!Policy) throw new Error('no policy');
    expect(result.misses).toBeLessThan(countMisses(new Policy(16 * MIB), trace) + 0.03 * 6000);
  });

  describeWith(missingMemcached, 'memcached', () => {
    test('is measured', async () => holds(await outcome('memcached')));
  });

  describeWith(missingRedis, 'redis', () => {
    test.each(['redis-lru', 'redis-lfu'])('%s is measured', async name => holds(await outcome(name)));
  });

  test('one that cannot start says why', async () => {
    expect(await measure(contender('mio'), trace, -1, process.env, quiet)).toContain('has ended');
  });
});

test('tables: ratios, differences in points, and what is absent or failed', () => {
  const result = (misses: number) => ({
    ...{ requests: 1000, misses, items: 1234 },
    ...{ empty_rss_bytes: MIB, full_rss_bytes: 65 * MIB },
  });
  const cells = [
    { load: 'zipf', subject: 'mio', result: result(370), problems: [] },
    { load: 'zipf', subject: 'memcached', result: result(400), problems: [] },
    { load: 'zipf', subject: 'redis-lru', problems: ['request 7: it'] },
  ];
  const simulated = [{ load: 'zipf', ratios: { cells: 0.3605, lru: 0.41, 's3-fifo': 0.38, gdsf: 0.35 } }];
  const absent = new Map([['redis-lfu', 'redis-server could not be installed']]);
  const misses = renderMisses(cells, simulated, CONTENDERS, absent).split('\n');
  expect(misses).toEqual(
    expect.arrayContaining([
      '| zipf | 0.3700 | 0.4000 | failed | -3.00 | 0.3605 | 0.4100 | 0.3800 | 0.3500 | +0.95 |',
      '| redis allkeys-lfu | not measured: redis-server could not be installed | | | | | | | | |',
      '- redis-lru under zipf: request 7: it',
    ]),
  );
  const memory = renderMemory(cells, ['zipf'], CONTENDERS, absent).split('\n');
  expect(memory).toContain('| zipf | 1,234 / 65.0 (64.0) | 1,234 / 65.0 (64.0) | failed |');
});

test.each([
  [['--trace', 'zip'], '--trace zip is none of zipf, scan, sizes, shift, ttl'],
  [['--only', 'redis'], '--only redis is none of mio, memcached, redis-lru, redis-lfu'],
  [['--seed', '-1'], "'--seed' argument is ambiguous"],
  [['--seed', '4294967296'], '--seed must be a whole number from 0 to 4294967295'],
  [['--memory', '64mb'], '--memory must be a whole number from 4 to 1000000'],
  [['--rounds', '2'], "Unknown option '--rounds'"],
])('%j is refused', (options, message) => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'bench', 'missratio.mjs'), ...options], {
    encoding: 'utf8',
  });
  expect(status).not.toBe(0);
  expect(stderr).toContain(message);
  expect(stderr).toContain('Usage: npm run bench:missratio');
});
