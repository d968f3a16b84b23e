/** Leases of memcached's meta commands: of all who ask at once, exactly one is told to write the item anew. */
import { describe, expect, test } from '@jest/globals';
import { fixture } from '../harness/fixture.ts';
import { eachRuntime } from '../harness/runtimes.ts';
import { freshKey } from '../harness/table.ts';
import type { Wire } from '../harness/wire.ts';

const CLIENTS = 100;
const ROUNDS = 20;

/** The flags of a reply's line, in order. */
const marks = (line: string) => (line.match(/ [WXZ]/g) ?? []).join('').replaceAll(' ', '');

eachRuntime(runtime => {
  describe.each([1, 4])('%i workers', workers => {
    const { connect } = fixture({ runtime, workers });

    /** What each of many clients that send the same at once is answered. */
    const race = async (wires: readonly Wire[], request: string) =>
      Promise.all(
        wires.map(async wire => {
          await wire.send(request);
          return wire.readLine();
        }),
      );
    const count = (lines: readonly string[], wanted: string) => lines.filter(line => marks(line) === wanted).length;
    const connectAll = async () => Promise.all(Array.from({ length: CLIENTS }, async () => connect()));

    test('of a miss, and again after each delete', async () => {
      const wires = await connectAll();
      const key = freshKey();
      for (let round = 0; round < ROUNDS; round += 1) {
        const lines = await race(wires, `mg ${key} N90 t\r\n`);
        expect([count(lines, 'W'), count(lines, 'Z')]).toEqual([1, CLIENTS - 1]);
        await wires[0]?.send(`md ${key} q\r\nmn\r\n`);
        await wires[0]?.expect('MN\r\n');
      }
    });

    test('of a stale item, and again each time that it is invalidated', async () => {
      const wires = await connectAll();
      const key = freshKey();
      await wires[0]?.send(`ms ${key} 3\r\nold\r\n`);
      await wires[0]?.expect('HD\r\n');
      for (let round = 0; round < ROUNDS; round += 1) {
        await wires[round % CLIENTS]?.send(`md ${key} I\r\n`);
        await wires[round % CLIENTS]?.expect('HD\r\n');
        const lines = await race(wires, `mg ${key} t\r\n`);
        expect([count(lines, 'XW'), count(lines, 'ZX')]).toEqual([1, CLIENTS - 1]);
      }
    });

    test('of an item about to expire', async () => {
      const wires = await connectAll();
      const key = freshKey();
      for (let round = 0; round < ROUNDS; round += 1) {
        await wires[0]?.send(`ms ${key} 2 T1000\r\nhi\r\n`);
        await wires[0]?.expect('HD\r\n');
        const lines = await race(wires, `mg ${key} R2000 t\r\n`);
        expect([count(lines, 'W'), count(lines, 'Z')]).toEqual([1, CLIENTS - 1]);
      }
    });

    test('who lost its lease to an invalidation cannot pass its value off as fresh', async () => {
      const wires = await connectAll();
      const key = freshKey();
      // Each client goes through the whole of it by itself: ask, write with the token that was shown, invalidate now and then.
      let fresh = 0;
      let won = 0;
      await Promise.all(
        wires.map(async (wire, client) => {
          for (let round = 0; round < ROUNDS; round += 1) {
            await wire.send(`mg ${key} N900 c\r\n`);
            const line = await wire.readLine();
            if (line.includes(' W')) {
              won += 1;
              const [, cas] = /c(\d+)/.exec(line) ?? [];
              await wire.send(`ms ${key} 1 C${cas}\r\n1\r\n`);
              if ((await wire.readLine()) === 'HD\r\n') fresh += 1;
            }
            if ((client + round) % 10 === 0) {
              await wire.send(`md ${key} I\r\n`);
              await wire.readLine();
            }
          }
        }),
      );
      // A write with a token succeeds at most once for each lease, and somebody got through.
      expect(fresh).toBeGreaterThan(0);
      expect(fresh).toBeLessThanOrEqual(won);
      const wire = await connect();
      await wire.send(`md ${key} I\r\nmg ${key}\r\nmg ${key}\r\n`);
      await wire.expect('HD\r\nHD X W\r\nHD Z X\r\n');
    });
  });
});
