// The CommonJS copy of what package.json exports, for programs that `require` it: `cjs/` beside `dist/` and as deep, so that
// every relative path is the same in both.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { root } from './files.mjs';

const require = createRequire(import.meta.url);

const MODULES = join(root, 'dist');
const COPY = join(root, 'cjs');

/** @typedef {{ types: string, default: string }} Target */
/** @typedef {Record<string, string | { import: Target, require: Target }>} ExportsMap */

/** Files of `cjs/` that the exports map names, as paths from it. @returns {string[]} */
function entries() {
  const { exports } = /** @type {{ exports: ExportsMap }} */ (
    JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  );
  return Object.values(exports).flatMap(target =>
    typeof target === 'string' ? [] : [relative('cjs', target.require.default), relative('cjs', target.require.types)],
  );
}

/**
 * A module of `dist/` as CommonJS.
 * @param {string} path from `dist/`
 */
function toCommonJs(path) {
  // Not imported above: the scripts run before there is a node_modules.
  const { transformSync } = require('@swc/core');
  const { code } = transformSync(readFileSync(join(MODULES, path), 'utf8'), {
    filename: path,
    configFile: false,
    swcrc: false,
    jsc: { target: 'es2023', parser: { syntax: 'ecmascript' }, preserveAllComments: true },
    // `node`: a default import is `module.exports`, as it is for the modules that this is a copy of.
    module: { type: 'commonjs', importInterop: 'node' },
  });
  return code;
}

/** What another file of ours is named by, in code and in declarations. */
const SPECIFIER = /\b(?:require\(|from |import\()["'](\.{1,2}\/[^"']+)["']/g;

/** Declarations name each other as the sources do; older tools know `.js` only. */
function nameDeclarationsByJs() {
  for (const name of readdirSync(MODULES, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.d.ts')) continue;
    const path = join(MODULES, name);
    const text = readFileSync(path, 'utf8');
    writeFileSync(
      path,
      text.replace(SPECIFIER, match => match.replace(/\.ts(["'])$/, '.js$1')),
    );
  }
}

/** Completes `dist/`, which tsc has just written, and makes the copy: the exported files and what they load. */
export function writeCommonJs() {
  nameDeclarationsByJs();
  rmSync(COPY, { recursive: true, force: true });
  mkdirSync(COPY);
  writeFileSync(join(COPY, 'package.json'), '{\n  "type": "commonjs"\n}\n');
  const wanted = new Set(entries());
  for (const path of wanted) {
    mkdirSync(dirname(join(COPY, path)), { recursive: true });
    const declares = path.endsWith('.d.ts');
    if (declares) cpSync(join(MODULES, path), join(COPY, path));
    else writeFileSync(join(COPY, path), toCommonJs(path));
    for (const [, named = ''] of readFileSync(join(COPY, path), 'utf8').matchAll(SPECIFIER)) {
      const target = join(dirname(path), named);
      // What lies outside, the native part's loader, is CommonJS already.
      if (!target.startsWith('..')) wanted.add(declares ? target.replace(/\.js$/, '.d.ts') : target);
    }
  }
}
