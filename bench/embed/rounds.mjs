// Rounds of loads over contenders, each in a process of its own.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { say } from '../../scripts/setup.mjs';
import { finish } from '../children.mjs';
import { startServer } from '../servers.mjs';
import { Timetable } from '../timetable.mjs';
import { byFill, fillName } from './loads.mjs';

/** @typedef {import('./contenders.mjs').Contender} Contender */
/** @typedef {import('./loads.mjs').Load} Load */

/**
 * @typedef {object} Cell a contender under a load
 * @property {string} load
 * @property {string} contender
 * @property {number[]} rounds_ns per key
 * @property {string[]} problems
 */

const CHILD = fileURLToPath(new URL('./child.mjs', import.meta.url));
/** Heap of a measured process, MiB: never the limit of what is measured. */
const HEAP_MB = 16_384;
const SERVER_MB = 2048;
/** Entries beyond which a server is not filled: each is one round trip. */
const SERVER_ENTRIES = 100_000;

/** Whether a contender is measured under a load. @param {Contender} contender @param {Load} load */
export const takes = ({ place, lacks = [] }, { fill, operation, keys }) =>
  !lacks.includes(operation) && (place !== 'server' || (fill.entries <= SERVER_ENTRIES && keys === 'kept'));

/** Processes of a round. @param {readonly Contender[]} contenders @param {readonly Load[]} loads */
const planned = (contenders, loads) =>
  byFill(loads).flatMap(group => contenders.filter(contender => group.loads.some(load => takes(contender, load))))
    .length;

/** Contenders, and what was measured of them. */
export class Rounds {
  /** @type {Map<string, Cell>} */
  cells = new Map();
  /** Contenders that do not run, and why. @type {Map<string, string>} */
  absent = new Map();
  /** Ends after the present process. */
  stopped = false;
  /** @type {Map<string, import('../servers.mjs').Server | string>} */
  #servers = new Map();
  #folder = mkdtempSync(join(tmpdir(), 'ringstone-embed-'));
  #timetable = new Timetable();
  #durations;
  #env;

  /**
   * @param {{ warm_ms: number, measure_ms: number }} durations
   * @param {NodeJS.ProcessEnv} env
   */
  constructor(durations, env) {
    this.#durations = durations;
    this.#env = env;
  }

  /**
   * @param {readonly Contender[]} contenders
   * @param {readonly Load[]} loads
   * @param {number} rounds
   */
  async run(contenders, loads, rounds) {
    this.#timetable.plan(planned(contenders, loads) * rounds);
    for (let round = 0; round < rounds; round++) {
      for (const { fill, loads: own } of byFill(loads)) {
        // Another one begins each round.
        const turned = contenders.map((_, at) => contenders[(at + round) % contenders.length]);
        for (const contender of turned) {
          if (contender === undefined || this.stopped) continue;
          const taken = own.filter(load => takes(contender, load));
          if (taken.length === 0 || this.absent.has(contender.name)) continue;
          say(`round ${round + 1}, ${fillName(fill)}: ${contender.title}${this.#timetable.left()}`);
          await this.#measure(contender, fill, taken);
          this.#timetable.done();
        }
      }
    }
  }

  /** @param {Contender} contender @param {import('./loads.mjs').Fill} fill @param {readonly Load[]} loads */
  async #measure(contender, fill, loads) {
    const address = await this.#addressOf(contender);
    if (this.absent.has(contender.name)) return;
    const job = { contender, fill, loads, ...this.#durations, ...(address === undefined ? {} : { address }) };
    const flags = ['--expose-gc', `--max-old-space-size=${HEAP_MB}`];
    const { code, stdout, stderr } = await finish([process.execPath, ...flags, CHILD, JSON.stringify(job)], this.#env);
    if (code !== 0) {
      const why = /^\w*Error.*$/m.exec(stderr)?.[0] ?? stderr.trim().slice(-200);
      for (const load of loads) this.#cell(load, contender).problems.push(`ended with ${code}: ${why}`);
      return;
    }
    /** @type {{ measured: import('./child.mjs').Measured[] }} */
    const { measured } = JSON.parse(stdout);
    loads.forEach((load, at) => {
      const found = measured[at];
      const cell = this.#cell(load, contender);
      if (found?.complete) cell.rounds_ns.push(found.ns_per_key);
      else cell.problems.push('it did not find all that was asked for');
    });
  }

  /** @param {Load} load @param {Contender} contender */
  #cell(load, contender) {
    const name = `${load.name} ${contender.name}`;
    const cell = this.cells.get(name) ?? { load: load.name, contender: contender.name, rounds_ns: [], problems: [] };
    this.cells.set(name, cell);
    return cell;
  }

  /** Of its server, which is started when it is needed first. @param {Contender} contender */
  async #addressOf({ name, server }) {
    if (server === undefined) return undefined;
    const started =
      this.#servers.get(server) ?? (await startServer(server, 'tcp', this.#folder, [], this.#env, SERVER_MB));
    this.#servers.set(server, started);
    if (typeof started !== 'string') return started.address;
    this.absent.set(name, started);
    return undefined;
  }

  async stop() {
    for (const server of this.#servers.values()) if (typeof server !== 'string') await server.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
