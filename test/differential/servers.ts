/** Ringstone and the servers that it is compared with. */
import { startMemcached, startRedis, type Target } from '../harness/oracles.ts';
import { type RingstoneServer, startRingstone } from '../harness/ringstone.ts';
import type { Addresses } from './duel.ts';
import type { Protocol } from './family.ts';

/** Longest value, the same for all: 8 MiB. */
const LONGEST_VALUE_BYTES = 8 * 1024 * 1024;

/** Settings of redis-server that make it comparable; what they stand for is the same on both. */
const REDIS = [
  // One database; the same limits of values.
  ...['--enable-debug-command', 'local', '--databases', '1', '--proto-max-bulk-len', String(LONGEST_VALUE_BYTES)],
  // Hashes that keep the order of their fields at every size.
  ...['--hash-max-listpack-entries', '1000000', '--hash-max-listpack-value', String(LONGEST_VALUE_BYTES)],
];

/** All that run. */
export class Servers {
  readonly ringstone: RingstoneServer;
  readonly memcached: Target;
  readonly redis: Target;

  private constructor(ringstone: RingstoneServer, memcached: Target, redis: Target) {
    this.ringstone = ringstone;
    this.memcached = memcached;
    this.redis = redis;
  }

  static async start(runtime: 'auto' | 'uring' | 'mio'): Promise<Servers> {
    const listen = ['memcached://127.0.0.1:0', 'resp://127.0.0.1:0'];
    const ringstone = await startRingstone({ runtime, workers: 2, listen, more: ['--max-memory', '256mb'] });
    return new Servers(ringstone, await startMemcached(), await startRedis(REDIS));
  }

  /** Where the two listen. */
  addresses(protocol: Protocol): Addresses {
    const [memcached = this.ringstone.address, resp = this.ringstone.address] = this.ringstone.addresses;
    return protocol === 'resp'
      ? { ours: resp, theirs: this.redis.address }
      : { ours: memcached, theirs: this.memcached.address };
  }

  /** Ends all; throws if Ringstone does not end well. */
  async stop(): Promise<void> {
    const { code } = await this.ringstone.stop();
    await this.memcached.stop();
    await this.redis.stop();
    if (code !== 0) throw new Error(`Ringstone ended with ${code}: ${this.ringstone.child.stderr.slice(-2000)}`);
  }
}
