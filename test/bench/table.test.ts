/** The table of `npm run bench`: medians, ratios, and what could not be measured. */
import { expect, test } from '@jest/globals';
import { LOADS, QUICK_LOADS } from '../../bench/loads.mjs';
import { median, renderTable } from '../../bench/table.mjs';

const round = (cpu: number, rate: number, busy = 1) => ({
  cpu_us: cpu,
  rate,
  busy,
  p50_us: 1,
  p99_us: 1,
  p999_us: 1,
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
  for (const part of ['tcp-', 'unix-', '-c1-', '-c8-', '-c50-', '-c400-', '-p1-', '-p16-', '-p64-', '-100b', '-16kb'])
    expect(names.some(name => name.includes(part))).toBe(true);
  expect(QUICK_LOADS.filter(name => !names.includes(name))).toEqual([]);
});
