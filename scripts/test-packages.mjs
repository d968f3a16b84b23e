// Installs the Debian packages that tests compare with, where this is Debian and root. Tests that need one that is not
// there say so.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Program that shows a package to be there, and the package.
 * @type {[program: string, name: string][]}
 */
const PACKAGES = [
  ['memcached', 'memcached'],
  ['redis-server', 'redis-server'],
  ['redis-cli', 'redis-tools'],
  ['memccapable', 'libmemcached-tools'],
];

/** @param {string} program */
const isInstalled = program =>
  (process.env['PATH'] ?? '').split(delimiter).some(folder => existsSync(join(folder, program)));

const missing = PACKAGES.filter(([program]) => !isInstalled(program)).map(([, name]) => name);
if (missing.length > 0) {
  if (process.getuid?.() !== 0 || !isInstalled('apt-get')) {
    process.stderr.write(`ringstone: tests that need ${missing.join(', ')} will not run: install them\n`);
  } else {
    // The servers that the packages bring must not start: tests start their own.
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
    /** @param {...string} args */
    const apt = (...args) => spawnSync('apt-get', ['-qq', ...args], { stdio: ['ignore', 2, 2], env }).status === 0;
    process.stderr.write(`ringstone: installing ${missing.join(', ')}\n`);
    if (!apt('update') || !apt('install', '-y', '--no-install-recommends', ...missing)) {
      process.stderr.write('ringstone: apt-get failed; tests that need these packages will not run\n');
    }
  }
}
