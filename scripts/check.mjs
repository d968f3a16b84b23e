// `npm run check`: format, lints and types of both languages. `npm test` includes it.
import { join } from 'node:path';
import { root } from './files.mjs';
import { ensureDependencies, main, requireRust, run } from './setup.mjs';

/** All checks; throws at the first that fails. */
export function check() {
  /** @param {...string} path */
  const tool = (...path) => join(root, 'node_modules', ...path);
  run(process.execPath, [tool('@biomejs', 'biome', 'bin', 'biome'), 'check', '--error-on-warnings'], 'biome');
  run(process.execPath, [tool('typescript', 'bin', 'tsc'), '-p', 'tsconfig.json'], 'tsc');
  requireRust();
  run('cargo', ['fmt', '--all', '--check'], 'cargo fmt');
  run('cargo', ['clippy', '--workspace', '--all-targets', '--quiet', '--', '-D', 'warnings'], 'cargo clippy');
}

if (process.argv[1] === import.meta.filename) {
  main(() => {
    ensureDependencies();
    check();
  });
}
