/** What `npm run bench` does, with one short load, and without the other servers. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { LOADS } from '../../bench/loads.mjs';
import { Bench } from '../../bench/measure.mjs';
import { SUBJECTS } from '../../bench/servers.mjs';
import { renderTable } from '../../bench/table.mjs';

/** Without the folders where memcached could be, or apt-get, which would install it. */
const path = process.env['PATH'];
beforeAll(() => {
  process.env['PATH'] = '/nonexistent';
});
afterAll(() => {
  process.env['PATH'] = path;
});

const alive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('measures, says who is missing, and ends what it has started', async () => {
  const bench = new Bench('50ms', process.env);
  const subjects = SUBJECTS.filter(({ name }) => ['memcached', 'mio', 'mio-resp'].includes(name));
  const loads = LOADS.filter(({ name }) => /^(tcp|unix)-c8-p16-100b$/.test(name));
  await bench.run(loads, subjects, 2);
  const pids = [...bench.servers.values()].flatMap(server => (typeof server === 'string' ? [] : [server.pid]));
  expect(pids.map(alive)).toEqual([true, true]);
  await bench.stop();
  expect(pids.map(alive)).toEqual([false, false]);

  expect([...bench.absent]).toEqual([['memcached', 'memcached could not be installed']]);
  const cells = [...bench.cells.values()];
  expect(cells.map(({ subject, rounds, problems }) => [subject, rounds.length, problems])).toEqual([
    ['mio', 2, []],
    ['mio-resp', 2, []],
    ['mio', 2, []],
    ['mio-resp', 2, []],
  ]);
  for (const { cpu_us: cpu, rate, busy } of cells.flatMap(({ rounds }) => rounds))
    expect(Math.min(cpu, rate, busy)).toBeGreaterThan(0);
  const names = loads.map(({ name }) => name);
  const table = renderTable(cells, names, bench.absent, ['memcached', 'mio', 'mio-resp']);
  expect(table).toContain('| memcached | not measured: memcached could not be installed |');
  expect(table).not.toContain('failed');
});
