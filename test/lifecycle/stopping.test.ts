/** Signals while clients are at work: what the server had got is answered, whole and in order; nothing else is cut. */
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { type Child, killLeftovers } from '../harness/children.ts';
import { eventually } from '../harness/eventually.ts';
import { bulk, command } from '../harness/resp.ts';
import { type RingstoneServer, startRingstone } from '../harness/ringstone.ts';
import { eachRuntime } from '../harness/runtimes.ts';
import type { Wire } from '../harness/wire.ts';

const MIB = 1024 * 1024;
const CLIENTS = 30;
const PIPELINED = 3000;
/** Exchanges before the signal. */
const DIALOGUE = 100;
/** Long enough that a drain which waits for it fails its test by the harness' guard. */
const environment = { RINGSTONE_SERVER_SHUTDOWN_TIMEOUT: '60s' };

let server: RingstoneServer;
const wires: Wire[] = [];
afterEach(() => {
  for (const wire of wires.splice(0)) wire.close();
});
afterAll(async () => {
  await killLeftovers();
});

async function connect(): Promise<Wire> {
  const wire = await server.connect();
  wires.push(wire);
  return wire;
}

const until = (child: Child, text: string) =>
  child.waitFor(text, ({ stderr }) => (stderr.includes(text) ? true : undefined));

/** It has ended because all was done, not because of the timeout. */
async function drained(): Promise<void> {
  expect(await server.child.exit()).toEqual({ code: 0, signal: null });
  expect(server.log.at(-1)).toMatchObject({ level: 'info', event: 'stopped' });
}

eachRuntime(runtime => {
  describe.each(['SIGTERM', 'SIGINT'] as const)('%s', signal => {
    const start = async () => {
      server = await startRingstone({ runtime, environment });
    };

    test('ends a server with idle connections', async () => {
      await start();
      const idle = await Promise.all(Array.from({ length: CLIENTS }, connect));
      server.child.signal(signal);
      for (const wire of idle) expect(await wire.readToEnd()).toEqual(Buffer.alloc(0));
      await drained();
    });

    test('during pipelines: all that was sent is answered', async () => {
      await start();
      const clients = await Promise.all(Array.from({ length: CLIENTS }, connect));
      const requests = clients.map((_, client) =>
        client % 2 === 0
          ? `add n${client} 0 0 1\r\n0\r\n${`incr n${client} 1\r\n`.repeat(PIPELINED)}`
          : Buffer.concat(Array.from({ length: PIPELINED }, () => command('INCR', `n${client}`))),
      );
      await Promise.all(clients.map((wire, client) => wire.send(requests[client] ?? '')));
      server.child.signal(signal);
      const numbers = Array.from({ length: PIPELINED }, (_, index) => index + 1);
      for (const [client, wire] of clients.entries()) {
        const wanted =
          client % 2 === 0
            ? `STORED\r\n${numbers.map(number => `${number}\r\n`).join('')}`
            : numbers.map(number => `:${number}\r\n`).join('');
        expect((await wire.readToEnd()).toString() === wanted).toBe(true);
      }
      await drained();
    });

    test('during a dialogue: every answer is whole and due, and the connection ends in order', async () => {
      await start();
      const clients = await Promise.all(Array.from({ length: CLIENTS }, connect));
      let started = 0;
      let signalled = false;
      const dialogues = clients.map(async (wire, client) => {
        await wire.send(command('SET', `d${client}`, '0'));
        await wire.expect('+OK\r\n');
        started += 1;
        for (let number = 1; ; number += 1) {
          await wire.send(command('INCR', `d${client}`));
          // The end may come in place of an answer, never within one.
          const answer = await wire.readLine().catch(() => undefined);
          if (answer === undefined) return { rest: wire.available, number };
          if (answer !== `:${number}\r\n`) throw new Error(`client ${client}: ${answer} in place of ${number}`);
          if (number >= DIALOGUE && started === CLIENTS && !signalled) {
            signalled = true;
            server.child.signal(signal);
          }
        }
      });
      for (const { rest, number } of await Promise.all(dialogues)) {
        expect(rest).toBe(0);
        expect(number).toBeGreaterThan(1);
      }
      await drained();
    });

    test('while a value is on its way in both directions', async () => {
      await start();
      const value = Buffer.alloc(8 * MIB, 'in and out');
      const [writer, reader] = await Promise.all([connect(), connect()]);
      await reader.send(Buffer.concat([Buffer.from(`set out 0 0 ${value.length}\r\n`), value, Buffer.from('\r\n')]));
      await reader.expect('STORED\r\n');
      reader.stopReading();
      await reader.send('get out\r\n'.repeat(3));
      await writer.send(`*3\r\n$3\r\nSET\r\n$2\r\nin\r\n$${value.length}\r\n`);
      await writer.send(value.subarray(0, MIB));
      server.child.signal(signal);
      await until(server.child, 'draining');
      await eventually('nobody is let in any more', () =>
        server.connect().then(
          wire => wire.close(),
          (error: Error) => error.message.includes('ECONNREFUSED') || undefined,
        ),
      );
      await writer.send(value.subarray(MIB));
      // A request that follows while the first is in progress is part of what was sent.
      await writer.send(Buffer.concat([Buffer.from('\r\n'), command('STRLEN', 'in'), command('ECHO', 'last')]));
      await writer.expect(`+OK\r\n:${value.length}\r\n${bulk('last')}`);
      expect(await writer.readToEnd()).toEqual(Buffer.alloc(0));
      reader.goOnReading();
      const reply = Buffer.concat([Buffer.from(`VALUE out 0 ${value.length}\r\n`), value, Buffer.from('\r\nEND\r\n')]);
      expect((await reader.readToEnd()).equals(Buffer.concat([reply, reply, reply]))).toBe(true);
      await drained();
    });
  });

  test('any second signal but the echo of the first ends at once, whatever is in flight', async () => {
    for (const [first, second] of [
      ['SIGTERM', 'SIGTERM'],
      ['SIGINT', 'SIGTERM'],
      ['SIGTERM', 'SIGINT'],
    ] as const) {
      server = await startRingstone({ runtime, environment });
      const wire = await connect();
      await wire.send('set half 0 0 10\r\n01234');
      server.child.signal(first);
      await until(server.child, 'draining');
      // A terminal's Ctrl-C comes twice through npm: a SIGINT soon after another signal is taken for that.
      const repeat = setInterval(() => server.child.signal(second), 100);
      expect(await server.child.exit()).toEqual({ code: 1, signal: null });
      clearInterval(repeat);
      expect(server.log.at(-1)?.msg).toContain(`${second} again: ending at once`);
    }
  });
});
