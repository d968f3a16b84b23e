// Rounds of loads over servers that run side by side.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../scripts/files.mjs';
import { isInstalled } from '../scripts/packages.mjs';
import { say } from '../scripts/setup.mjs';
import { finish } from './children.mjs';
import { startServer } from './servers.mjs';
import { medians } from './table.mjs';

/** @typedef {import('./loads.mjs').Load} Load */
/** @typedef {import('./servers.mjs').Subject} Subject */
/** @typedef {import('./servers.mjs').Server} Server */

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

/** Servers, and what was measured of them. */
export class Bench {
  /** @type {Map<string, Server | string>} */
  servers = new Map();
  /** Values that a server was filled with. @type {Set<string>} */
  filled = new Set();
  /** @type {Map<string, string>} */
  absent = new Map();
  /** @type {Map<string, { load: string, subject: string, rounds: import('./table.mjs').Measured[], problems: string[] }>} */
  cells = new Map();
  /** The same at fixed rates. @type {typeof this.cells} */
  paced = new Map();
  folder = mkdtempSync(join(tmpdir(), 'ringstone-bench-'));
  pins = pinning();

  /**
   * @param {string} duration of a run
   * @param {NodeJS.ProcessEnv} env of servers and loads
   */
  constructor(duration, env) {
    this.duration = duration;
    this.env = env;
  }

  /**
   * @param {readonly Load[]} loads
   * @param {readonly Subject[]} subjects
   * @param {number} rounds
   */
  async run(loads, subjects, rounds) {
    for (let round = 0; round < rounds; round++) {
      // Another one begins in each round, so that none always follows the same neighbour.
      const turn = round % subjects.length;
      const order = [...subjects.slice(turn), ...subjects.slice(0, turn)];
      for (const [index, load] of loads.entries()) {
        say(`round ${round + 1} of ${rounds}, load ${index + 1} of ${loads.length}: ${load.name}`);
        for (const subject of order) if (!this.absent.has(subject.name)) await this.measure(subject, load);
      }
    }
  }

  /**
   * Runs each load again at half of the rate that the reference has reached in a closed loop, for latencies that can be
   * compared.
   * @param {readonly Load[]} loads
   * @param {readonly Subject[]} subjects
   * @param {number} rounds
   */
  async runPaced(loads, subjects, rounds) {
    for (let round = 0; round < rounds; round++) {
      for (const [index, load] of loads.entries()) {
        say(`half rate, round ${round + 1} of ${rounds}, load ${index + 1} of ${loads.length}: ${load.name}`);
        for (const subject of subjects) {
          const limit = medians(this.cells.get(`${load.name} ${subject.reference}`))?.rate;
          if (limit === undefined || this.absent.has(subject.name)) continue;
          await this.measure(subject, load, Math.ceil(limit / 2));
        }
      }
    }
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

  /**
   * One run.
   * @param {Subject} subject
   * @param {Load} load
   * @param {number} [rate] requests per second; closed loop without
   */
  async measure(subject, load, rate) {
    const key = `${load.name} ${subject.name}`;
    const cells = rate === undefined ? this.cells : this.paced;
    const cell = cells.get(key) ?? { load: load.name, subject: subject.name, rounds: [], problems: [] };
    const server = await this.server(subject, load);
    if (typeof server === 'string' && ![...this.cells.values()].some(one => one.subject === subject.name)) {
      this.absent.set(subject.name, server);
      return;
    }
    cells.set(key, cell);
    if (typeof server === 'string') {
      cell.problems.push(server);
      return;
    }
    const fill = `${server.pid} ${load.value.name}`;
    const { code, stdout, stderr } = await finish(
      [...this.command(subject, load, server, !this.filled.has(fill)), '--rate', String(rate ?? 0)],
      this.env,
    );
    this.filled.add(fill);
    if (stdout === '') {
      cell.problems.push(server.failure() ?? (stderr.trim() || `the load has ended with ${code}`));
      return;
    }
    const results = JSON.parse(stdout);
    /** @type {string[]} */
    const problems = results.problems.map(
      (/** @type {{ message: string, count: number }} */ { message, count }) => `${count} x ${message}`,
    );
    if (results.replies === 0) problems.push('no replies');
    if (results.misses > 0) problems.push(`${results.misses} misses`);
    cell.problems.push(...problems);
    // A run in which something went wrong measures that.
    if (problems.length > 0) return;
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
