// Debian packages that tests and measurements compare with.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Whether a program is on PATH.
 * @param {string} program
 */
export const isInstalled = program =>
  (process.env['PATH'] ?? '').split(delimiter).some(folder => existsSync(join(folder, program)));

/** @param {string} text */
const say = text => process.stderr.write(`ringstone: ${text}\n`);

/**
 * Installs what is missing, where this is Debian and root. Returns the packages that are still missing.
 * @param {readonly (readonly [program: string, name: string])[]} packages program that shows a package to be there, and the package
 * @returns {string[]}
 */
export function installPackages(packages) {
  const missing = () => packages.filter(([program]) => !isInstalled(program)).map(([, name]) => name);
  const wanted = missing();
  if (wanted.length === 0 || process.getuid?.() !== 0 || !isInstalled('apt-get')) return wanted;
  // The servers that the packages bring must not start: tests and measurements start their own.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  /** @param {...string} args */
  const apt = (...args) => spawnSync('apt-get', ['-qq', ...args], { stdio: ['ignore', 2, 2], env }).status === 0;
  say(`installing ${wanted.join(', ')}`);
  if (!apt('update') || !apt('install', '-y', '--no-install-recommends', ...wanted)) say('apt-get failed');
  return missing();
}
