// The server that a soak runs against, and what can be seen of it from outside.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

/** Longest wait for a state of the server that nobody announces. */
const SETTLE_GUARD_MS = 15_000;
const LOOK_AGAIN_MS = 50;

/** A server with a TCP and a unix listener. */
export class Server {
  #child;
  #folder;
  /** @type {Promise<number | null>} */
  #exited;
  /** @type {readonly [import('./connection.mjs').Address, import('./connection.mjs').Address]} */
  addresses;
  /** @type {string} */
  http;
  /** @type {string} */
  runtime;

  /**
   * @param {import('node:child_process').ChildProcess} child
   * @param {string} folder
   * @param {{ listeners: string[], http: string, runtime: string }} ready
   */
  constructor(child, folder, ready) {
    this.#child = child;
    this.#folder = folder;
    this.#exited = new Promise(resolve => child.once('close', resolve));
    const [tcp = '', unix = ''] = ready.listeners;
    this.addresses = [{ host: '127.0.0.1', port: Number(tcp.split(':')[1]) }, { path: unix.slice('unix:'.length) }];
    this.http = `http://${ready.http}`;
    this.runtime = ready.runtime;
  }

  /**
   * @param {string} program path of the command line program
   * @param {{ runtime: string, maxMemory: string }} options
   * @returns {Promise<Server>}
   */
  static start(program, { runtime, maxMemory }) {
    const folder = mkdtempSync(join(tmpdir(), 'ringstone-soak-'));
    const args = ['--listen', '127.0.0.1:0', '--listen', `unix:${join(folder, 'socket')}`, '--http', '127.0.0.1:0'];
    const more = ['--runtime', runtime, '--max-memory', maxMemory, '--cleanup-interval', '5s', '--log-format', 'json'];
    const child = spawn(process.execPath, [program, 'serve', ...args, ...more], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    process.once('exit', () => child.kill('SIGKILL'));
    process.once('SIGTERM', () => process.exit(1));
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      const lines = createInterface({ input: child.stderr });
      let last = '';
      lines.on('line', line => {
        last = line;
        const said = line.startsWith('{') ? JSON.parse(line) : { level: 'error' };
        if (said.event === 'ready') resolve(new Server(child, folder, said));
        else if (said.level !== 'info') process.stdout.write(`server: ${line}\n`);
      });
      lines.on('close', () => {
        rmSync(folder, { recursive: true, force: true });
        reject(new Error(`the server ended before it was ready: ${last}`));
      });
    });
  }

  /** Resident memory in bytes; 0 if it has ended. */
  get rssBytes() {
    if (this.exitCode !== undefined) return 0;
    return 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1]);
  }

  get pid() {
    return this.#child.pid;
  }

  /** Its open file descriptors; not a number if it has ended. */
  get descriptors() {
    return this.exitCode === undefined ? readdirSync(`/proc/${this.pid}/fd`).length : Number.NaN;
  }

  /** Undefined while it runs. */
  get exitCode() {
    return this.#child.exitCode ?? this.#child.signalCode ?? undefined;
  }

  /** Samples of /metrics summed by name; not numbers if the server does not answer. */
  async metrics() {
    const text = await fetch(`${this.http}/metrics`, { headers: { connection: 'close' } }).then(
      response => response.text(),
      () => '',
    );
    /** @type {Map<string, number>} */
    const sums = new Map();
    for (const [, name = '', value] of text.matchAll(/^(\w+)(?:\{.*\})? (\S+)$/gm))
      sums.set(name, (sums.get(name) ?? 0) + Number(value));
    return {
      connections: sums.get('ringstone_connections') ?? Number.NaN,
      accepted: sums.get('ringstone_connections_accepted_total') ?? Number.NaN,
      closed: sums.get('ringstone_connections_closed_total') ?? Number.NaN,
      commands: sums.get('ringstone_commands_total') ?? Number.NaN,
      evictions: sums.get('ringstone_evictions_total') ?? Number.NaN,
      expirations: sums.get('ringstone_expirations_total') ?? Number.NaN,
      items: sums.get('ringstone_items') ?? Number.NaN,
    };
  }

  /**
   * The metrics once they fulfil something, or as they are when that does not come.
   * @param {(metrics: Awaited<ReturnType<Server['metrics']>>) => boolean} done
   */
  async settled(done) {
    const end = performance.now() + SETTLE_GUARD_MS;
    for (;;) {
      const metrics = await this.metrics();
      if (done(metrics) || performance.now() > end || this.exitCode !== undefined) return metrics;
      await sleep(LOOK_AGAIN_MS);
    }
  }

  /** SIGTERM; answers the exit code. */
  async stop() {
    this.#child.kill('SIGTERM');
    const code = await this.#exited;
    rmSync(this.#folder, { recursive: true, force: true });
    return code;
  }
}
