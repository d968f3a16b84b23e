/** Running the same tests on each runtime. */
import { spawnSync } from 'node:child_process';
import { describe } from '@jest/globals';
import type { Missing } from './programs.ts';
import { describeWith } from './requirement.ts';
import { cli } from './ringstone.ts';

/** The event loops. */
export type Runtime = 'mio' | 'uring';

let probed: Missing | 'available' | undefined;

/** Why io_uring cannot be used here, as Ringstone's own probe says. */
export function missingUring(): Missing | undefined {
  probed ??= probe();
  return probed === 'available' ? undefined : probed;
}

function probe(): Missing | 'available' {
  const { stdout, stderr } = spawnSync(process.execPath, [cli, 'doctor'], { encoding: 'utf8' });
  const line =
    stdout.split('\n').find(text => /io_uring/.test(text)) ?? `doctor said nothing of it: ${stdout}${stderr}`;
  return /\bok\b/i.test(line) ? 'available' : { what: 'io_uring', remedy: `doctor says: ${line.trim()}` };
}

/** The tests of `body` on mio and on io_uring. */
export function eachRuntime(body: (runtime: Runtime) => void): void {
  describe('mio', () => body('mio'));
  describeWith(missingUring(), 'uring', () => body('uring'));
}
