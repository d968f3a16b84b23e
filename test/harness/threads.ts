/** Threads of the test's process that share its caches; see test/programs/loader-worker.mjs. */
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { LoaderOptions } from '../../ts/index.ts';
import { GUARD_MS } from './wire.ts';

const program = fileURLToPath(new URL('../programs/loader-worker.mjs', import.meta.url));

/** What a fetch came to. */
export interface Fetched {
  readonly value?: string;
  readonly code?: string;
  readonly message?: string;
}

/** One message. */
interface Message {
  readonly run?: string;
  readonly fetched?: readonly Fetched[];
  readonly [name: string]: unknown;
}

/** A thread. */
export class Thread {
  readonly worker: Worker;
  readonly #lock: Int32Array;
  readonly #messages: Message[] = [];
  #waiter: (() => void) | undefined;
  #ended = false;

  private constructor(name: string) {
    const gate = new SharedArrayBuffer(4);
    this.#lock = new Int32Array(gate);
    this.worker = new Worker(program, { workerData: { name, gate } });
    this.worker.on('message', (message: Message) => {
      this.#messages.push(message);
      this.#waiter?.();
    });
  }

  /** Starts one that has the cache of this name open. */
  static async start(name: string): Promise<Thread> {
    const thread = new Thread(name);
    await thread.#next('ready');
    return thread;
  }

  /** Registers a loader that does one of the deeds of the program. */
  async loader(pattern: string, does: string, options: LoaderOptions = {}): Promise<void> {
    this.worker.postMessage({ loader: pattern, does, options });
    await this.#next('registered');
  }

  /** The key of the next run that was begun there. */
  async run(): Promise<string | undefined> {
    return (await this.#next('run')).run;
  }

  /** Runs begun there that were not taken. */
  get runs(): number {
    return this.#messages.filter(message => message.run !== undefined).length;
  }

  /** Fetches so many times at once; resolves when they are under way. */
  async fetch(key: string, times = 1): Promise<{ results: Promise<readonly Fetched[]> }> {
    this.worker.postMessage({ fetch: key, times });
    await this.#next('fetching');
    const results = this.#next('fetched').then(message => message.fetched ?? []);
    // A test that ends the thread does not look at them.
    results.catch(() => undefined);
    return { results };
  }

  /** Lets loaders go on that hold up the thread. */
  release(): void {
    Atomics.store(this.#lock, 0, 1);
    Atomics.notify(this.#lock, 0);
  }

  /** Ends it, whatever it does. */
  async end(): Promise<void> {
    await this.worker.terminate();
    this.#ended = true;
    this.#waiter?.();
  }

  /** Takes the first message that has this. One wait at a time. */
  async #next(name: string): Promise<Message> {
    let timer: NodeJS.Timeout | undefined;
    const guard = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`the thread did not tell of ${name}`)), GUARD_MS);
    });
    try {
      for (;;) {
        const index = this.#messages.findIndex(message => message[name] !== undefined);
        const [message] = index < 0 ? [] : this.#messages.splice(index, 1);
        if (message) return message;
        if (this.#ended) throw new Error(`the thread was ended before it told of ${name}`);
        const arrival = new Promise<void>(resolve => {
          const former = this.#waiter;
          this.#waiter = () => {
            former?.();
            resolve();
          };
        });
        await Promise.race([arrival, guard]);
      }
    } finally {
      clearTimeout(timer);
    }
  }
}
