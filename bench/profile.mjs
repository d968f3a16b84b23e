// `npm run profile`: where a loaded server's time goes: a flame graph and a table. docs/benchmarks.md says how to read them.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { root } from '../scripts/files.mjs';
import { ensureDependencies, ensureDist, main, SetupError, say } from '../scripts/setup.mjs';
import { LOADS } from './loads.mjs';
import { Bench } from './measure.mjs';
import { countPlaces, renderPlaces } from './profile-places.mjs';
import { fold, parseSamples, withInlined } from './profile-samples.mjs';
import { buildLibrary, draw, ensureInferno, record, refusal, requirePerf, resolver, script } from './profile-tools.mjs';
import { endOnSignal, parseOptions } from './program.mjs';
import { SUBJECTS } from './servers.mjs';

const USAGE = `Usage: npm run profile -- [options]

  --runtime NAME   uring or mio (default: both, one after the other)
  --load NAME      a load of npm run bench (default tcp-c50-p1-100b); npm run bench -- --list shows them
  --protocol NAME  memcached or resp (default memcached)
  --seconds N      time under load (default 10)
  --output DIR     where the flame graph (.svg) and the folded stacks (.folded) go (default bench/results)
  --all-threads    every thread of the process, not only those that serve connections
  --no-graph       no flame graph; it is drawn by inferno, which is installed with cargo

RINGSTONE_NATIVE_LIBRARY names the native library to profile; without it one is built as released, with frame pointers.
`;

const OPTIONS = /** @type {const} */ ({
  runtime: { type: 'string' },
  load: { type: 'string', default: 'tcp-c50-p1-100b' },
  protocol: { type: 'string', default: 'memcached' },
  seconds: { type: 'string', default: '10' },
  output: { type: 'string', default: join(root, 'bench', 'results') },
  'all-threads': { type: 'boolean', default: false },
  'no-graph': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
});

/** Load that fills the server before it is sampled. */
const FILL = '100ms';
/** Threads that serve connections. */
const WORKER = /^ringstone-w\d+$/;

/**
 * The options, checked.
 * @param {readonly string[]} args
 */
export function readOptions(args) {
  /** @param {string} text @returns {never} */
  const refuse = text => {
    throw new SetupError(`${text}\n${USAGE}`);
  };
  const values = parseOptions(OPTIONS, USAGE, args);
  const seconds = Number(values.seconds);
  const load = LOADS.find(({ name }) => name === values.load);
  const subjects = SUBJECTS.filter(
    ({ program, protocol }) =>
      (program === 'uring' || program === 'mio') &&
      protocol === values.protocol &&
      program === (values.runtime ?? program),
  );
  if (!(seconds > 0)) return refuse('--seconds must be a number above 0');
  if (!load) return refuse(`--load ${values.load} is none; npm run bench -- --list shows them`);
  if (subjects.length === 0) return refuse('--runtime must be uring or mio, and --protocol memcached or resp');
  return {
    ...{ seconds, load, subjects, output: resolve(values.output), help: values.help },
    ...{ allThreads: values['all-threads'], graph: !values['no-graph'] },
  };
}

/** Threads of a process that serve connections. @param {number} pid */
function workers(pid) {
  const threads = readdirSync(`/proc/${pid}/task`).map(Number);
  return threads.filter(thread => WORKER.test(readFileSync(`/proc/${pid}/task/${thread}/comm`, 'utf8').trim()));
}

/**
 * Loads a server of its own and samples it.
 * @param {import('./servers.mjs').Subject} subject
 * @param {ReturnType<typeof readOptions>} options
 * @param {string} library
 * @returns {Promise<import('./profile-places.mjs').Profile>}
 */
export async function profile(subject, { load, seconds, output, allThreads, graph }, library) {
  const name = `profile-${subject.name}-${load.name}`;
  say(`${subject.name} under ${load.name}, ${seconds} s ...`);
  const bench = new Bench(FILL, { ...process.env, RINGSTONE_NATIVE_LIBRARY: library });
  const data = join(bench.folder, 'samples');
  try {
    const server = await bench.server(subject, load, 'apart');
    if (typeof server === 'string') throw new SetupError(server);
    await bench.measure(bench.cells, subject, load, { place: 'apart' });
    bench.duration = `${Math.ceil(seconds * 1000)}ms`;
    const { pid } = server;
    const recorder = record({ pid, ...(allThreads ? {} : { threads: workers(pid) }) }, data, bench.pins.load);
    await bench.measure(bench.cells, subject, load, { place: 'apart' });
    const failure = recorder.failure();
    await recorder.stop();
    const [cell] = bench.cells.values();
    const problem = failure ?? cell?.problems[0];
    const measured = cell?.rounds.at(-1);
    if (problem !== undefined || !measured) throw new SetupError(problem ?? 'nothing was measured');
    const samples = await withInlined(parseSamples(await script(data)), library, resolver(library));
    if (samples.length === 0) throw new SetupError('perf has taken no samples');
    const folded = fold(samples);
    writeFileSync(join(output, `${name}.folded`), folded);
    if (graph) await draw(folded, `Ringstone ${subject.name}, ${load.name}`, join(output, `${name}.svg`));
    return { title: subject.name, counts: countPlaces(samples), cpu_us: measured.cpu_us };
  } finally {
    await bench.stop();
  }
}

if (process.argv[1] === import.meta.filename) {
  endOnSignal();
  main(async () => {
    const options = readOptions(process.argv.slice(2));
    if (options.help) {
      process.stdout.write(USAGE);
      return;
    }
    ensureDependencies();
    requirePerf();
    const reason = refusal();
    if (reason !== undefined) throw new SetupError(reason);
    if (options.graph) ensureInferno();
    ensureDist();
    const library = process.env['RINGSTONE_NATIVE_LIBRARY'] ?? buildLibrary(process.env);
    mkdirSync(options.output, { recursive: true });
    const profiles = [];
    for (const subject of options.subjects) profiles.push(await profile(subject, options, resolve(library)));
    process.stdout.write(`${options.load.name}\n\n${renderPlaces(profiles)}`);
    const files = options.subjects.map(({ name }) => `profile-${name}-${options.load.name}`).join(', ');
    say(`${options.graph ? 'flame graphs (.svg) and ' : ''}stacks (.folded) are in ${options.output}: ${files}`);
  });
}
