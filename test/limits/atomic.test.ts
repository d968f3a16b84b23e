/** incr, append, cas and SET NX from many connections at once: nothing is lost, nothing happens twice. */
import { expect, test } from '@jest/globals';
import { fixture } from '../harness/fixture.ts';
import { command, int } from '../harness/resp.ts';
import { eachRuntime } from '../harness/runtimes.ts';
import { freshKey } from '../harness/table.ts';
import type { Wire } from '../harness/wire.ts';

const CLIENTS = 24;
const ROUNDS = 200;

eachRuntime(runtime => {
  const { connect } = fixture({ runtime });
  const clients = async (body: (wire: Wire, client: number) => Promise<void>) => {
    await Promise.all(Array.from({ length: CLIENTS }, async (_, client) => body(await connect(), client)));
  };

  test('increments of both protocols on one key', async () => {
    const key = freshKey();
    const setup = await connect();
    await setup.send(`set ${key} 0 1000 1\r\n0\r\n`);
    await setup.expect('STORED\r\n');
    const seen = new Set<number>();
    await clients(async (wire, client) => {
      for (let round = 0; round < ROUNDS; round += 1) {
        await wire.send(client % 2 === 0 ? `incr ${key} 1\r\n` : command('INCR', key));
        seen.add(Number((await wire.readLine()).replace(':', '')));
      }
    });
    expect(seen.size).toBe(CLIENTS * ROUNDS);
    const resp = await connect();
    await resp.send(Buffer.concat([command('GET', key), command('TTL', key)]));
    await resp.expect(`$4\r\n${CLIENTS * ROUNDS}\r\n`);
    expect(Number((await resp.readLine()).slice(1))).toBeGreaterThan(900);
  });

  test('appends of both protocols on one key, past the size of a large value', async () => {
    const key = freshKey();
    const piece = (client: number, round: number) => `[${client}:${round}${'-'.repeat(30)}]`;
    const setup = await connect();
    await setup.send(`set ${key} 0 1000 0\r\n\r\n`);
    await setup.expect('STORED\r\n');
    await clients(async (wire, client) => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const text = piece(client, round);
        await wire.send(
          client % 2 === 0 ? `append ${key} 0 0 ${text.length}\r\n${text}\r\n` : command('APPEND', key, text),
        );
        await wire.readLine();
      }
    });
    const resp = await connect();
    await resp.send(command('GET', key));
    const length = Number((await resp.readLine()).slice(1));
    const value = (await resp.read(length)).toString();
    const pieces = value.match(/\[[^\]]*\]/g) ?? [];
    expect(pieces.join('')).toBe(value);
    expect(pieces.length).toBe(CLIENTS * ROUNDS);
    // Each client's pieces are all there, in its order.
    for (let client = 0; client < CLIENTS; client += 1) {
      const own = pieces.filter(text => text.startsWith(`[${client}:`));
      expect(own).toEqual(Array.from({ length: ROUNDS }, (_, round) => piece(client, round)));
    }
  });

  test('cas lets exactly one of each generation through', async () => {
    const key = freshKey();
    const setup = await connect();
    await setup.send(`set ${key} 0 0 1\r\n0\r\n`);
    await setup.expect('STORED\r\n');
    let stored = 0;
    await clients(async wire => {
      for (let round = 0; round < 30; round += 1) {
        await wire.send(`gets ${key}\r\n`);
        const [, token = '', value = ''] =
          /(\d+)\r\n(\d+)\r\nEND\r\n$/.exec((await wire.readThrough('END\r\n')).toString()) ?? [];
        const next = String(Number(value) + 1);
        await wire.send(`cas ${key} 0 0 ${next.length} ${token}\r\n${next}\r\n`);
        const answer = await wire.readLine();
        expect(answer).toMatch(/^(STORED|EXISTS)\r\n$/);
        if (answer === 'STORED\r\n') stored += 1;
      }
    });
    const resp = await connect();
    await resp.send(command('INCRBY', key, 0));
    await resp.expect(int(stored));
  });

  test('of many add and SET NX one wins', async () => {
    for (let round = 0; round < 20; round += 1) {
      const key = freshKey();
      let winners = 0;
      await clients(async (wire, client) => {
        await wire.send(client % 2 === 0 ? `add ${key} 0 0 1\r\na\r\n` : command('SET', key, 'b', 'NX'));
        if (/^(STORED|\+OK)/.test(await wire.readLine())) winners += 1;
      });
      expect(winners).toBe(1);
    }
  });
});
