/** A loader whose runs end when the test says so. */
import type { LoadContext } from '../../ts/index.ts';
import { GUARD_MS } from './wire.ts';

/** A run that was begun. */
export interface GatedRun {
  readonly key: string;
  readonly context: LoadContext;
  resolve(value?: string | Uint8Array): void;
  reject(reason: unknown): void;
}

/** Collects runs. */
export class Gate {
  /** All that were begun, in order. */
  readonly begun: GatedRun[] = [];
  #taken = 0;
  #waiter: (() => void) | undefined;

  /** The loader. */
  readonly load = (key: string, context: LoadContext): Promise<string | Uint8Array | undefined> =>
    new Promise((resolve, reject) => {
      this.begun.push({ key, context, resolve, reject });
      this.#waiter?.();
    });

  /** The next run that was not taken yet, once it has begun. */
  async next(): Promise<GatedRun> {
    const index = this.#taken;
    this.#taken += 1;
    if (!this.begun[index]) {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`run ${index + 1} did not begin`)), GUARD_MS);
        this.#waiter = () => {
          clearTimeout(timer);
          this.#waiter = undefined;
          resolve();
        };
      });
    }
    const run = this.begun[index];
    if (!run) throw new Error('no such run');
    return run;
  }
}
