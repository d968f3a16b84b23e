// `npm run bench:instructions`: instructions per get and set, counted by callgrind and held against a baseline.
// docs/benchmarks.md has the conditions and how to read the table.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../scripts/files.mjs';
import { installPackages } from '../scripts/packages.mjs';
import { main, requireRust, SetupError, say } from '../scripts/setup.mjs';
import { compare } from './instructions-table.mjs';
import { parseOptions } from './program.mjs';

/** @typedef {import('./instructions-table.mjs').Counts} Counts */

const BASELINE = join(root, 'bench', 'instructions-baseline.json');
/** Collected is what is called from here: `measured` of crates/engine/benches/instructions.rs. */
const COLLECT = '*instructions::measured*';
/** More than cargo says of all the crates it builds. */
const OUTPUT_BYTES = 64 * 1024 ** 2;

const USAGE = `Usage: npm run bench:instructions -- [options]

  --update       makes this run's counts the baseline, bench/instructions-baseline.json
`;

const OPTIONS = /** @type {const} */ ({
  update: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
});

/**
 * What a command prints on one of its outputs; throws `SetupError` when it fails.
 * @param {readonly string[]} command
 * @param {'stdout' | 'stderr'} [from]
 */
function output([program = '', ...args], from = 'stdout') {
  const result = spawnSync(program, args, { cwd: root, encoding: 'utf8', maxBuffer: OUTPUT_BYTES });
  if (result.error) throw new SetupError(`${program} could not be run (${result.error.message})`);
  if (result.status !== 0) throw new SetupError(`${[program, ...args].join(' ')} failed:\n${result.stderr}`);
  return result[from];
}

/** Builds the bench as it would be shipped; its path. */
function build() {
  const options = [
    '-p',
    'ringstone-engine',
    '--bench',
    'instructions',
    '--no-run',
    '--message-format=json-render-diagnostics',
  ];
  const messages = output(['cargo', 'bench', '--quiet', ...options])
    .split('\n')
    .filter(Boolean);
  const built = messages
    .map(line => JSON.parse(line))
    .find(one => one.executable && one.target.name === 'instructions');
  if (!built) throw new SetupError('cargo built no bench named instructions');
  return /** @type {string} */ (built.executable);
}

/** @returns {import('./instructions-table.mjs').Conditions} */
function conditions() {
  const report = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (
    /** @type {unknown} */ (process.report.getReport())
  );
  return {
    rustc: output(['rustc', '--version']).trim(),
    valgrind: output(['valgrind', '--version']).trim(),
    libc: report.header.glibcVersionRuntime ?? 'unknown',
    arch: process.arch,
  };
}

/**
 * Instructions that callgrind collects in one case.
 * @param {string} program
 * @param {string} name
 */
function count(program, name) {
  const options = ['--tool=callgrind', '--callgrind-out-file=/dev/null', '--collect-atstart=no'];
  const text = output(['valgrind', ...options, `--toggle-collect=${COLLECT}`, program, name], 'stderr');
  const collected = Number(/Collected : (\d+)/.exec(text)?.[1] ?? 0);
  if (collected === 0) throw new SetupError(`callgrind collected nothing in "${name}":\n${text}`);
  return collected;
}

main(() => {
  const { help, update } = parseOptions(OPTIONS, USAGE);
  if (help) {
    process.stdout.write(USAGE);
    return;
  }
  requireRust();
  const missing = installPackages([['valgrind', 'valgrind']]);
  if (missing.length > 0) throw new SetupError('valgrind is missing: install the package of that name');
  say('building ...');
  const program = build();
  /** @type {Counts} */
  const counts = { conditions: conditions(), instructions: {} };
  for (const line of output([program]).trim().split('\n')) {
    const [operations, name] = /** @type {[string, string]} */ (line.split(/ (.*)/, 2));
    say(name);
    counts.instructions[name] = Math.round((10 * count(program, name)) / Number(operations)) / 10;
  }
  const baseline = existsSync(BASELINE) ? JSON.parse(readFileSync(BASELINE, 'utf8')) : undefined;
  const { page, failed } = compare(counts, baseline);
  process.stdout.write(page);
  if (update) writeFileSync(BASELINE, `${JSON.stringify(counts, undefined, 2)}\n`);
  else if (failed) process.exitCode = 1;
});
