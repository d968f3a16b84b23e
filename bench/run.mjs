// `npm run bench`: Ringstone on both runtimes beside memcached and redis under the same loads. docs/benchmarks.md has the
// conditions and how to read the table.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../scripts/files.mjs';
import { ensureDependencies, ensureDist, ensureNative, main, SetupError } from '../scripts/setup.mjs';
import { LOADS, QUICK_LOADS } from './loads.mjs';
import { Bench } from './measure.mjs';
import { SUBJECTS } from './servers.mjs';
import { renderLatencies, renderTable } from './table.mjs';

const USAGE = `Usage: npm run bench -- [options]

  --quick         a few loads instead of all, shorter runs
  --only TEXT     loads or subjects whose name contains TEXT; repeatable (tcp-c50-p1-100b, uring, redis ...)
  --rounds N      runs of each; the table has their medians (default 3)
  --duration D    of a run (default 2s, with --quick 1s)
  --output DIR    where results.json and results.md go (default bench/results)
  --latencies     in a second table, latencies at half of the rate that memcached (or redis) reached
  --list          print the names of loads and subjects
`;

const OPTIONS = /** @type {const} */ ({
  quick: { type: 'boolean', default: false },
  only: { type: 'string', multiple: true },
  rounds: { type: 'string', default: '3' },
  duration: { type: 'string' },
  output: { type: 'string', default: join(root, 'bench', 'results') },
  latencies: { type: 'boolean', default: false },
  list: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
});

function parse() {
  try {
    return parseArgs({ options: OPTIONS }).values;
  } catch (error) {
    throw new SetupError(`${/** @type {Error} */ (error).message}\n${USAGE}`);
  }
}

/** The options, checked. */
function readOptions() {
  const values = parse();
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new SetupError(`--rounds must be a whole number above 0\n${USAGE}`);
  return { ...values, rounds, duration: values.duration ?? (values.quick ? '1s' : '2s') };
}

/**
 * Names that contain one of the texts, or all where no text is about them.
 * @template {{ name: string }} T
 * @param {readonly T[]} all
 * @param {readonly string[]} texts
 */
function chosen(all, texts) {
  const matching = all.filter(({ name }) => texts.some(text => name.includes(text)));
  return matching.length === 0 ? all : matching;
}

/** @param {readonly string[]} only @param {boolean} quick */
function choose(only, quick) {
  const known = [...LOADS, ...SUBJECTS].map(({ name }) => name);
  const strange = only.find(text => !known.some(name => name.includes(text)));
  if (strange !== undefined)
    throw new SetupError(`--only ${strange} matches no load and no subject; --list shows them`);
  // A text that is part of names of both kinds is about subjects only where it is not about loads.
  const forLoads = only.filter(text => LOADS.some(({ name }) => name.includes(text)));
  const forSubjects = only.filter(text => !forLoads.includes(text));
  const loads = quick && forLoads.length === 0 ? LOADS.filter(({ name }) => QUICK_LOADS.includes(name)) : LOADS;
  const subjects = chosen(SUBJECTS, forSubjects);
  // A ratio needs what it is a ratio to.
  const references = new Set(subjects.map(({ reference }) => reference));
  const needed = SUBJECTS.filter(subject => subjects.includes(subject) || references.has(subject.name));
  return { loads: chosen(loads, forLoads), subjects: needed };
}

// What was started ends with this process.
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.once(signal, () => process.exit(1));

main(async () => {
  const options = readOptions();
  if (options.help || options.list) {
    const names = [...LOADS, ...SUBJECTS].map(({ name }) => `${name}\n`);
    process.stdout.write(options.help ? USAGE : names.join(''));
    return;
  }
  const { loads, subjects } = choose(options.only ?? [], options.quick);
  ensureDependencies();
  ensureNative('release');
  ensureDist();
  // The release build, whatever the tests load.
  const { RINGSTONE_NATIVE_LIBRARY: _, ...env } = process.env;
  const bench = new Bench(options.duration, env);
  try {
    await bench.run(loads, subjects, options.rounds);
    if (options.latencies) await bench.runPaced(loads, subjects, options.rounds);
  } finally {
    await bench.stop();
  }
  report(bench, loads, subjects, options);
});

/**
 * Writes the files and prints the tables.
 * @param {Bench} bench
 * @param {readonly import('./loads.mjs').Load[]} loads
 * @param {readonly import('./servers.mjs').Subject[]} subjects
 * @param {ReturnType<typeof readOptions>} options
 */
function report({ cells, paced, absent, pins }, loads, subjects, { rounds, duration, output, latencies }) {
  const closed = [...cells.values()];
  const fixed = [...paced.values()];
  const [rows, names] = [loads.map(({ name }) => name), subjects.map(({ name }) => name)];
  const machine = `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, Linux ${release()}, Node.js ${process.versions.node}`;
  const places = pins.pinned ? 'pinned to a core each' : 'not pinned';
  const conditions = `${machine}. Rounds: ${rounds} of ${duration}. 90:10 get:set, server and load ${places}.`;
  const page = [
    renderTable(closed, rows, absent, names),
    ...(latencies ? [renderLatencies(fixed, rows, absent, names)] : []),
    `${conditions}\n`,
  ].join('\n');
  mkdirSync(output, { recursive: true });
  writeFileSync(join(output, 'results.md'), page);
  const json = { conditions, rounds, duration, absent: Object.fromEntries(absent), closed, fixed };
  writeFileSync(join(output, 'results.json'), `${JSON.stringify(json, undefined, 2)}\n`);
  process.stdout.write(page);
  if ([...closed, ...fixed].some(({ problems }) => problems.length > 0)) process.exitCode = 1;
}
