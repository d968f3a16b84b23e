/** `npm run bench:embed`: its material, its table, and in its smallest form the bench itself. No figure is asserted. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { openAdapter } from '../../bench/embed/adapters.mjs';
import { CONTENDERS } from '../../bench/embed/contenders.mjs';
import { byFill, DEFAULT_LOADS, keysPerCall, LOADS, type Operation } from '../../bench/embed/loads.mjs';
import { freshKey, makeGroups, makeKeys, makeOrder, valueMaker, valueSum } from '../../bench/embed/material.mjs';
import { HOLDERS, measureMemory, renderHolding } from '../../bench/embed/memory.mjs';
import { renderParts } from '../../bench/embed/parts.mjs';
import { measurePauses } from '../../bench/embed/pauses.mjs';
import { type Cell, Rounds, takes } from '../../bench/embed/rounds.mjs';
import { renderCalls } from '../../bench/embed/table.mjs';
import { root } from '../harness/ringstone.ts';

describe('material', () => {
  test('keys are 16 bytes, each another one, and the same whether kept or fresh', () => {
    const keys = makeKeys(5000);
    expect(new Set(keys).size).toBe(5000);
    expect(new Set(keys.map(key => Buffer.byteLength(key)))).toEqual(new Set([16]));
    expect(keys[4999]).toBe(freshKey(4999));
  });

  test.each(['string', 'buffer'] as const)('%s values have their length, and share no memory', kind => {
    const make = valueMaker(100, kind);
    const [one, other] = [make(1), make(2)];
    expect([one.length, other.length]).toEqual([100, 100]);
    expect(one.toString()).not.toBe(other.toString());
    expect(valueSum(100)).toBe(100 + 'v'.charCodeAt(0));
    expect(one.toString().charAt(0)).toBe('v');
    expect(make(1)).toEqual(one);
  });

  test('orders: all numbers come, zipf has favourites, threads differ', () => {
    const even = makeOrder(1000, 'uniform', 0);
    expect(even).toHaveLength(2 ** 14);
    expect(makeOrder(100_000, 'uniform', 0)).toHaveLength(2 ** 20);
    expect(new Set(even).size).toBe(1000);
    const most = (order: Uint32Array) => {
      const counts = new Map<number, number>();
      for (const number of order) counts.set(number, (counts.get(number) ?? 0) + 1);
      return Math.max(...counts.values()) / order.length;
    };
    expect(most(even)).toBeLessThan(0.005);
    const skewed = makeOrder(1000, 'zipf', 0);
    expect(most(skewed)).toBeGreaterThan(0.1);
    expect(skewed.every(number => number < 1000)).toBe(true);
    expect(makeOrder(1000, 'uniform', 1)).not.toEqual(even);
    const groups = makeGroups(makeKeys(1000), even, 100);
    expect(Math.log2(groups.length) % 1).toBe(0);
    expect(groups.every(group => group.length === 100)).toBe(true);
  });
});

describe('loads', () => {
  test('names are told apart, defaults are there, and a fill is made once', () => {
    const names = LOADS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(DEFAULT_LOADS.filter(name => !names.includes(name))).toEqual([]);
    const groups = byFill(LOADS);
    expect(groups.flatMap(({ loads }) => loads)).toHaveLength(LOADS.length);
    expect(groups.length).toBeLessThan(LOADS.length / 3);
    expect((['get', 'mget16', 'mget100'] as const).map(keysPerCall)).toEqual([1, 16, 100]);
  });

  test('every heap cache takes every load, a server only what one round trip per key allows', () => {
    for (const contender of CONTENDERS) {
      const taken = LOADS.filter(load => takes(contender, load));
      if (contender.place === 'server') expect(taken.every(({ fill }) => fill.entries <= 100_000)).toBe(true);
      else expect(taken).toHaveLength(LOADS.length);
    }
  });
});

describe('adapters of caches in this process', () => {
  const fill = { valueBytes: 100, entries: 10, threads: 1 };
  const local = CONTENDERS.filter(({ place }) => place !== 'server').map(({ name }) => name);
  test.each(local.flatMap(name => (['string', 'buffer'] as const).map(kind => [name, kind] as const)))(
    '%s, %s: an operation gives what it found, and NaN where nothing is',
    async (name, kind) => {
      const make = valueMaker(100, kind);
      const adapter = await openAdapter(name, { fill: { ...fill, kind }, values: Array.from({ length: 1024 }, make) });
      try {
        await adapter.flush();
        await adapter.store('here', make(1));
        const ask = async (operation: Operation, key: unknown) => await adapter.operations[operation]?.(key, 0);
        expect(await ask('get', 'here')).toBe(valueSum(100));
        expect(await ask('get', 'nowhere')).toBeNaN();
        expect(await ask('has', 'here')).toBe(1);
        expect(await ask('has', 'nowhere')).toBeNaN();
        expect(await ask('mget16', ['here', 'here'])).toBe(2 * valueSum(100));
        expect(await ask('mget100', ['here', 'nowhere'])).toBeNaN();
        expect([await ask('incr', 'count'), await ask('incr', 'count')]).toEqual([1, 2]);
        expect(await ask('set', 'new')).toBe(1);
        expect(await ask('get', 'new')).toBe(valueSum(100));
        await adapter.flush();
        expect(await ask('get', 'here')).toBeNaN();
      } finally {
        await adapter.close();
      }
    },
  );
});

test('table: medians, ratios, and what failed, is absent or does not apply', () => {
  const cell = (contender: string, rounds_ns: number[], problems: string[] = []): Cell => ({
    load: 'get',
    contender,
    rounds_ns,
    problems,
  });
  const cells = [
    cell('lru-cache', [90, 80, 70]),
    cell('ringstone', [200, 120]),
    cell('keyv', [], ['ended with 1: Error: it broke', 'ended with 1: Error: it broke']),
  ];
  const page = renderCalls(cells, ['get'], CONTENDERS.slice(0, 5), new Map([['ioredis', 'no | redis']]));
  expect(page.split('\n')).toEqual(
    expect.arrayContaining([
      '| load | lru-cache, ns | Ringstone | node-cache | keyv |',
      '| get | 80 | 160 (2.00) |  | failed |',
      '| ioredis, redis | not measured: no   redis | | | |',
      '- keyv under get: ended with 1: Error: it broke',
    ]),
  );
});

test('the smallest form of the bench: every operation of the caches of this process, one thread and four', async () => {
  const contenders = CONTENDERS.filter(({ place }) => place !== 'server');
  const loads = LOADS.filter(
    ({ fill, order }) =>
      fill.entries === 1000 && fill.valueBytes === 100 && fill.kind === 'string' && order === 'uniform',
  );
  const rounds = new Rounds({ warm_ms: 1, measure_ms: 1 }, process.env);
  try {
    await rounds.run(contenders, loads, 1);
  } finally {
    await rounds.stop();
  }
  expect(rounds.absent.size).toBe(0);
  const expected = loads.flatMap(load =>
    contenders.map(contender => ({
      load: load.name,
      contender: contender.name,
      rounds_ns: [expect.any(Number)],
      problems: [],
    })),
  );
  expect(expected).toHaveLength(2 * 7 * 4);
  expect([...rounds.cells.values()]).toEqual(expect.arrayContaining(expected));
  const names = loads.map(({ name }) => name);
  const page = renderCalls([...rounds.cells.values()], names, contenders, rounds.absent);
  for (const name of names)
    expect(page).toMatch(new RegExp(`^\\| ${name} \\| [\\d.,]+ \\|( [\\d.,]+ \\([\\d.,]+\\) \\|){3}$`, 'm'));
}, 120_000);

test('the smallest form of --memory: what a few entries cost in memory and pauses', async () => {
  const holders = CONTENDERS.filter(({ name }) => HOLDERS.includes(name));
  const cells = await measureMemory(holders, { items: 2000, rounds: 1, rate: 5000, steady_ms: 50 }, process.env);
  const pauses = Object.fromEntries(
    ['longest_ms', 'p999_ms', 'gc_longest_ms', 'gc_total_ms', 'elapsed_ms'].map(name => [name, expect.any(Number)]),
  );
  const bytes = expect.any(Number);
  const round = { empty_rss_bytes: bytes, filled_rss_bytes: bytes, steady_rss_bytes: bytes, misses: 0 };
  expect(cells).toEqual(
    holders.map(({ name, title }) => ({
      contender: name,
      title,
      rounds: [{ ...round, filling: pauses, steady: pauses }],
      problems: [],
    })),
  );
  const rows = renderHolding(cells, 2000).split('\n');
  expect(rows[0]).toMatch(/^\| 2,000 entries \| RSS, MiB \|/);
  for (const { title } of holders)
    expect(rows).toContainEqual(expect.stringMatching(new RegExp(`^\\| ${title} \\|( -?[\\d.]+ \\|){9}$`)));
}, 60_000);

test('pauses: a loop that stood still was late by that much', async () => {
  const { longest_ms, elapsed_ms } = await measurePauses(async () => {
    await sleep(5);
    for (const end = performance.now() + 60; performance.now() < end; );
    await sleep(5);
  });
  expect(longest_ms).toBeGreaterThan(40);
  expect(longest_ms).toBeLessThan(elapsed_ms);
});

test('parts: a row for each', () => {
  expect(renderParts({ 'an empty call': 9.94, 'a long one': 1234.5 }).split('\n')).toEqual([
    '| part | ns |',
    '| --- | ---: |',
    '| an empty call | 9.9 |',
    '| a long one | 1,235 |',
    '',
  ]);
});

test.each([
  [['--only', 'nonsense'], '--only nonsense matches no load and no contender'],
  [['--rounds', '0'], '--rounds must be a whole number above 0'],
  [['--unknown'], "Unknown option '--unknown'"],
])('%j is refused', (args, message) => {
  const program = join(root, 'bench', 'embed.mjs');
  const { status, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([1, expect.stringContaining(message)]);
});
