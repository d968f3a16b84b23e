// `npm run pack`: the packages as they are published, one for all platforms and one for each platform's native library.
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './files.mjs';
import { notices } from './notices.mjs';
import { ensureDependencies, ensureDist, main, npmCommand, requireRust, runNapi, SetupError, say } from './setup.mjs';

const HELP = `npm run pack -- [options]

Packs what \`npm publish\` takes: the package ringstone, and @ringstone/binding-PLATFORM for each native library that is there.
Prints the files with their sizes in bytes. Needs a build: npm run build.

  --libraries FOLDER  where the native libraries lie, binding.PLATFORM.node. Default index.node-build
  --out FOLDER        where the packages go, made if missing. Default packages
  --all               fail unless there is a library for every platform of package.json; for releases
  --help              this text

In a GitHub workflow, GITHUB_SERVER_URL and GITHUB_REPOSITORY are the packages' \`repository\`, as provenance demands.
`;

/** What \`files\` of package.json chooses from, and what npm always takes. */
const CONTENTS = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'dist', 'cjs', 'docs'];
const LOADER = ['binding.js', 'binding.d.ts', 'package.json'];

/** Beside each library, the licences of what is linked into it. */
const NOTICES = 'NOTICES.txt';

/** Of package.json, what is of no use to who installs it. */
const OURS_ALONE = ['scripts', 'devDependencies'];

/** The name that napi-rs gives to a target of Rust: `linux-x64-gnu`. @param {string} target */
export function platformOf(target) {
  const [arch = '', , system = '', abi] = target.split('-');
  const names = /** @type {Record<string, string>} */ ({ x86_64: 'x64', aarch64: 'arm64' });
  return [system, names[arch] ?? arch, ...(abi ? [abi] : [])].join('-');
}

/**
 * Native libraries in a folder, by platform; not below it, where the build for tests lies.
 * @param {string} folder
 */
function findLibraries(folder) {
  /** @type {Map<string, string>} */
  const found = new Map();
  for (const name of readdirSync(folder)) {
    const platform = /^binding\.([\w-]+)\.node$/.exec(name)?.[1];
    if (platform) found.set(platform, join(folder, name));
  }
  return found;
}

/** @typedef {{ files: string[], napi: { targets: string[] }, [name: string]: unknown }} Manifest */

/**
 * @param {string} folder
 * @param {(manifest: Manifest) => Manifest} edit
 */
function editManifest(folder, edit) {
  const path = join(folder, 'package.json');
  writeFileSync(path, `${JSON.stringify(edit(JSON.parse(readFileSync(path, 'utf8'))), null, 2)}\n`);
}

/**
 * package.json as it is published, with the targets that are packed.
 * @param {Manifest} manifest
 * @param {readonly string[]} targets
 */
function publishedManifest(manifest, targets) {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository } = process.env;
  const origin = { repository: { type: 'git', url: `git+${server}/${repository}.git` } };
  const kept = Object.fromEntries(Object.entries(manifest).filter(([name]) => !OURS_ALONE.includes(name)));
  return /** @type {Manifest} */ ({
    ...kept,
    ...(server && repository ? origin : {}),
    napi: { ...manifest.napi, targets },
  });
}

/**
 * A copy of what the packages are made of, in a folder that is not the repository, for napi-rs changes package.json.
 * @param {string} staging
 * @param {ReadonlyMap<string, string>} libraries by target
 * @returns {string[]} folders to pack: those of the platforms, and then `staging`, which depends on them
 */
function stage(staging, libraries) {
  for (const name of CONTENTS) cpSync(join(root, name), join(staging, name), { recursive: true });
  mkdirSync(join(staging, 'index.node-build'));
  for (const name of LOADER) {
    copyFileSync(join(root, 'index.node-build', name), join(staging, 'index.node-build', name));
  }
  editManifest(staging, manifest => publishedManifest(manifest, [...libraries.keys()]));
  runNapi(['create-npm-dirs', '--cwd', staging]);
  const folders = [...libraries].map(([target, library]) => {
    const folder = join(staging, 'npm', platformOf(target));
    copyFileSync(library, join(folder, basename(library)));
    copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
    writeFileSync(join(folder, NOTICES), notices(target));
    editManifest(folder, manifest => ({ ...manifest, files: [...manifest.files, NOTICES] }));
    return folder;
  });
  // Adds the platforms' packages to package.json as optional dependencies.
  runNapi(['pre-publish', '--cwd', staging, '--tag-style', 'npm', '--skip-optional-publish', '--no-gh-release']);
  return [...folders, staging];
}

/** @typedef {{ filename: string, size: number, unpackedSize: number, files: { path: string, size: number }[] }} Packed */

/**
 * @param {string} folder
 * @param {string} out
 * @returns {Packed}
 */
function npmPack(folder, out) {
  const [command, ...first] = npmCommand();
  const args = [...first, 'pack', '--json', '--ignore-scripts', '--loglevel=error', '--pack-destination', out];
  const { status, stdout, error } = spawnSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 2],
  });
  if (error || status !== 0) throw new SetupError(`npm pack failed in ${folder} (${error?.message ?? status})`);
  return JSON.parse(stdout)[0];
}

/**
 * Packs; returns what npm tells of each package, those of the platforms first.
 * @param {{ libraries: string, out: string, all?: boolean }} options absolute paths
 */
export function pack({ libraries, out, all = false }) {
  const found = findLibraries(libraries);
  /** @type {{ napi: { targets: string[] } }} */
  const { napi } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const missing = napi.targets.filter(target => !found.has(platformOf(target)));
  if (found.size === 0) throw new SetupError(`there is no native library in ${libraries}: npm run build`);
  if (all && missing.length > 0) throw new SetupError(`there is no native library for ${missing.join(', ')}`);
  const chosen = new Map(
    napi.targets.flatMap(target => {
      const library = found.get(platformOf(target));
      return library ? [[target, library]] : [];
    }),
  );
  mkdirSync(out, { recursive: true });
  const staging = mkdtempSync(join(tmpdir(), 'ringstone-pack-'));
  try {
    return stage(staging, chosen).map(folder => npmPack(folder, out));
  } finally {
    rmSync(staging, { recursive: true });
  }
}

if (process.argv[1] === import.meta.filename) {
  main(() => {
    const { values } = parseArgs({
      options: {
        libraries: { type: 'string', default: join(root, 'index.node-build') },
        out: { type: 'string', default: join(root, 'packages') },
        all: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(HELP);
      return;
    }
    ensureDependencies();
    requireRust();
    ensureDist();
    const packed = pack({ libraries: resolve(values.libraries), out: resolve(values.out), all: values.all });
    say(`packed into ${resolve(values.out)}`);
    for (const { filename, size, unpackedSize, files } of packed) {
      process.stdout.write(`${filename}  ${size} packed, ${unpackedSize} unpacked, ${files.length} files\n`);
    }
  });
}
