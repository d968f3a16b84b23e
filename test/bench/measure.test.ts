/** What `npm run bench` does, with one short load, and without the other servers. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { renderLatencies } from '../../bench/latency-table.mjs';
import { LOADS, SCALING_LOADS } from '../../bench/loads.mjs';
import { Bench } from '../../bench/measure.mjs';
import { SUBJECTS, THREADED_SUBJECTS } from '../../bench/servers.mjs';
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
  // Without a reference there is no rate to take half of.
  await bench.runPaced(loads, subjects, 1);
  expect(bench.paced.size).toBe(0);
  const alone = subjects.filter(({ name }) => name === 'mio').map(subject => ({ ...subject, reference: 'mio' }));
  await bench.runPaced(loads, alone, 1);
  // A machine that is too busy for the rate says so; either way each was tried.
  expect([...bench.paced.values()].map(({ rounds, problems }) => rounds.length || problems.length)).toEqual([1, 1]);
  // Nothing is added once someone has had enough.
  bench.stopped = true;
  await bench.run(loads, subjects, 1);
  bench.stopped = false;
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
  expect(renderLatencies([], names, bench.absent, ['memcached', 'mio']).split('\n').slice(2, 4)).toEqual([
    `| tcp-c8-p16-100b | memcached | not measured: memcached could not be installed |${' |'.repeat(8)}`,
    `| tcp-c8-p16-100b | Ringstone mio | not measured: without memcached there is no rate to take |${' |'.repeat(8)}`,
  ]);
});

test('with two threads, and gets of many keys that are not there', async () => {
  const bench = new Bench('50ms', process.env);
  const subjects = THREADED_SUBJECTS.filter(({ name }) => ['memcached2', 'mio2'].includes(name));
  const loads = SCALING_LOADS.filter(({ name }) => /^tcp-c50-p1-(k16-100b|k100-absent)$/.test(name));
  await bench.run(loads, subjects, 1, 'shared');
  await bench.stop();
  expect([...bench.absent.keys()]).toEqual(['memcached2']);
  expect([...bench.shared.values()].map(({ subject, rounds, problems }) => [subject, rounds.length, problems])).toEqual(
    [
      ['mio2', 1, []],
      ['mio2', 1, []],
    ],
  );
  expect(bench.keysPerReply.get('tcp-c50-p1-k100-absent')).toBe(100);
  expect(bench.cells.size).toBe(0);
});
