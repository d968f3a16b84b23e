/** A short soak on each runtime; `npm run soak -- --minutes 10` is the long one. */
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { Child, killLeftovers, run } from '../harness/children.ts';
import { root } from '../harness/ringstone.ts';
import { eachRuntime } from '../harness/runtimes.ts';

const SECONDS = 10;
const TIMEOUT_MS = 90_000;
const soak = (...args: string[]) => [join(root, 'scripts', 'soak.mjs'), ...args];

afterAll(async () => {
  await killLeftovers();
});

eachRuntime(runtime => {
  test(
    `${SECONDS} s`,
    async () => {
      const args = soak('--minutes', String(SECONDS / 60), '--runtime', runtime, '--max-memory', '32mb');
      const { code, stdout, stderr } = await run(process.execPath, args);
      if (code !== 0) throw new Error(`ended with ${code}\n${stdout}\n${stderr}`);
      expect(stdout).toMatch(new RegExp(`^soak of .* on ${runtime}, 24 clients, seed \\d+$`, 'm'));
      expect(stdout.match(/^ {2}ok /gm)?.length).toBeGreaterThan(5);
      // It has done something of each kind.
      for (const what of ['close', 'quit', 'endAfterPipeline', 'vanish', 'ignoreReplies'])
        expect(stdout).toMatch(new RegExp(`^endings: .*\\b${what} [1-9]`, 'm'));
      expect(stdout).toMatch(/^values read [1-9]\d*, misses [1-9]/m);
    },
    TIMEOUT_MS,
  );
});

test('a server that dies fails it', async () => {
  const child = new Child(process.execPath, soak('--minutes', '1', '--runtime', 'mio'));
  const pid = await child.waitFor('the server', ({ stdout }) => /server's pid (\d+)/.exec(stdout)?.[1]);
  process.kill(Number(pid), 'SIGKILL');
  expect(await child.exit()).toEqual({ code: 1, signal: null });
  expect(child.stdout).toMatch(/^FAIL {2}/m);
});

test('--help shows the options, an unknown one is refused', async () => {
  const help = await run(process.execPath, soak('--help'));
  expect([help.code, help.stdout]).toEqual([0, expect.stringContaining('--minutes N')]);
  for (const wrong of [['--hours', '1'], ['--minutes', 'ten'], ['--connections', '0'], ['extra']]) {
    const { code, stderr } = await run(process.execPath, soak(...wrong));
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^ringstone: .*--help/)]);
  }
});
