// `npm run bench`: Ringstone on both runtimes beside memcached and redis under the same loads. docs/benchmarks.md has the
// conditions and how to read the table.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../scripts/files.mjs';
import { isInstalled } from '../scripts/packages.mjs';
import { ensureDependencies, ensureDist, ensureNative, main, SetupError, say } from '../scripts/setup.mjs';
import { finish } from './children.mjs';
import { LOADS, QUICK_LOADS } from './loads.mjs';
import { SUBJECTS, startServer } from './servers.mjs';
import { renderTable } from './table.mjs';

/** @typedef {import('./loads.mjs').Load} Load */
/** @typedef {import('./servers.mjs').Subject} Subject */
/** @typedef {import('./servers.mjs').Server} Server */

const USAGE = `Usage: npm run bench -- [options]

  --quick         a few loads instead of all, shorter runs
  --only TEXT     loads or subjects whose name contains TEXT; repeatable (tcp-c50-p1-100b, uring, redis ...)
  --rounds N      runs of each; the table has their medians (default 3)
  --duration D    of a run (default 2s, with --quick 1s)
  --output DIR    where results.json and results.md go (default bench/results)
  --list          print the names of loads and subjects
`;

const OPTIONS = /** @type {const} */ ({
  quick: { type: 'boolean', default: false },
  only: { type: 'string', multiple: true },
  rounds: { type: 'string', default: '3' },
  duration: { type: 'string' },
  output: { type: 'string', default: join(root, 'bench', 'results') },
  list: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
});

/** Load before each measurement that is not counted. */
const WARMUP = '200ms';

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

/** Commands that pin server and load to a core each, or nothing where that cannot be done. */
function pinning() {
  const allowed = /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  const cores = allowed.split(',').flatMap(range => {
    const [from = 0, to = from] = range.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
  const [server, load] = cores;
  if (!isInstalled('taskset') || server === undefined || load === undefined) {
    say('server and load are not pinned to a core each: that takes taskset and two cores');
    return { server: [], load: [], pinned: false };
  }
  const pin = (/** @type {number} */ core) => ['taskset', '-c', String(core)];
  return { server: pin(server), load: pin(load), pinned: true };
}

class Bench {
  /** @type {Map<string, Server | string>} */
  servers = new Map();
  /** Values that a server was filled with. @type {Set<string>} */
  filled = new Set();
  /** @type {Map<string, string>} */
  absent = new Map();
  /** @type {Map<string, { load: string, subject: string, rounds: import('./table.mjs').Measured[], problems: string[] }>} */
  cells = new Map();
  folder = mkdtempSync(join(tmpdir(), 'ringstone-bench-'));
  pins = pinning();
  /** The release build, whatever the tests load. */
  env = { ...process.env };

  /** @param {string} duration */
  constructor(duration) {
    this.duration = duration;
    delete this.env['RINGSTONE_NATIVE_LIBRARY'];
  }

  /**
   * The server of a subject; each transport has its own, as memcached cannot listen on both.
   * @param {Subject} subject
   * @param {Load} load
   */
  async server({ program }, { transport }) {
    const name = `${program} ${transport}`;
    const known = this.servers.get(name);
    if (known !== undefined) return known;
    const server = await startServer(program, transport, this.folder, this.pins.server, this.env);
    this.servers.set(name, server);
    return server;
  }

  /** @param {Subject} subject @param {Load} load */
  async measure(subject, load) {
    const key = `${load.name} ${subject.name}`;
    const cell = this.cells.get(key) ?? { load: load.name, subject: subject.name, rounds: [], problems: [] };
    const server = await this.server(subject, load);
    if (typeof server === 'string' && ![...this.cells.values()].some(one => one.subject === subject.name)) {
      this.absent.set(subject.name, server);
      return;
    }
    this.cells.set(key, cell);
    if (typeof server === 'string') {
      cell.problems.push(server);
      return;
    }
    const fill = `${server.pid} ${load.value.name}`;
    const { code, stdout, stderr } = await finish(
      this.command(subject, load, server, !this.filled.has(fill)),
      this.env,
    );
    this.filled.add(fill);
    if (stdout === '') {
      cell.problems.push(server.failure() ?? (stderr.trim() || `the load has ended with ${code}`));
      return;
    }
    const results = JSON.parse(stdout);
    for (const { message, count } of results.problems) cell.problems.push(`${count} x ${message}`);
    if (results.replies === 0 || results.misses > 0) cell.problems.push(`${results.misses} misses`);
    // A run in which something went wrong measures that.
    if (cell.problems.length > 0) return;
    const { all } = results.latency_us;
    cell.rounds.push({
      cpu_us: results.server_cpu_us_per_request,
      rate: results.replies_per_s,
      busy: results.server_cpu_us / 1e6 / results.elapsed_s,
      p50_us: all.p50,
      p99_us: all.p99,
      p999_us: all['p99.9'],
    });
  }

  /** @param {Subject} subject @param {Load} load @param {Server} server @param {boolean} preload */
  command({ protocol }, { connections, pipeline, value }, { address, pid }, preload) {
    return [
      ...[...this.pins.load, process.execPath, join(root, 'dist', 'cli.js'), 'bench', '--json', '--progress', '0'],
      ...['--protocol', protocol, '-c', String(connections), '-P', String(pipeline), '-d', `${value.bytes}b`],
      ...['-k', String(value.keys), '--key-prefix', value.prefix, '--ratio', '90:10', '--server-pid', String(pid)],
      ...['--warmup', WARMUP, '-t', this.duration, ...(preload ? [] : ['--no-preload']), address],
    ];
  }

  async stop() {
    for (const server of this.servers.values()) if (typeof server !== 'string') await server.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

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
  const bench = new Bench(options.duration);
  try {
    for (let round = 0; round < options.rounds; round++) {
      for (const [index, load] of loads.entries()) {
        say(`round ${round + 1} of ${options.rounds}, load ${index + 1} of ${loads.length}: ${load.name}`);
        // Another one begins in each round, so that none always follows the same neighbour.
        const turn = round % subjects.length;
        for (const subject of [...subjects.slice(turn), ...subjects.slice(0, turn)]) {
          if (!bench.absent.has(subject.name)) await bench.measure(subject, load);
        }
      }
    }
  } finally {
    await bench.stop();
  }
  const cells = [...bench.cells.values()];
  const names = loads.map(({ name }) => name);
  const table = renderTable(
    cells,
    names,
    bench.absent,
    subjects.map(({ name }) => name),
  );
  const machine = `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, Linux ${release()}, Node.js ${process.versions.node}`;
  const conditions = `${machine}. ${options.rounds} rounds of ${options.duration}, 90:10 get:set, server and load ${bench.pins.pinned ? 'pinned to a core each' : 'not pinned'}.`;
  mkdirSync(options.output, { recursive: true });
  const page = `${table}\n${conditions}\n`;
  writeFileSync(join(options.output, 'results.md'), page);
  const json = {
    conditions,
    rounds: options.rounds,
    duration: options.duration,
    absent: Object.fromEntries(bench.absent),
    cells,
  };
  writeFileSync(join(options.output, 'results.json'), `${JSON.stringify(json, undefined, 2)}\n`);
  process.stdout.write(page);
  if (cells.some(({ problems }) => problems.length > 0)) process.exitCode = 1;
});
