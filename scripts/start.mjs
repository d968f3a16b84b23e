// `npm start -- OPTIONS`: installs and builds what is missing, then becomes the program, with these options.
import { join } from 'node:path';
import { root } from './files.mjs';
import { ensureDependencies, ensureDist, ensureNative, main } from './setup.mjs';

main(async () => {
  ensureDependencies();
  ensureNative('release');
  ensureDist();
  await import(join(root, 'dist', 'cli.js'));
});
