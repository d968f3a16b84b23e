/** Starting and stopping in one process leaves nothing behind. */
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { run } from '../harness/children.ts';
import { root } from '../harness/ringstone.ts';
import { eachRuntime } from '../harness/runtimes.ts';

const MIB = 1024 * 1024;
const TIMES = 10;
/**
 * Half of the caches of 24 MiB that were filled and given up between the halves. The heaps of Node.js and of the C library wander by
 * up to 30 MiB.
 */
const ALLOWED_GROWTH_BYTES = 60 * MIB;
const TIMEOUT_MS = 120_000;

interface Held {
  drained: boolean;
  descriptors: number;
  threads: number;
  rssBytes: number;
}

eachRuntime(runtime => {
  test(
    `${TIMES} times`,
    async () => {
      const program = join(root, 'test', 'programs', 'restart.mjs');
      const { code, stdout, stderr } = await run(process.execPath, ['--expose-gc', program, runtime, String(TIMES)]);
      expect([code, stderr]).toEqual([0, '']);
      const held = stdout
        .trim()
        .split('\n')
        .map(line => JSON.parse(line) as Held);
      expect(held).toHaveLength(TIMES);
      expect(held.every(({ drained }) => drained)).toBe(true);
      const [first, second] = [held.slice(0, TIMES / 2), held.slice(TIMES / 2)];
      for (const what of ['descriptors', 'threads'] as const) {
        // The first start loads code and starts Node.js' own threads.
        expect(second.map(each => each[what])).toEqual(second.map(() => first.at(-1)?.[what]));
      }
      // The least of several: the heap's size goes up and down by itself.
      const least = (half: Held[]) => Math.min(...half.map(({ rssBytes }) => rssBytes));
      expect(least(second) - least(first)).toBeLessThan(ALLOWED_GROWTH_BYTES);
    },
    TIMEOUT_MS,
  );
});
