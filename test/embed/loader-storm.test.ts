/** All that can happen to loads at once: at the end nobody waits, nothing runs, and no value was that of another key. */
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { killLeftovers, run } from '../harness/children.ts';
import { root } from '../harness/ringstone.ts';
import { eachRuntime } from '../harness/runtimes.ts';

afterAll(async () => {
  await killLeftovers();
});

const program = join(root, 'test', 'programs', 'loader-storm.mjs');
/** More by the environment. */
const STORM_MS = Number(process.env['RINGSTONE_STORM_MS'] ?? 3000);
const TIMEOUT_MS = STORM_MS + 60_000;

eachRuntime(runtime => {
  test(
    'threads, loaders and clients that come and go',
    async () => {
      const { code, stderr, stdout } = await run(process.execPath, [program, runtime, String(STORM_MS)]);
      expect([code, stderr]).toEqual([0, '']);
      const found = JSON.parse(stdout);
      expect(found).toMatchObject({ wrong: [], loaders: 0, running: 0, queued: 0, waiting: 0 });
      for (const name of ['loaded', 'absent', 'handedOver', 'coalesced', 'staleServed'])
        expect(found[name]).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );
});
