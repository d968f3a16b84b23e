/** The real memcached and redis-server, which say whether the tables of test/protocol are right. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from './children.ts';
import { missingProgram } from './programs.ts';
import { type Address, pause, Wire } from './wire.ts';

/** What a table runs against. */
export interface Target {
  /** For messages. */
  name: string;
  address: Address;
  pid: number;
  stop(): Promise<void>;
}

export const missingMemcached = missingProgram('memcached', 'apt-get install memcached');
export const missingRedis = missingProgram('redis-server', 'apt-get install redis-server');

/** memcached with a fixed item limit, so that the tables can meet it. */
export async function startMemcached(options: readonly string[] = []): Promise<Target> {
  const port = await freePort();
  const args = ['-l', '127.0.0.1', '-p', String(port), '-U', '0', '-u', 'nobody', '-I', '8m', '-m', '256', ...options];
  return untilListening('memcached', new Child('memcached', args), { host: '127.0.0.1', port });
}

/** redis-server without persistence. */
export async function startRedis(options: readonly string[] = []): Promise<Target> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'ringstone-redis-'));
  const args = [
    '--bind',
    '127.0.0.1',
    '--port',
    String(port),
    '--save',
    '',
    '--appendonly',
    'no',
    '--dir',
    folder,
    ...options,
  ];
  const target = await untilListening('redis', new Child('redis-server', args), { host: '127.0.0.1', port });
  return {
    ...target,
    stop: async () => {
      await target.stop();
      await rm(folder, { recursive: true });
    },
  };
}

/** A port that was free a moment ago: neither oracle can tell which one it chose itself. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function untilListening(name: string, child: Child, address: Address): Promise<Target> {
  for (;;) {
    if (!child.alive) throw new Error(`${name} did not start: ${child.stderr}${child.stdout}`);
    const wire = await Wire.connect(address).catch(() => undefined);
    if (wire) {
      wire.close();
      return { name, address, pid: child.pid, stop: () => child.kill() };
    }
    await pause();
  }
}
