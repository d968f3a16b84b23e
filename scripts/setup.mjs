// What a fresh clone lacks, installed and built with progress. Runs on plain Node.js, before node_modules exists.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { writeCommonJs } from './commonjs.mjs';
import { hashFiles, listFiles, root } from './files.mjs';
import { isNativeCurrent, nativeFolder, nativeSourcesHash, stampNative } from './native.mjs';

const MIN_NODE = '20.17';

/** Something the user must do; printed without a stack. */
export class SetupError extends Error {}

/** @param {string} text */
export const say = text => process.stderr.write(`ringstone: ${text}\n`);

/**
 * Runs a command from the root with the terminal passed through; throws `SetupError` when it fails.
 * @param {string} command
 * @param {string[]} args
 * @param {string} what in words, for the message
 */
export function run(command, args, what) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], env: process.env });
  if (error) throw new SetupError(`${what} failed: ${command} could not be run (${error.message})`);
  if (status !== 0) throw new SetupError(`${what} failed (${command} ended with ${status}); its output is above`);
}

/**
 * Whether a version is at least another one, by major and minor number.
 * @param {string} have
 * @param {string} wanted
 */
function isAtLeast(have, wanted) {
  const [major = 0, minor = 0] = have.split('.').map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

/** Refuses a Node.js that is too old. */
export function requireNode() {
  const have = process.versions.node;
  if (isAtLeast(have, MIN_NODE)) return;
  throw new SetupError(`Node.js ${MIN_NODE} or newer is needed, this is ${have}: https://nodejs.org`);
}

/** The npm that runs this script, or else the one on PATH. @returns {[string, ...string[]]} */
export function npmCommand() {
  const npm = process.env['npm_execpath'];
  return npm ? [process.execPath, npm] : ['npm'];
}

/** `npm ci`, also of the build's tools where NODE_ENV is production, unless node_modules is that of package-lock.json. */
export function ensureDependencies() {
  const stamp = join(root, 'node_modules', '.ringstone-stamp');
  const wanted = hashFiles(['package-lock.json']);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  say('installing npm packages ...');
  const [command, ...first] = npmCommand();
  run(command, [...first, 'ci', '--include=dev', '--no-fund', '--no-audit', '--loglevel=error'], 'npm ci');
  writeFileSync(stamp, wanted);
}

/** @param {string} command */
const hasCommand = command => !spawnSync(command, ['--version'], { stdio: 'ignore' }).error;

/** Puts cargo on the PATH where rustup left it, and says what is lacking to build the native part. */
export function requireRust() {
  const home = join(process.env['CARGO_HOME'] ?? join(homedir(), '.cargo'), 'bin');
  if (!hasCommand('cargo') && existsSync(join(home, 'cargo')))
    process.env['PATH'] = `${home}${delimiter}${process.env['PATH']}`;
  const wanted = /rust-version = "([\d.]+)"/.exec(readFileSync(join(root, 'Cargo.toml'), 'utf8'))?.[1] ?? '1.88';
  if (!hasCommand('cargo')) {
    throw new SetupError(
      `Rust is missing: the native part is built with cargo ${wanted} or newer. Install it with\n` +
        "  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh\n" +
        'or from your distribution (Debian: rustup, Fedora: cargo), then run this command again.',
    );
  }
  const version = spawnSync('cargo', ['--version'], { encoding: 'utf8' }).stdout.match(/\d+\.\d+/)?.[0] ?? '0.0';
  if (!isAtLeast(version, wanted)) {
    throw new SetupError(`Rust ${wanted} or newer is needed, this is ${version}. Update it with: rustup update stable`);
  }
  if (!['cc', 'gcc', 'clang'].some(hasCommand)) {
    throw new SetupError(
      'A C compiler is missing: Rust links with it. Install one (Debian: apt install build-essential, Fedora: dnf install gcc).',
    );
  }
}

/** What `napi build` builds, and that the library's name has the platform's. */
export const ADDON = [
  '--platform',
  '--manifest-path',
  'crates/addon/Cargo.toml',
  '--package-json-path',
  'package.json',
];

/** Runs @napi-rs/cli. @param {readonly [command: string, ...args: string[]]} args */
export function runNapi(args) {
  run(process.execPath, [join(root, 'node_modules', '@napi-rs', 'cli', 'dist', 'cli.js'), ...args], `napi ${args[0]}`);
}

/**
 * Builds the native library of a profile unless it is that of the present sources.
 * @param {'release' | 'checked'} profile
 */
export function ensureNative(profile) {
  if (isNativeCurrent(profile)) return;
  requireRust();
  say(`building the native part (profile ${profile}; the first time takes some minutes) ...`);
  const hash = nativeSourcesHash();
  mkdirSync(nativeFolder(profile), { recursive: true });
  const written = ['--no-const-enum', '--js', 'binding.js', '--dts', 'binding.d.ts'];
  runNapi(['build', ...ADDON, ...written, '--profile', profile, '--output-dir', nativeFolder(profile)]);
  // Loader and types are those of every profile; they are committed, so that editors and tsc work before a build.
  for (const name of ['binding.js', 'binding.d.ts']) {
    if (profile !== 'release') copyFileSync(join(nativeFolder(profile), name), join(nativeFolder('release'), name));
  }
  stampNative(profile, hash);
}

/** Compiles TypeScript to dist/, and its copy in CommonJS to cjs/, unless they are those of the present sources. */
export function ensureDist() {
  const stamp = join(root, 'dist', '.stamp');
  const made = ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts/commonjs.mjs', ...listFiles('ts')];
  const wanted = hashFiles(made);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  say('compiling TypeScript ...');
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json'], 'tsc');
  writeCommonJs();
  writeFileSync(stamp, wanted);
}

/**
 * Runs a script's body; a `SetupError` becomes one message and exit 1.
 * @param {() => void | Promise<void>} body
 */
export async function main(body) {
  try {
    requireNode();
    await body();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`ringstone: ${error.message}\n`);
    process.exitCode = 1;
  }
}
