// Rounds of loads over servers that run side by side.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../scripts/files.mjs';
import { isInstalled } from '../scripts/packages.mjs';
import { say } from '../scripts/setup.mjs';
import { finish } from './children.mjs';
import { raisePriority, restorePriority } from './priority.mjs';
import { startServer } from './servers.mjs';
import { medians } from './table.mjs';
import { Timetable } from './timetable.mjs';

/** @typedef {import('./loads.mjs').Load} Load */
/** @typedef {import('./servers.mjs').Subject} Subject */
/** @typedef {import('./servers.mjs').Server} Server */
/** @typedef {{ load: string, subject: string, rounds: import('./table.mjs').Measured[], problems: string[] }} Cell */
/** `apart`: a core for the server and one for the load. `shared`: all cores for both. @typedef {'apart' | 'shared'} Place */

/** Load before each measurement that is not counted. */
const WARMUP = '200ms';

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

/**
 * What one run of `ringstone bench --json` has found.
 * @returns {import('./table.mjs').Measured}
 */
function measured(/** @type {any} */ results) {
  const { all, load, rest } = results.latency_us;
  // As a get of several keys is several lookups, figures are per key.
  const keys = results.hits + results.misses + results.stored + results.not_stored;
  return {
    cpu_us: results.server_cpu_us / keys,
    rate: keys / results.elapsed_s,
    busy: results.server_cpu_us / 1e6 / results.elapsed_s,
    waited: results.server_wait_us / 1e6 / results.elapsed_s,
    p50_us: all.p50,
    p99_us: all.p99,
    p999_us: all['p99.9'],
    load_p999_us: load?.['p99.9'] ?? 0,
    rest_p999_us: rest?.['p99.9'] ?? all['p99.9'],
  };
}

/** What makes a run no measurement. @param {Load} load @returns {string[]} */
function problemsOf({ value }, /** @type {any} */ results) {
  /** @type {{ message: string, count: number }[]} */
  const problems = results.problems;
  return [
    ...problems.map(({ message, count }) => `${count} x ${message}`),
    ...(results.replies === 0 ? ['no replies'] : []),
    ...(results.misses > 0 && !value.absent ? [`${results.misses} misses`] : []),
    ...(results.hits > 0 && value.absent ? [`${results.hits} hits`] : []),
  ];
}

/** Servers, and what was measured of them. */
export class Bench {
  /** @type {Map<string, Server | string>} */
  servers = new Map();
  /** Values that a server was filled with. @type {Set<string>} */
  filled = new Set();
  /** Subjects that do not run, and why. @type {Map<string, string>} */
  absent = new Map();
  /** In a closed loop. @type {Map<string, Cell>} */
  cells = new Map();
  /** At fixed rates. @type {Map<string, Cell>} */
  paced = new Map();
  /** With all cores for server and load. @type {Map<string, Cell>} */
  shared = new Map();
  /** Of loads that were run: more than 1 where gets have several. @type {Map<string, number>} */
  keysPerReply = new Map();
  folder = mkdtempSync(join(tmpdir(), 'ringstone-bench-'));
  pins = pinning();
  timetable = new Timetable();
  /** Someone wants it to end: what was measured so far stands, the run that goes on does not. */
  stopped = false;
  /** Servers had real-time priority while latencies were measured. */
  raised = true;

  /**
   * @param {string} duration of a run
   * @param {NodeJS.ProcessEnv} env of servers and loads
   */
  constructor(duration, env) {
    this.duration = duration;
    this.env = env;
  }

  /**
   * Closed loops.
   * @param {readonly Load[]} loads
   * @param {readonly Subject[]} subjects
   * @param {number} rounds
   * @param {Place} [place]
   */
  async run(loads, subjects, rounds, place = 'apart') {
    const cells = place === 'apart' ? this.cells : this.shared;
    await this.everyRound(loads, subjects, rounds, '', (subject, load) =>
      this.measure(cells, subject, load, { place }),
    );
  }

  /**
   * Runs each load again at half of the rate that the reference has reached in a closed loop, for latencies that can be
   * compared.
   * @param {readonly Load[]} loads
   * @param {readonly Subject[]} subjects
   * @param {number} rounds
   */
  async runPaced(loads, subjects, rounds) {
    await this.everyRound(loads, subjects, rounds, 'half rate, ', async (subject, load) => {
      const limit = medians(this.cells.get(`${load.name} ${subject.reference}`))?.rate;
      if (limit === undefined) return;
      // The rate is one of requests, which may have several keys.
      const rate = Math.ceil(limit / 2 / (this.keysPerReply.get(load.name) ?? 1));
      await this.measure(this.paced, subject, load, { rate, place: 'apart' });
    });
  }

