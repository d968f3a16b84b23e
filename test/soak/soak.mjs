// The run itself: lanes, flushes, samples, and the facts for the verdict.
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from './connection.mjs';
import { Lane, Tally } from './lane.mjs';
import { Flushes } from './model.mjs';
import { Random } from './random.mjs';

const SAMPLE_MS = 500;
const PROGRESS_MS = 10_000;
/** Time between two flushes of everything. */
const FLUSH_MS = { least: 5_000, most: 25_000 };
const FLUSHES = /** @type {const} */ ([
  { bytes: 'flush_all\r\n', reply: 'OK\r\n' },
  { bytes: '*1\r\n$8\r\nFLUSHALL\r\n', reply: '+OK\r\n' },
  { bytes: '*1\r\n$7\r\nFLUSHDB\r\n', reply: '+OK\r\n' },
]);

/** @typedef {import('./server.mjs').Server} Server */

/**
 * @typedef {object} Options
 * @property {number} minutes
 * @property {number} connections
 * @property {number} seed
 * @property {(line: string) => void} say
 */

/** A soak of one server. */
export class Soak {
  #server;
  #options;
  #random;
  #tally = new Tally();
  #flushes = new Flushes();
  #stop = new AbortController();
  /** @type {string[]} */
  #errors = [];
  /** @type {import('./verdict.mjs').Facts['samples']} */
  #samples = [];
  #lanes;

  /**
   * @param {Server} server
   * @param {Options} options
   */
  constructor(server, options) {
    this.#server = server;
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#lanes = Array.from(
      { length: options.connections },
      (_, number) =>
        new Lane(number, new Random(options.seed * 1000 + number), server.addresses, this.#flushes, this.#tally),
    );
  }

  /**
   * @returns {Promise<import('./verdict.mjs').Facts>}
   */
  async run() {
    const descriptors = this.#server.descriptors;
    const timer = setTimeout(() => this.#stop.abort(), this.#options.minutes * 60_000);
    const { signal } = this.#stop;
    await Promise.all([
      ...this.#lanes.map((lane, number) => this.#guarded(`lane ${number}`, lane.run(signal))),
      this.#guarded('flush', this.#flush(signal)),
      this.#guarded('samples', this.#sample(signal)),
    ]);
    clearTimeout(timer);
    const held = this.#lanes.filter(({ isConnected }) => isConnected).length;
    const holding = await this.#server.settled(({ connections }) => connections === held);
    for (const lane of this.#lanes) lane.leave();
    const after = await this.#server.settled(now => now.connections === 0 && now.closed === this.#tally.opened);
    await this.#server.settled(() => this.#server.descriptors <= descriptors);
    const { opened, answered, abandoned } = this.#tally;
    const { accepted, closed, connections: gauge, commands, evictions } = after;
    return {
      samples: this.#samples,
      connections: { held, heldGauge: holding.connections, opened, accepted, closed, gauge },
      requests: { answered, abandoned, counted: commands },
      items: { lost: this.#sum(({ client }) => client.model.lost), evictions },
      descriptors: { before: descriptors, after: this.#server.descriptors },
      errors: this.#errors,
    };
  }

  /** How the connections ended and what the clients saw, for the last lines. */
  summary() {
    const endings = Object.entries(this.#tally.endings).map(([name, count]) => `${name} ${count}`);
    return [
      `endings: ${endings.join(', ')}; flushes ${this.#flushes.count}`,
      `values read ${this.#sum(({ client }) => client.hits)}, misses ${this.#sum(({ client }) => client.misses)}, ` +
        `writes refused for lack of memory ${this.#sum(({ client }) => client.refusals)}`,
    ];
  }

  /** @param {(lane: Lane) => number} number */
  #sum(number) {
    return this.#lanes.reduce((sum, lane) => sum + number(lane), 0);
  }

  /**
   * The first fault ends the run.
   * @param {string} name
   * @param {Promise<void>} work
   */
  async #guarded(name, work) {
    try {
      await work;
    } catch (error) {
      const text = `${name}: ${/** @type {Error} */ (error).message}`;
      this.#errors.push(text);
      this.#options.say(`WRONG ${text}`);
      this.#stop.abort();
    }
  }

  /**
   * Flushes everything now and then.
   * @param {AbortSignal} signal
   */
  async #flush(signal) {
    while (await pause(FLUSH_MS.least + this.#random.below(FLUSH_MS.most - FLUSH_MS.least), signal)) {
      const { bytes, reply } = this.#random.of(FLUSHES);
      this.#tally.opened += 1;
      const connection = await Connection.open(this.#random.of(this.#server.addresses));
      this.#flushes.begin();
      connection.send(Buffer.from(bytes));
      await connection.same(Buffer.from(reply), 'the reply to a flush');
      this.#flushes.end();
      this.#tally.answered += 1;
      connection.close();
    }
  }

  /**
   * Notes the server's memory, and says how it goes.
   * @param {AbortSignal} signal
   */
  async #sample(signal) {
    const start = performance.now();
    let said = 0;
    while (await pause(SAMPLE_MS, signal)) {
      const { exitCode } = this.#server;
      if (exitCode !== undefined) throw new Error(`the server ended with ${exitCode}`);
      const atMs = performance.now() - start;
      this.#samples.push({ atMs, rssBytes: this.#server.rssBytes });
      if (Math.floor(atMs / PROGRESS_MS) === said) continue;
      said = Math.floor(atMs / PROGRESS_MS);
      await this.#progress(atMs);
    }
  }

  /** @param {number} atMs */
  async #progress(atMs) {
    const { connections, items, evictions } = await this.#server.metrics();
    const { answered, opened } = this.#tally;
    this.#options.say(
      [
        `${Math.round(atMs / 1000)} s`.padStart(6),
        `requests ${answered} (${Math.round(answered / (atMs / 1000))}/s)`,
        `rss ${(this.#server.rssBytes / 1024 / 1024).toFixed(1)} MiB`,
        `connections ${connections} of ${opened}`,
        `items ${items}`,
        `evictions ${evictions}`,
      ].join('  '),
    );
  }
}

/**
 * Waits; false if the run ends meanwhile.
 * @param {number} ms
 * @param {AbortSignal} signal
 */
async function pause(ms, signal) {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
  return !signal.aborted;
}
