/** Waiting for a state of another process that tells nobody when it is reached. */
import { setTimeout as sleep } from 'node:timers/promises';
import { GUARD_MS } from './wire.ts';

const LOOK_AGAIN_MS = 20;

/** Asks until there is an answer; the guard's error tells what it waited for. */
export async function eventually<T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const end = Date.now() + GUARD_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`${what}: not within ${GUARD_MS} ms`);
    await sleep(LOOK_AGAIN_MS);
  }
}
