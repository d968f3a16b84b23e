/** Loaders and the life of their process: what holds it open, what does not end it, and what many threads leave behind. */
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { killLeftovers, run } from '../harness/children.ts';
import { root } from '../harness/ringstone.ts';

afterAll(async () => {
  await killLeftovers();
});

const program = join(root, 'test', 'programs', 'loader-process.mjs');
const play = async (...scene: string[]) => {
  const { code, signal, stdout, stderr } = await run(process.execPath, ['--expose-gc', program, ...scene]);
  const [line = '{}'] = stdout.split('\n');
  return { code, signal, stderr, said: JSON.parse(line) };
};
const fine = { code: 0, signal: null, stderr: '' };

test('a loader does not hold the process open', async () => {
  expect(await play('idle')).toEqual({ ...fine, said: { idle: true } });
});

test('a call that waits does', async () => {
  expect(await play('pending')).toEqual({ ...fine, said: { code: 'RINGSTONE_LOAD_TIMEOUT' } });
});

test('a call that was withdrawn does not', async () => {
  expect(await play('withdrawn')).toEqual({ ...fine, said: { name: 'AbortError' } });
});

test('the process may be ended within a run', async () => {
  expect(await play('exit')).toEqual({ ...fine, code: 7, said: { exits: true } });
});

test('loaders that fail in all ways end nothing and leave no unhandled rejection', async () => {
  const failed = (why: string) => `SERVER_ERROR load failed: ${why}\r\n`;
  const late = 'the loader did not answer in time';
  const replies = [
    failed('sync'),
    failed('async'),
    failed(late),
    failed('a value is a string or a Uint8Array'),
    'END\r\n',
  ];
  expect(await play('throwing')).toEqual({ ...fine, said: { replies: replies.join(''), unhandled: [] } });
});

/** How many threads; more by the environment. */
const STARTS = Number(process.env['RINGSTONE_TEST_STARTS'] ?? 200);
const TIMEOUT_MS = 300_000;
const MIB = 1024 ** 2;

test(
  `${STARTS} threads that end within a run leave nothing behind`,
  async () => {
    const { said, ...end } = await play('workers', String(STARTS));
    expect(end).toEqual(fine);
    expect(said.fetched).toBe('v');
    const [, second, ...later] = said.found as { descriptors: number; threads: number; rssBytes: number }[];
    const last = later.at(-1);
    expect([last?.descriptors, last?.threads]).toEqual([second?.descriptors, second?.threads]);
    expect((last?.rssBytes ?? 0) - (second?.rssBytes ?? 0)).toBeLessThan(40 * MIB);
  },
  TIMEOUT_MS,
);
