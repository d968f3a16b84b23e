/** The table of `npm run bench`: medians, ratios, and what could not be measured. */
import { expect, test } from '@jest/globals';
import { renderLatencies } from '../../bench/latency-table.mjs';
import { DEFAULT_LOADS, HOT_LOADS, LOADS, QUICK_LOADS, SCALING_LOADS } from '../../bench/loads.mjs';
import { median, renderTable } from '../../bench/table.mjs';
import { renderHotKey, renderScaling } from '../../bench/threads-table.mjs';
import { Timetable } from '../../bench/timetable.mjs';

const round = (cpu: number, rate: number, busy = 1) => ({
  cpu_us: cpu,
  rate,
  busy,
  waited: 0,
  p50_us: 1,
  p99_us: 1,
  p999_us: 1,
  load_p999_us: 1,
  rest_p999_us: 1,
});
const cell = (subject: string, rounds: ReturnType<typeof round>[], problems: string[] = []) => ({
  load: 'tcp-c50-p1-100b',
  subject,
  rounds,
  problems,
});
const rows = (table: string) => table.split('\n').filter(line => line.startsWith('|'));

test('medians', () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([5])]).toEqual([2, 2.5, 5]);
});

test('ratios are those of medians to the reference of the same protocol', () => {
  const cells = [
    cell('memcached', [round(10, 90_000), round(11, 100_000), round(30, 10_000)]),
    cell('uring', [round(5.5, 200_000, 0.5)]),
    cell('redis', [round(8, 50_000)]),
    cell('mio-resp', [round(4, 100_000)]),
  ];
  const subjects = ['memcached', 'uring', 'redis', 'mio-resp'];
  const [head, , row] = rows(renderTable(cells, ['tcp-c50-p1-100b'], new Map(), subjects));
  expect(head).toBe(
    '| load | memcached CPU, us | memcached rate, 1/s | Ringstone uring CPU | Ringstone uring rate | ' +
      'redis CPU, us | redis rate, 1/s | Ringstone mio RESP CPU | Ringstone mio RESP rate |',
  );
  expect(row).toBe('| tcp-c50-p1-100b | 11.00 | 90k | 0.50 | 2.22* | 8.00 | 50k | 0.50 | 2.00 |');
});

test('a peer that is not there has a row that says so, and the others their own figures', () => {
  const cells = [cell('uring', [round(5, 100_000)])];
  const absent = new Map([['memcached', 'memcached could not be installed']]);
  const [, , row, missing] = rows(renderTable(cells, ['tcp-c50-p1-100b'], absent, ['memcached', 'uring']));
  expect(row).toBe('| tcp-c50-p1-100b | 5.00 us | 100k |');
  expect(missing).toBe('| memcached | not measured: memcached could not be installed | |');
});

test('a run in which something went wrong is told below the table', () => {
  const cells = [cell('memcached', [round(10, 1000)]), cell('uring', [], ['3 x error reply: ERROR'])];
  const table = renderTable(cells, ['tcp-c50-p1-100b'], new Map(), ['memcached', 'uring']);
  expect(rows(table)[2]).toBe('| tcp-c50-p1-100b | 10.00 | 1k | failed | failed |');
  expect(table).toContain('- uring under tcp-c50-p1-100b: 3 x error reply: ERROR\n');
});

test('the loads vary connections, pipeline, size and transport; --quick takes some of them', () => {
  const names = LOADS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const part of [
    'tcp-',
    'unix-',
    '-c1-',
    '-c8-',
    '-c50-',
    '-c400-',
    '-p1-',
    '-p16-',
    '-p64-',
    '-k16-',
    '-100b',
    '-16kb',
  ])
    expect(names.some(name => name.includes(part))).toBe(true);
  expect([...QUICK_LOADS, ...DEFAULT_LOADS].filter(name => !names.includes(name))).toEqual([]);
});

test('latencies have their ratios to the reference, with and without what may have been the load', () => {
  const latencies = (p999: number, load: number, rest: number) => ({
    ...round(1, 50_000),
    p999_us: p999,
    load_p999_us: load,
    rest_p999_us: rest,
  });
  const cells = [
    cell('memcached', [latencies(100, 10, 80)]),
    cell('mio', [latencies(300, 280, 40), latencies(200, 150, 60), latencies(90, 5, 50)]),
    cell('uring', [], ['1 x the fixed rate was not held']),
  ];
  const table = renderLatencies(cells, ['tcp-c50-p1-100b'], new Map(), ['memcached', 'uring', 'mio']);
  expect(rows(table).slice(2)).toEqual([
    '| tcp-c50-p1-100b | memcached | 50k | 1 | 1 | 100 | 1.00 | 10 | 80 | 1.00 | 0.000 |',
    `| tcp-c50-p1-100b | Ringstone uring | not measured: 1 x the fixed rate was not held |${' |'.repeat(8)}`,
    '| tcp-c50-p1-100b | Ringstone mio | 50k | 1 | 1 | 200 | 2.00 | 150 | 50 | 0.63 | 0.000 |',
  ]);
});

test('one key is held against many, and one thread against two', () => {
  const at = (load: string | undefined, subject: string, one: ReturnType<typeof round>) => ({
    load: load ?? '',
    subject,
    rounds: [one],
    problems: [],
  });
  const [pair] = HOT_LOADS;
  const cells = [
    at(pair?.uniform.name, 'mio', round(8, 100_000)),
    at(pair?.hot.name, 'mio', round(10, 90_000)),
    at(pair?.hot.name, 'uring', round(10, 90_000)),
  ];
  const absent = new Map([['memcached', 'memcached could not be installed']]);
  const hot = rows(renderHotKey(cells, HOT_LOADS.slice(0, 1), absent));
  expect(hot).toContain('| tcp-c50-p1-100b | Ringstone mio | 8.00 | 10.00 | 1.25 | 100k | 90k | 0.90 |');
  expect(hot).toContain('| tcp-c50-p1-100b | Ringstone uring | not measured: no round succeeded | | | | | |');
  expect(hot).toContain('| tcp-c50-p1-100b | memcached | not measured: memcached could not be installed | | | | | |');

  const [load] = SCALING_LOADS;
  const scaled = [
    at(load?.name, 'uring', round(1, 800_000, 0.9)),
    at(load?.name, 'uring2', round(1.1, 1_000_000, 1.1)),
  ];
  const scaling = rows(renderScaling(scaled, SCALING_LOADS.slice(0, 1), absent));
  expect(scaling).toContain(
    '| tcp-c50-p1-100b | Ringstone uring | 800k | 1000k | 1.25 | 1.00 | 1.10 | 1.10 | 0.90 | 1.10 |',
  );
  expect(scaling).toContain(
    '| tcp-c50-p1-100b | memcached | not measured: memcached could not be installed | | | | | | | |',
  );
});

test('the time left is known after two runs', () => {
  let nowMs = 0;
  const timetable = new Timetable(() => nowMs);
  timetable.plan(60);
  timetable.plan(61);
  const after = (ms: number) => {
    nowMs += ms;
    timetable.done();
    return timetable.left();
  };
  // The first starts and fills its server.
  expect([timetable.left(), after(60_000)]).toEqual(['', '']);
  expect(after(1000)).toBe(', about 2 minutes left');
  for (let run = 0; run < 38; run++) after(1000);
  expect(after(1000)).toBe(', about 1 minute left');
  for (let run = 0; run < 50; run++) after(1000);
  expect(timetable.left()).toBe(', less than a minute left');
  for (let run = 0; run < 30; run++) after(1000);
  expect(timetable.left()).toBe('');
});
