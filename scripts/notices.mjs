// The licences of what is linked into the native library, which they demand to be passed on with it.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './files.mjs';
import { SetupError } from './setup.mjs';

const HEAD = `Ringstone's native library contains these packages of others, under the licences below. Where a package offers the Apache
License 2.0 as one of several, it is the file LICENSE beside this one, and not repeated.
`;

const STANDARD_LIBRARY = {
  name: "Rust's standard library",
  licence: 'MIT OR Apache-2.0',
  text: 'Copyright (c) The Rust Project Contributors; https://www.rust-lang.org/policies/licenses',
};

/** @param {string[]} args */
function cargo(args) {
  const { status, stdout, stderr, error } = spawnSync('cargo', args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 ** 2,
  });
  if (error || status !== 0) throw new SetupError(`cargo ${args[0]} failed: ${error?.message ?? stderr}`);
  return stdout;
}

/**
 * Texts of a package's licences, the Apache License only where there is no other.
 * @param {string} folder
 */
function licenceTexts(folder) {
  const names = readdirSync(folder).filter(name => /^(?:licen[cs]e|copying|unlicense)/i.test(name));
  const others = names.filter(name => !/apache/i.test(name));
  return (others.length > 0 ? others : names)
    .map(name => readFileSync(join(folder, name), 'utf8').replaceAll('\r\n', '\n').trim())
    .filter(text => others.length > 0 || !text.includes('Apache License'))
    .join('\n\n');
}

/**
 * Packages that are linked into the library of a target, by name and version.
 * @param {string} target
 * @returns {{ name: string, licence: string, text: string }[]}
 */
function linked(target) {
  const tree = ['tree', '--package', 'ringstone-addon', '--edges', 'normal,no-proc-macro', '--target', target];
  const names = new Set(cargo([...tree, '--prefix', 'none', '--format', '{p}']).match(/^\S+ v\S+/gm));
  /** @type {{ packages: { name: string, version: string, license: string | null, source: string | null, repository: string | null, manifest_path: string }[] }} */
  const { packages } = JSON.parse(cargo(['metadata', '--format-version', '1', '--filter-platform', target]));
  return packages
    .filter(({ name, version, source }) => source !== null && names.has(`${name} v${version}`))
    .map(one => ({
      name: `${one.name} ${one.version}`,
      licence: one.license ?? 'as below',
      // Some are published without their licence's text.
      text: licenceTexts(dirname(one.manifest_path)) || `The text of the licence is at ${one.repository}.`,
    }));
}

/**
 * The notices for the library of a target, each text once.
 * @param {string} target
 */
export function notices(target) {
  /** @type {Map<string, string[]>} */
  const byText = new Map();
  for (const { name, licence, text } of [...linked(target), STANDARD_LIBRARY]) {
    byText.set(text, [...(byText.get(text) ?? []), `${name} (${licence})`]);
  }
  const parts = [...byText].map(([text, names]) => `${names.join('\n')}\n\n${text}\n`);
  return [HEAD, ...parts].join(`\n${'-'.repeat(80)}\n\n`);
}
