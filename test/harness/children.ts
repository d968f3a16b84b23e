/** Child processes that a test starts: collected output, waiting for an exit, and none left behind. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { GUARD_MS } from './wire.ts';

/** How a process ended. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** Ends of output kept for messages. */
const KEPT_BYTES = 1024 * 1024;

const running = new Set<Child>();

/** A child process. */
export class Child {
  readonly process: ChildProcess;
  readonly pid: number;
  /** Resolves when it has ended and its output is complete. */
  readonly exited: Promise<Exit>;
  #output = { stdout: '', stderr: '' };
  #watchers = new Set<() => void>();

  constructor(command: string, args: readonly string[], options: SpawnOptions = {}) {
    this.process = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    this.pid = this.process.pid ?? 0;
    running.add(this);
    for (const name of ['stdout', 'stderr'] as const) {
      this.process[name]?.setEncoding('utf8').on('data', (text: string) => {
        this.#output[name] = (this.#output[name] + text).slice(-KEPT_BYTES);
        this.#changed();
      });
    }
    this.exited = new Promise((resolve, reject) => {
      this.process.once('error', error => {
        running.delete(this);
        reject(error);
      });
      this.process.once('close', (code, signal) => {
        running.delete(this);
        resolve({ code, signal });
        this.#changed();
      });
    });
    // A command that cannot be started is reported by whoever waits for it.
    this.exited.catch(() => this.#changed());
  }

  /** What it wrote so far. */
  get stdout(): string {
    return this.#output.stdout;
  }

  /** What it wrote so far. */
  get stderr(): string {
    return this.#output.stderr;
  }

  /** True until it has ended. */
  get alive(): boolean {
    return running.has(this);
  }

  /** Waits until its output makes `find` answer something. */
  async waitFor<T>(what: string, find: (child: Child) => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const stop = () => {
        clearTimeout(timer);
        this.#watchers.delete(look);
      };
      const give = (why: string) => {
        stop();
        reject(new Error(`${why} before ${what}\nstdout: ${this.stdout}\nstderr: ${this.stderr}`));
      };
      const look = () => {
        const found = find(this);
        if (found !== undefined) {
          stop();
          resolve(found);
        } else if (!this.alive) {
          give('the process ended');
        }
      };
      const timer = setTimeout(() => give(`${GUARD_MS} ms passed`), GUARD_MS);
      this.#watchers.add(look);
      look();
    });
  }

  /** Sends a signal. */
  signal(signal: NodeJS.Signals): void {
    if (this.alive) this.process.kill(signal);
  }

  /** Waits for its end; kills it after the guard. */
  async exit(): Promise<Exit> {
    const timer = setTimeout(() => this.signal('SIGKILL'), GUARD_MS);
    try {
      return await this.exited;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.exited.catch(() => undefined);
  }

  #changed(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}

/** Ends what tests left running; called after each test file. */
export async function killLeftovers(): Promise<string[]> {
  const left = [...running];
  await Promise.all(left.map(child => child.kill()));
  return left.map(child => `${child.process.spawnargs.join(' ')} (${child.pid})`);
}

// Jest may end this process without any hook having run (a crash, a second Ctrl-C).
process.on('exit', () => {
  for (const child of running) child.process.kill('SIGKILL');
});

/** Runs a command to its end. */
export async function run(
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Promise<Exit & { stdout: string; stderr: string }> {
  const child = new Child(command, args, options);
  const exit = await child.exited;
  return { ...exit, stdout: child.stdout, stderr: child.stderr };
}
