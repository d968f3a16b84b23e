// `npm run bench`: Ringstone on both runtimes beside memcached and redis under the same loads. docs/benchmarks.md has the
// conditions and how to read the table.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { root } from '../scripts/files.mjs';
import { main, SetupError, say } from '../scripts/setup.mjs';
import { renderLatencies } from './latency-table.mjs';
import { DEFAULT_LOADS, HOT_LOADS, LOADS, QUICK_LOADS, SCALING_LOADS } from './loads.mjs';
import { Bench } from './measure.mjs';
import { ensureRelease, parseOptions } from './program.mjs';
import { SUBJECTS, THREADED_SUBJECTS } from './servers.mjs';
import { renderTable } from './table.mjs';
import { renderHotKey, renderScaling } from './threads-table.mjs';

/** npm passes on a Ctrl-C that the terminal has already sent to the whole group: one wish, two signals. */
const ECHO_MS = 100;
let interruptedMs = 0;

const HOT_AND_UNIFORM = HOT_LOADS.flatMap(({ uniform, hot }) => [uniform, hot]);

const USAGE = `Usage: npm run bench -- [options]

  --quick         seven loads instead of ${DEFAULT_LOADS.length}
  --all           every load (${LOADS.length}), longer runs, and all the tables below: over an hour
  --only TEXT     loads or subjects whose name contains TEXT; repeatable (tcp-c50-p1-100b, uring, redis ...)
  --rounds N      runs of each; the tables have their medians (default 3)
  --duration D    of a run (default 1s, with --all 2s)
  --output DIR    where results.json and results.md go (default bench/results)
  --latencies     in a second table, latencies at half of the rate that memcached (or redis) reached
  --hot-key       instead, one key beside many, with one thread and with two
  --scaling       instead, one thread beside two
  --list          print the names of loads and subjects
`;

const OPTIONS = /** @type {const} */ ({
  quick: { type: 'boolean', default: false },
  all: { type: 'boolean', default: false },
  only: { type: 'string', multiple: true },
  rounds: { type: 'string', default: '3' },
  duration: { type: 'string' },
  output: { type: 'string', default: join(root, 'bench', 'results') },
  latencies: { type: 'boolean', default: false },
  'hot-key': { type: 'boolean', default: false },
  scaling: { type: 'boolean', default: false },
  list: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
});

/** The options, checked. */
function readOptions() {
  const { 'hot-key': hotKey, ...values } = parseOptions(OPTIONS, USAGE);
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new SetupError(`--rounds must be a whole number above 0\n${USAGE}`);
  if (values.quick && values.all) throw new SetupError(`--quick and --all contradict each other\n${USAGE}`);
  const { all, latencies, scaling } = values;
  return {
    ...values,
    rounds,
    duration: values.duration ?? (all ? '2s' : '1s'),
    sections: {
      table: all || latencies || !(hotKey || scaling),
      latencies: all || latencies,
      hotKey: all || hotKey,
      scaling: all || scaling,
    },
  };
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

/** @param {readonly string[]} only @param {{ quick: boolean, all: boolean }} extent */
function choose(only, { quick, all }) {
  const known = [...LOADS, ...SUBJECTS].map(({ name }) => name);
  const strange = only.find(text => !known.some(name => name.includes(text)));
  if (strange !== undefined)
    throw new SetupError(`--only ${strange} matches no load and no subject; --list shows them`);
  // A text that is part of names of both kinds is about subjects only where it is not about loads.
  const forLoads = only.filter(text => LOADS.some(({ name }) => name.includes(text)));
  const forSubjects = only.filter(text => !forLoads.includes(text));
  const names = quick ? QUICK_LOADS : DEFAULT_LOADS;
  const loads = all || forLoads.length > 0 ? LOADS : LOADS.filter(({ name }) => names.includes(name));
  const subjects = chosen(SUBJECTS, forSubjects);
  // A ratio needs what it is a ratio to.
  const references = new Set(subjects.map(({ reference }) => reference));
  const needed = SUBJECTS.filter(subject => subjects.includes(subject) || references.has(subject.name));
  return { loads: chosen(loads, forLoads), subjects: needed };
}

main(async () => {
  const options = readOptions();
  if (options.help || options.list) {
    const names = [...LOADS, ...SUBJECTS].map(({ name }) => `${name}\n`);
    process.stdout.write(options.help ? USAGE : names.join(''));
    return;
  }
  const { loads, subjects } = choose(options.only ?? [], options);
  const env = ensureRelease();
  const bench = new Bench(options.duration, env);
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => interrupt(bench));
  try {
    await measureAll(bench, loads, subjects, options);
  } finally {
    await bench.stop();
  }
  report(bench, loads, subjects, options);
});

