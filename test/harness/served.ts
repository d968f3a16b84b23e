/** A cache of this process that is served, with a loader whose runs the test ends. */
import { Cache, type CacheServer, type Loader, type LoaderOptions } from '../../ts/index.ts';
import { eventually } from './eventually.ts';
import { Gate } from './gate.ts';
import type { Runtime } from './runtimes.ts';
import { Thread } from './threads.ts';
import { Wire } from './wire.ts';

/** No test waits so long. */
export const LONG_MS = 60_000;

let opened = 0;

/** All that a test of loaders over the network uses; disposed of at its end. */
export class Served implements AsyncDisposable {
  readonly cache: Cache;
  readonly gate = new Gate();
  readonly loader: Loader;
  readonly server: CacheServer;
  readonly #wires: Wire[] = [];
  readonly #threads: Thread[] = [];

  private constructor(cache: Cache, server: CacheServer, options: LoaderOptions) {
    this.cache = cache;
    this.server = server;
    this.loader = cache.loader('k', this.gate.load, { timeout: LONG_MS, ...options });
  }

  /** Serves, with a loader of all keys that begin with `k`. */
  static async start(runtime: Runtime, options: LoaderOptions = {}, more = {}): Promise<Served> {
    opened += 1;
    const cache = Cache.open({ name: `served ${opened}`, maxMemory: '8mb' });
    const server = await cache.serve({ listen: '127.0.0.1:0', runtime, workers: 2, logLevel: 'silent', ...more });
    return new Served(cache, server, options);
  }

  get port(): number {
    return Number(this.server.addresses[0]?.split(':')[1]);
  }

  /** A raw connection. */
  async connect(): Promise<Wire> {
    const wire = await Wire.connect({ host: '127.0.0.1', port: this.port });
    this.#wires.push(wire);
    return wire;
  }

  /** A thread that shares the cache. */
  async thread(): Promise<Thread> {
    const thread = await Thread.start(this.cache.name);
    this.#threads.push(thread);
    return thread;
  }

  /** Until so many requests and calls wait for loads of the loader. */
  async waiting(count: number): Promise<void> {
    const look = () => (this.loader.stats().waiting === count ? true : undefined);
    await eventually(`${count} wait`, look).catch(error => {
      throw new Error(`${error.message}: ${JSON.stringify(this.loader.stats())}`);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const wire of this.#wires) wire.close();
    for (const thread of this.#threads) thread.release();
    await Promise.all(this.#threads.map(thread => thread.end()));
    this.cache.close();
    await this.server.close();
  }
}
