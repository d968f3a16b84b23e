// `npm start -- OPTIONS`: installs and builds what is missing, then runs the program with these options.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from './files.mjs';
import { ensureDependencies, ensureDist, ensureNative, main } from './setup.mjs';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

main(() => {
  ensureDependencies();
  ensureNative('release');
  ensureDist();
  const program = spawn(process.execPath, [join(root, 'dist', 'cli.js'), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  // A terminal sends Ctrl-C to both processes; this one waits for the other, and passes on what only it was sent.
  for (const signal of SIGNALS) process.on(signal, () => process.stdin.isTTY || program.kill(signal));
  program.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal ? 1 : 0);
  });
});
