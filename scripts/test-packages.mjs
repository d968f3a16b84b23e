// Installs the Debian packages that tests compare with, where this is Debian and root. Tests that need one that is not
// there say so.
import { installPackages } from './packages.mjs';

const missing = installPackages([
  ['memcached', 'memcached'],
  ['redis-server', 'redis-server'],
  ['redis-cli', 'redis-tools'],
  ['memccapable', 'libmemcached-tools'],
  ['prometheus-redis-exporter', 'prometheus-redis-exporter'],
]);
if (missing.length > 0)
  process.stderr.write(`ringstone: tests that need ${missing.join(', ')} will not run: install them\n`);