/**
 * The first wish ends it with the tables of what was measured, the second at once; what was started ends with this process.
 * @param {Bench} bench
 */
function interrupt(bench) {
  if (bench.stopped && performance.now() - interruptedMs < ECHO_MS) return;
  if (bench.stopped) process.exit(1);
  interruptedMs = performance.now();
  bench.stopped = true;
  process.exitCode = 1;
  say('ending after this run; once more ends at once');
}

/**
 * @param {Bench} bench
 * @param {readonly import('./loads.mjs').Load[]} loads
 * @param {readonly import('./servers.mjs').Subject[]} subjects
 * @param {ReturnType<typeof readOptions>} options
 */
async function measureAll(bench, loads, subjects, { rounds, sections }) {
  const singles = THREADED_SUBJECTS.filter(({ name, reference }) => name === reference);
  const doubles = THREADED_SUBJECTS.filter(subject => !singles.includes(subject));
  /** @type {[wanted: boolean, runs: number, run: () => Promise<void>][]} */
  const parts = [
    [sections.table, loads.length * subjects.length, () => bench.run(loads, subjects, rounds)],
    [sections.latencies, loads.length * subjects.length, () => bench.runPaced(loads, subjects, rounds)],
    [sections.hotKey, HOT_AND_UNIFORM.length * singles.length, () => bench.run(HOT_AND_UNIFORM, singles, rounds)],
    [
      sections.hotKey,
      HOT_AND_UNIFORM.length * doubles.length,
      () => bench.run(HOT_AND_UNIFORM, doubles, rounds, 'shared'),
    ],
    [
      sections.scaling,
      SCALING_LOADS.length * THREADED_SUBJECTS.length,
      () => bench.run(SCALING_LOADS, THREADED_SUBJECTS, rounds, 'shared'),
    ],
  ];
  const wanted = parts.filter(([is]) => is);
  for (const [, runs] of wanted) bench.timetable.plan(runs * rounds);
  for (const [, , run] of wanted) await run();
}

/**
 * Writes the files and prints the tables.
 * @param {Bench} bench
 * @param {readonly import('./loads.mjs').Load[]} loads
 * @param {readonly import('./servers.mjs').Subject[]} subjects
 * @param {ReturnType<typeof readOptions>} options
 */
function report(bench, loads, subjects, { rounds, duration, output, sections }) {
  const { absent, pins } = bench;
  const [closed, fixed, shared] = [[...bench.cells.values()], [...bench.paced.values()], [...bench.shared.values()]];
  const [rows, names] = [loads.map(({ name }) => name), subjects.map(({ name }) => name)];
  const machine = `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, Linux ${release()}, Node.js ${process.versions.node}`;
  const places = pins.pinned ? 'pinned to a core each' : 'not pinned';
  const priority = sections.latencies
    ? ` Latencies ${bench.raised ? 'with' : 'without'} real-time priority of servers.`
    : '';
  const conditions = `${machine}. Rounds: ${rounds} of ${duration}. 90:10 get:set, server and load ${places} unless said otherwise.${priority}`;
  const page = [
    ...(sections.table ? [renderTable(closed, rows, absent, names)] : []),
    ...(sections.latencies ? [renderLatencies(fixed, rows, absent, names)] : []),
    ...(sections.hotKey ? [renderHotKey([...closed, ...shared], HOT_LOADS, absent)] : []),
    ...(sections.scaling ? [renderScaling(shared, SCALING_LOADS, absent)] : []),
    `${conditions}\n`,
  ].join('\n');
  mkdirSync(output, { recursive: true });
  writeFileSync(join(output, 'results.md'), page);
  const json = { conditions, rounds, duration, absent: Object.fromEntries(absent), closed, fixed, shared };
  writeFileSync(join(output, 'results.json'), `${JSON.stringify(json, undefined, 2)}\n`);
  process.stdout.write(page);
  if ([...closed, ...fixed, ...shared].some(({ problems }) => problems.length > 0)) process.exitCode = 1;
}
