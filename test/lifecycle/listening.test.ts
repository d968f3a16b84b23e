/** Addresses: what is taken, stale or forbidden, and what a server leaves behind. */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { killLeftovers } from '../harness/children.ts';
import {
  logLines,
  type RingstoneServer,
  serverArguments,
  spawnRingstone,
  startRingstone,
  temporaryFolder,
} from '../harness/ringstone.ts';
import { eachRuntime, type Runtime } from '../harness/runtimes.ts';
import { Wire } from '../harness/wire.ts';

/** Longest path of a unix socket on Linux, without the end that C needs. */
const LONGEST_PATH = 107;

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());
afterAll(async () => {
  await killLeftovers();
});

/** What a server that must not start says in its only line. */
async function refusal(runtime: Runtime, ...listen: string[]) {
  const child = spawnRingstone(serverArguments({ runtime, listen }));
  const { code } = await child.exit();
  const lines = child.stderr.trimEnd().split('\n');
  expect([code, lines.length]).toEqual([1, 1]);
  const [line] = logLines(child.stderr);
  return { code: line?.['code'], message: line?.msg };
}

/** That a server answers on its first listener. */
async function serves(server: RingstoneServer): Promise<void> {
  const wire = await server.connect();
  await wire.send('get absent\r\n');
  await wire.expect('END\r\n');
  wire.close();
}

eachRuntime(runtime => {
  describe('a unix socket', () => {
    const socket = () => join(folder.path, 'socket');
    const start = (path = socket()) => startRingstone({ runtime, listen: [`unix:${path}`] });

    test('is there while the server is, and gone afterwards', async () => {
      const server = await start();
      expect(statSync(socket()).isSocket()).toBe(true);
      await serves(server);
      await server.stop();
      expect(existsSync(socket())).toBe(false);
    });

    test('of a server that was killed is replaced', async () => {
      const killed = await start();
      await killed.child.kill();
      expect(statSync(socket()).isSocket()).toBe(true);
      const server = await start();
      await serves(server);
      await server.stop();
      expect(existsSync(socket())).toBe(false);
    });

    test('that somebody listens on is left to him', async () => {
      const first = await start();
      expect(await refusal(runtime, `unix:${socket()}`)).toEqual({
        code: 'RINGSTONE_ADDRESS_IN_USE',
        message: expect.stringContaining(`cannot listen on unix:${socket()}: `),
      });
      await serves(first);
      await first.stop();
    });

    test('is never put in the place of another file', async () => {
      writeFileSync(socket(), 'precious');
      expect(await refusal(runtime, `unix:${socket()}`)).toMatchObject({ code: 'RINGSTONE_ADDRESS_IN_USE' });
      expect(readFileSync(socket(), 'utf8')).toBe('precious');
      const directory = join(folder.path, 'directory');
      mkdirSync(directory);
      expect(await refusal(runtime, `unix:${directory}`)).toMatchObject({ code: 'RINGSTONE_ADDRESS_IN_USE' });
      expect(statSync(directory).isDirectory()).toBe(true);
    });

    test('that cannot be made is one line', async () => {
      const absent = join(folder.path, 'absent', 'socket');
      expect(await refusal(runtime, `unix:${absent}`)).toEqual({
        code: expect.stringMatching(/^RINGSTONE_\w+$/),
        message: expect.stringMatching(`cannot listen on unix:${absent}: .*[Nn]o such file or directory`),
      });
      // Not even root can write there.
      expect(await refusal(runtime, 'unix:/proc/ringstone')).toMatchObject({
        message: expect.stringContaining('cannot listen on unix:/proc/ringstone: '),
      });
    });

    test('may have the longest path there is, and no longer one', async () => {
      const longest = join(folder.path, 'x'.repeat(LONGEST_PATH - folder.path.length - 1));
      expect(longest).toHaveLength(LONGEST_PATH);
      const server = await start(longest);
      await serves(server);
      await server.stop();
      const child = spawnRingstone(serverArguments({ runtime, listen: [`unix:${longest}x`] }));
      expect((await child.exit()).code).toBeGreaterThan(0);
      expect(child.stderr).toContain(`${longest}x`);
      expect(child.stderr.trimEnd().split('\n')).toHaveLength(1);
    });
  });

  describe('two servers', () => {
    test('on the same ports: the second says which one is taken, and the first goes on', async () => {
      const first = await startRingstone({ runtime, listen: ['127.0.0.1:0', `unix:${folder.path}/a`] });
      const free = `unix:${folder.path}/b`;
      expect(await refusal(runtime, free, `127.0.0.1:${first.port}`)).toEqual({
        code: 'RINGSTONE_ADDRESS_IN_USE',
        message: expect.stringContaining(`cannot listen on 127.0.0.1:${first.port}: `),
      });
      // What the second had taken before is given back.
      expect(existsSync(`${folder.path}/b`)).toBe(false);
      await serves(first);
      await first.stop();
    });

    test('side by side do not see each other', async () => {
      const both = await Promise.all([startRingstone({ runtime }), startRingstone({ runtime })]);
      for (const [index, server] of both.entries()) {
        const wire = await server.connect();
        await wire.send(`add key 0 0 1\r\n${index}\r\nget key\r\n`);
        await wire.expect(`STORED\r\nVALUE key 0 1\r\n${index}\r\nEND\r\n`);
        wire.close();
      }
      await both[0]?.stop();
      if (both[1]) await serves(both[1]);
      await both[1]?.stop();
    });

    test('one after the other on the same port, at once and with connections left by clients', async () => {
      let server = await startRingstone({ runtime });
      const { port } = server;
      for (let round = 0; round < 5; round += 1) {
        const wire = await server.connect();
        await wire.send('get absent\r\n');
        await wire.expect('END\r\n');
        await server.stop();
        // The server has closed first: its side of the connection stays in TIME_WAIT.
        await wire.readToEnd();
        wire.close();
        server = await startRingstone({ runtime, listen: [`127.0.0.1:${port}`] });
      }
      await serves(server);
      await server.stop();
    });
  });

  test('a listener on a name and both address families', async () => {
    const server = await startRingstone({ runtime, listen: ['localhost:0', '[::1]:0'] });
    for (const address of server.addresses) {
      const wire = await Wire.connect(address);
      await wire.send('get absent\r\n');
      await wire.expect('END\r\n');
      wire.close();
    }
    expect(server.addresses.length).toBeGreaterThanOrEqual(2);
    await server.stop();
  });
});