  /**
   * @param {readonly Load[]} loads
   * @param {readonly Subject[]} subjects
   * @param {number} rounds
   * @param {string} what
   * @param {(subject: Subject, load: Load) => Promise<void>} measure
   */
  async everyRound(loads, subjects, rounds, what, measure) {
    for (let round = 0; round < rounds; round++) {
      // Another one begins in each round, so that none always follows the same neighbour.
      const turn = round % subjects.length;
      const order = [...subjects.slice(turn), ...subjects.slice(0, turn)];
      for (const [index, load] of loads.entries()) {
        const where = `round ${round + 1} of ${rounds}, load ${index + 1} of ${loads.length}`;
        say(`${what}${where}: ${load.name}${this.timetable.left()}`);
        for (const subject of order) {
          if (this.stopped) return;
          if (!this.absent.has(subject.name)) await measure(subject, load);
          this.timetable.done();
        }
      }
    }
  }

  /**
   * The server of a subject; each transport has its own, as memcached cannot listen on both.
   * @param {Subject} subject
   * @param {Load} load
   * @param {Place} place
   */
  async server({ program }, { transport }, place) {
    const name = `${program} ${transport} ${place}`;
    const known = this.servers.get(name);
    if (known !== undefined) return known;
    const around = place === 'apart' ? this.pins.server : [];
    const folder = join(this.folder, place);
    mkdirSync(folder, { recursive: true });
    const server = await startServer(program, transport, folder, around, this.env);
    this.servers.set(name, server);
    return server;
  }

  /**
   * One run.
   * @param {Map<string, Cell>} cells
   * @param {Subject} subject
   * @param {Load} load
   * @param {object} how
   * @param {number} [how.rate] requests per second; closed loop without
   * @param {Place} how.place
   */
  async measure(cells, subject, load, { rate, place }) {
    const key = `${load.name} ${subject.name}`;
    const cell = cells.get(key) ?? { load: load.name, subject: subject.name, rounds: [], problems: [] };
    const server = await this.server(subject, load, place);
    if (typeof server === 'string' && ![...cells.values()].some(one => one.subject === subject.name)) {
      this.absent.set(subject.name, server);
      return;
    }
    cells.set(key, cell);
    if (typeof server === 'string') {
      cell.problems.push(server);
      return;
    }
    const { problems, round } = await this.runLoad(subject, load, server, { rate, place });
    if (this.stopped) return;
    cell.problems.push(...problems);
    if (round) cell.rounds.push(round);
  }

  /**
   * @param {Subject} subject
   * @param {Load} load
   * @param {Server} server
   * @param {{ rate?: number | undefined, place: Place }} how
   * @returns {Promise<{ problems: string[], round?: import('./table.mjs').Measured }>}
   */
  async runLoad(subject, load, server, { rate, place }) {
    const fill = `${server.pid} ${load.value.name}`;
    const around = place === 'apart' ? this.pins.load : [];
    const command = [...around, ...this.command(subject, load, server, !this.filled.has(fill), rate ?? 0)];
    const raised = rate !== undefined && raisePriority(server.pid);
    if (rate !== undefined) this.raised &&= raised;
    const { code, stdout, stderr } = await finish(command, this.env);
    if (raised) restorePriority(server.pid);
    this.filled.add(fill);
    if (stdout === '') return { problems: [server.failure() ?? (stderr.trim() || `the load has ended with ${code}`)] };
    const results = JSON.parse(stdout);
    const problems = problemsOf(load, results);
    // A run in which something went wrong measures that.
    if (problems.length > 0) return { problems };
    const round = measured(results);
    this.keysPerReply.set(load.name, (round.rate * results.elapsed_s) / results.replies);
    return { problems, round };
  }

  /** @param {Subject} subject @param {Load} load @param {Server} server @param {boolean} preload @param {number} rate */
  command({ protocol }, { connections, pipeline, keysPerGet, value }, { address, pid }, preload, rate) {
    return [
      ...[process.execPath, join(root, 'dist', 'cli.js'), 'bench', '--json', '--progress', '0'],
      ...['--protocol', protocol, '-c', String(connections), '-P', String(pipeline), '-d', `${value.bytes}b`],
      ...['--keys-per-get', String(keysPerGet), '--ratio', value.absent ? '1:0' : '90:10', '--server-pid', String(pid)],
      ...['-k', String(value.keys), '--key-prefix', value.prefix, '--rate', String(rate)],
      ...['--warmup', WARMUP, '-t', this.duration, ...(preload && !value.absent ? [] : ['--no-preload']), address],
    ];
  }

  async stop() {
    for (const server of this.servers.values()) if (typeof server !== 'string') await server.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
