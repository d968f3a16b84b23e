// `npm run jest -- test/config`: builds what the JavaScript tests need, then runs jest on ES modules.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './files.mjs';
import { ensureDependencies, ensureDist, ensureNative, main } from './setup.mjs';

/** Arguments for node that start jest. */
export const JEST = [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  join(root, 'node_modules', 'jest', 'bin', 'jest.js'),
];

if (process.argv[1] === import.meta.filename) {
  main(() => {
    ensureDependencies();
    ensureNative('checked');
    ensureDist();
    const { status } = spawnSync(process.execPath, [...JEST, ...process.argv.slice(2)], {
      cwd: root,
      stdio: 'inherit',
    });
    process.exitCode = status ?? 1;
  });
}
