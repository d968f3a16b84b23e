// `npm run bench:embed -- --parts`: what a call is made of.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from '../../scripts/files.mjs';
import { requireRust, run, say } from '../../scripts/setup.mjs';
import { finish } from '../children.mjs';
import { nsText } from './table.mjs';

const CHILD = fileURLToPath(new URL('./parts-child.mjs', import.meta.url));

/** Builds the library whose functions are the parts; gives its path. */
function buildParts() {
  requireRust();
  say('building the parts ...');
  run('cargo', ['build', '--release', '-p', 'ringstone-addon', '--example', 'parts'], 'the build of the parts');
  return join(root, 'target', 'release', 'examples', process.platform === 'darwin' ? 'libparts.dylib' : 'libparts.so');
}

/**
 * Nanoseconds of each part.
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<Record<string, number>>}
 */
export async function measureParts(env) {
  const library = buildParts();
  const { code, stdout, stderr } = await finish([process.execPath, CHILD, library], env);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

/** @param {Record<string, number>} parts @returns {string} Markdown */
export function renderParts(parts) {
  const rows = Object.entries(parts).map(([name, ns]) => `| ${name} | ${nsText(ns)} |`);
  return `${['| part | ns |', '| --- | ---: |', ...rows].join('\n')}\n`;
}
