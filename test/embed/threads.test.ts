/** Several threads of one process on one cache. */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test } from '@jest/globals';
import { Cache } from '../../ts/index.ts';
import { root } from '../harness/ringstone.ts';
import { anyName } from './support.ts';

const THREADS = 4;

/** Runs a job in each thread at once; what each has to say. */
async function run(job: string, name: string, options: object = {}, meanwhile = () => {}): Promise<unknown[]> {
  const program = join(root, 'test', 'embed', 'thread.mjs');
  const workers = Array.from(
    { length: THREADS },
    (_, thread) => new Worker(program, { workerData: { job, name, thread, ...options } }),
  );
  const message = (worker: Worker) =>
    new Promise<unknown>((resolve, reject) => worker.once('message', resolve).once('error', reject));
  await Promise.all(workers.map(message));
  const results = workers.map(message);
  const ended = workers.map(worker => new Promise(resolve => worker.once('exit', resolve)));
  for (const worker of workers) worker.postMessage('go');
  meanwhile();
  const said = await Promise.all(results);
  await Promise.all(ended);
  return said.map(one => (one as { result: unknown }).result);
}

test('no count is lost, and each key is added once', async () => {
  const name = anyName();
  using cache = Cache.open({ name, maxMemory: '16mb' });
  const rounds = 20_000;
  const won = await run('count', name, { rounds }, () => {
    for (let round = 0; round < rounds; round++) cache.incr('count');
  });
  expect(cache.incr('count', 0)).toBe((THREADS + 1) * rounds);
  const sum = Array.from({ length: 7 }, (_, n) => cache.incr(`count ${n}`, 0)).reduce((all, one) => all + one, 0);
  expect(sum).toBe((rounds * THREADS * (THREADS + 1)) / 2);
  expect((won as number[]).reduce((all, one) => all + one, 0)).toBe(rounds);
  expect(cache.stats()).toMatchObject({ handles: 1, callers: { operations: { add: THREADS * rounds } } });
});

test('no version is overwritten that was not seen', async () => {
  const name = anyName();
  using cache = Cache.open({ name, maxMemory: '4mb' });
  cache.set('versions', '0');
  const rounds = 5_000;
  await run('cas', name, { rounds });
  expect(cache.getString('versions')).toBe(String(THREADS * rounds));
});

test('a value is seen whole or not at all, whatever its length', async () => {
  const name = anyName();
  using cache = Cache.open({ name, maxMemory: '16mb', maxValueSize: '1mb' });
  const lengths = [0, 1, 4, 100, 511, 512, 4000, 8192, 8193, 16_383, 16_384, 16_385, 65_536, 200_000];
  const rounds = 1_500;
  for (const read of await run('torn', name, { rounds, lengths })) expect(read).toBeGreaterThan(rounds);
  expect(cache.stats().handles).toBe(1);
});

test('what a thread wrote stays when it has ended', async () => {
  const name = anyName();
  using cache = Cache.open({ name, maxMemory: '4mb' });
  cache.set('from main', 'here');
  expect(await run('write', name)).toEqual(Array(THREADS).fill(2));
  expect(cache.getString('from thread')).toMatch(/^thread \d$/);
});
