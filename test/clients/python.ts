/** A virtual environment with the pinned Python clients, made when it is first needed. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Missing } from '../harness/programs.ts';
import { root } from '../harness/ringstone.ts';

const folder = join(root, 'node_modules', '.cache', 'ringstone', 'python-clients');
const requirements = join(root, 'test', 'clients', 'python', 'requirements.txt');

/** The environment's interpreter. */
export const python = join(folder, 'bin', 'python');

/** Why there is no such environment. */
export function missingPythonClients(): Missing | undefined {
  const stamp = join(folder, 'requirements.sha256');
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return undefined;
  rmSync(folder, { recursive: true, force: true });
  const steps: readonly (readonly [string, ...string[]])[] = [
    ['python3', '-m', 'venv', folder],
    [python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', requirements],
  ];
  for (const [command, ...args] of steps) {
    if (spawnSync(command, args).status !== 0)
      return { what: 'the Python clients', remedy: `failed: ${command} ${args.join(' ')}` };
  }
  writeFileSync(stamp, wanted);
  return undefined;
}
