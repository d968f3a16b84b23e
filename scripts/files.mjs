// Files of the repository and hashes of their contents.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Absolute path of the repository. */
export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

/**
 * Files below a folder of the repository, as paths from its root, sorted.
 * @param {string} folder
 * @param {(name: string) => boolean} [wanted]
 */
export function listFiles(folder, wanted = () => true) {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => relative(root, join(entry.parentPath ?? entry.path, entry.name)))
    .filter(wanted)
    .sort();
}

/**
 * One hash over names and contents.
 * @param {string[]} names paths from the root of the repository
 */
export function hashFiles(names) {
  const hash = createHash('sha256');
  for (const name of names) {
    const content = readFileSync(join(root, name));
    hash.update(`${name}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}
