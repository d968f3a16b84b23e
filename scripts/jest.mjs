// `npm run jest -- test/config`: builds what the JavaScript tests need, then runs jest on ES modules.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './files.mjs';
import { ensureDependencies, ensureDist, ensureNative, main } from './setup.mjs';

main(() => {
  ensureDependencies();
  ensureNative('checked');
  ensureDist();
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const { status } = spawnSync(process.execPath, [...flags, jest, ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
});
