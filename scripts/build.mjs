// `npm run build`: what a package needs, in release quality.
import { ensureDependencies, ensureDist, ensureNative, main } from './setup.mjs';

main(() => {
  ensureDependencies();
  ensureNative('release');
  ensureDist();
});
