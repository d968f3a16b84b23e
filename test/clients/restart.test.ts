/** The clients of Node.js go on when the server behind their address was started anew; on each runtime. */
import { afterEach, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import Memcached from 'memcached';
import { Client } from 'memjs';
import { createClient } from 'redis';
import { killLeftovers } from '../harness/children.ts';
import { eventually } from '../harness/eventually.ts';
import { type RingstoneServer, startRingstone } from '../harness/ringstone.ts';
import { eachRuntime, type Runtime } from '../harness/runtimes.ts';

/** A client by what the test does with it. */
interface Subject {
  set(key: string, value: string): Promise<unknown>;
  get(key: string): Promise<string | null | undefined>;
  close(): void;
}

const CLIENTS: Readonly<Record<string, (port: number) => Subject>> = {
  ioredis: port => {
    const client = new Redis({ port, retryStrategy: () => 20 });
    client.on('error', () => undefined);
    return {
      set: (key, value) => client.set(key, value),
      get: key => client.get(key),
      close: () => client.disconnect(),
    };
  },
  'node-redis': port => {
    const client = createClient({
      url: `redis://127.0.0.1:${port}`,
      socket: { reconnectStrategy: 20 },
      clientSideCache: { maxEntries: 10, ttl: 0 },
      RESP: 3,
    });
    client.on('error', () => undefined);
    const connected = client.connect();
    return {
      set: async (key, value) => (await connected).set(key, value),
      get: async key => (await connected).get(key),
      close: () => client.destroy(),
    };
  },
  memjs: port => {
    const options = { timeout: 1, conntimeout: 1, failover: false, retries: 1, logger: { log: () => undefined } };
    const client = Client.create(`127.0.0.1:${port}`, options);
    return {
      set: (key, value) => client.set(key, value),
      get: async key => (await client.get(key)).value?.toString(),
      close: () => client.close(),
    };
  },
  memcached: port => {
    const client = new Memcached(`127.0.0.1:${port}`, { timeout: 1000, retries: 0, failures: 1000, retry: 20 });
    return {
      set: (key, value) =>
        new Promise((resolve, reject) => client.set(key, value, 0, error => (error ? reject(error) : resolve(true)))),
      get: key =>
        new Promise((resolve, reject) =>
          client.get(key, (error, found) => (error ? reject(error) : resolve(found as string | undefined))),
        ),
      close: () => client.end(),
    };
  },
};

const open: Subject[] = [];
let server: RingstoneServer | undefined;
afterEach(async () => {
  for (const subject of open.splice(0)) subject.close();
  await server?.stop();
  await killLeftovers();
});

async function restarted(runtime: Runtime): Promise<void> {
  server = await startRingstone({ runtime });
  const { port } = server;
  const subjects = Object.entries(CLIENTS).map(([name, create]) => ({ name, subject: create(port) }));
  open.push(...subjects.map(({ subject }) => subject));
  for (const { name, subject } of subjects) {
    await subject.set(name, 'before');
    expect(await subject.get(name)).toBe('before');
  }
  expect((await server.stop()).code).toBe(0);
  server = await startRingstone({ runtime, listen: [`127.0.0.1:${port}`] });
  for (const { name, subject } of subjects) {
    // What the old server held is gone, also from a client's own cache.
    const gone = () =>
      subject.get(name).then(
        found => (found ? undefined : true),
        () => undefined,
      );
    await eventually(`${name} asks the new server`, gone);
    await subject.set(name, 'after');
    expect(await subject.get(name)).toBe('after');
  }
}

eachRuntime(runtime => {
  test('a new server on the same port', () => restarted(runtime));
});
