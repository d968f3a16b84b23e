/** How a program that embeds a cache lives and ends: child processes, each of which leaves something as it is. */
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { Child, killLeftovers, run } from '../../harness/children.ts';
import { root } from '../../harness/ringstone.ts';

/** Worker threads that come and go; RINGSTONE_WORKER_STARTS sets another number. */
const STARTS = Number(process.env['RINGSTONE_WORKER_STARTS'] ?? 1000);
const PATIENCE_MS = 240_000;
const MIB = 1024 * 1024;
/** What resident memory may grow by, for the allocators of two heaps and the kernel give back when they like. */
const SLACK_BYTES = 24 * MIB;

const command = (program: string, ...args: (string | number)[]) =>
  ['--expose-gc', join('test/embed/life/programs', `${program}.mjs`), ...args.map(String)] as const;

/** Runs a program to its end, which it comes to by itself. */
async function ends(program: string, ...args: (string | number)[]) {
  return run(process.execPath, command(program, ...args), { cwd: root });
}

afterAll(async () => {
  await killLeftovers();
});

describe('a process ends by itself, whatever it leaves', () => {
  test.each([
    'a cache',
    'a server',
    'a server on io_uring, if there is such',
    'a server that is just starting',
    'a server that is just stopping',
    'a client that is connected',
    'a stream that writes',
    'a stream that reads',
    'a loader',
    'a loader that a client waits for',
    'everything',
    'everything, without a turn of the loop',
    'a loader that throws',
  ])('%s', async scene => {
    expect(await ends('endings', scene)).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
  });

  test('a promise of a value: not before it is settled', async () => {
    const stdout = '"RINGSTONE_LOAD_TIMEOUT"\n';
    expect(await ends('endings', 'a promise of a value')).toEqual({ code: 0, signal: null, stdout, stderr: '' });
  });
});

test.each([
  'process.exit',
  'process.exit in a loader',
  'process.exit in a stream',
  'process.exit while threads are at work',
  'process.exit while a server stops',
])('%s ends it with the code that was given', async scene => {
  for (let times = 0; times < 3; times++) {
    expect(await ends('endings', scene)).toEqual({ code: 3, signal: null, stdout: '', stderr: '' });
  }
});

test.each([
  ['an exception in a stream', 'thrown in a stream'],
  ['an exception after a loader', 'thrown beside a loader'],
  ['a rejection that nobody handles', 'nobody handles this'],
])('%s ends it as in any program', async (scene, message) => {
  const { code, signal, stderr } = await ends('endings', scene);
  expect([code, signal]).toEqual([1, null]);
  expect(stderr).toContain(message);
});

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s is left to the program', async signal => {
  const child = new Child(process.execPath, command('endings', 'a signal'), { cwd: root });
  await child.waitFor('it waits', ({ stdout }) => stdout.includes('waiting') || undefined);
  child.signal(signal);
  expect(await child.exit()).toEqual({ code: null, signal });
  expect(child.stderr).toBe('');
});

describe('a thread is ended', () => {
  test.each([
    'in the middle of calls',
    'in the middle of streams',
    'holding streams',
    'that serves',
    'that loads',
    'that exits',
    'ten at once',
  ])(
    '%s',
    async scene => {
      expect(await ends('workers', scene)).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
    },
    PATIENCE_MS,
  );
});

test.each(['imported and required', 'two copies of the native library'])('%s in one process', async scene => {
  expect(await ends('twice', scene)).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
});

/** What a program reports to have used before and after. */
function expectNoGrowth(stdout: string): void {
  const { before, after } = JSON.parse(stdout);
  expect(after.threads).toBeLessThanOrEqual(before.threads);
  expect(after.descriptors).toBeLessThanOrEqual(before.descriptors);
  expect(after.handles).toBeLessThanOrEqual(before.handles);
  expect(after.rss - before.rss).toBeLessThan(SLACK_BYTES);
}

test(
  'a thousand threads open the cache one after another, without growth after the first hundred',
  async () => {
    const { code, stdout, stderr } = await ends('workers', 'one after another', STARTS, 4, STARTS / 10);
    expect([code, stderr]).toEqual([0, '']);
    expectNoGrowth(stdout);
  },
  PATIENCE_MS,
);

test.each([
  ['opened and closed', 300],
  ['opened, and left to the collector', 100],
  ['joined, beside one that stays open', 300],
  ['served and closed', 100],
  ['served on any runtime, and closed while clients are busy', 60],
  ['streams that are left to the collector', 40],
  ['loaders that are closed', 100],
])(
  '%s many times in one process, without growth',
  async (scene, times) => {
    const { code, stdout, stderr } = await ends('again', scene, times, Math.ceil(times / 3));
    expect([code, stderr]).toEqual([0, '']);
    expectNoGrowth(stdout);
  },
  PATIENCE_MS,
);
