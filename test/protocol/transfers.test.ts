/** Amounts moved between keys by many connections at once: whoever reads all keys in one step sees the same sum. */
import { describe, expect, test } from '@jest/globals';
import { fixture } from '../harness/fixture.ts';
import { command } from '../harness/resp.ts';
import { eachRuntime } from '../harness/runtimes.ts';
import type { Wire } from '../harness/wire.ts';

const KEYS = Array.from({ length: 16 }, (_, index) => `transfer${index}`);
const START = 1000;
const SUM = KEYS.length * START;
const MOVERS = 12;
const TRANSFERS = 150;
const READERS = 6;
const END = '$3\r\nend\r\n';

/** What the commands, sent in one pipeline, are answered. */
async function ask(wire: Wire, ...commands: readonly string[]): Promise<string> {
  const lines = [...commands, 'ECHO end'].map(line => command(...line.split(' ')));
  await wire.send(Buffer.concat(lines));
  return (await wire.readThrough(END)).toString('latin1').slice(0, -END.length);
}

/** The numbers among the bulk strings of a reply. */
const numbers = (reply: string) => [...reply.matchAll(/\$\d+\r\n(-?\d+)\r\n/g)].map(([, digits]) => Number(digits));
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const pick = () => Math.floor(Math.random() * KEYS.length);

async function moveBlindly(wire: Wire): Promise<boolean> {
  const amount = Math.floor(Math.random() * 9);
  const reply = await ask(
    wire,
    'MULTI',
    `DECRBY ${KEYS[pick()]} ${amount}`,
    `INCRBY ${KEYS[pick()]} ${amount}`,
    'EXEC',
  );
  expect(reply).toMatch(/^\+OK\r\n\+QUEUED\r\n\+QUEUED\r\n\*2\r\n:-?\d+\r\n:-?\d+\r\n$/);
  return true;
}

/** Writes what it has computed of what it has read, unless one of the keys has changed meanwhile. */
async function moveWatched(wire: Wire): Promise<boolean> {
  const from = pick();
  const [source, target] = [KEYS[from], KEYS[(from + 1) % KEYS.length]];
  const [less = 0, more = 0] = numbers(await ask(wire, `WATCH ${source} ${target}`, `MGET ${source} ${target}`));
  const amount = Math.floor(Math.random() * 9);
  const reply = await ask(wire, 'MULTI', `SET ${source} ${less - amount}`, `SET ${target} ${more + amount}`, 'EXEC');
  expect(reply).toMatch(/^\+OK\r\n\+QUEUED\r\n\+QUEUED\r\n(\*2\r\n\+OK\r\n\+OK\r\n|\*-1\r\n)$/);
  return !reply.endsWith('*-1\r\n');
}

eachRuntime(runtime => {
  describe('transfers on four workers', () => {
    const { connect } = fixture({ runtime, workers: 4 });

    test('the sum holds for every reader', async () => {
      const setup = await connect();
      await ask(setup, ...KEYS.map(key => `SET ${key} ${START}`));
      let isOver = false;
      let looks = 0;
      const readers = Array.from({ length: READERS }, async (_, index) => {
        const wire = await connect();
        const look = index % 2 === 0 ? [`MGET ${KEYS.join(' ')}`] : ['MULTI', `MGET ${KEYS.join(' ')}`, 'EXEC'];
        while (!isOver) {
          const values = numbers(await ask(wire, ...look));
          expect([values.length, sum(values)]).toEqual([KEYS.length, SUM]);
          looks++;
        }
      });
      const memcached = Array.from({ length: 2 }, async () => {
        const wire = await connect();
        while (!isOver) {
          await wire.send(`get ${KEYS.join(' ')}\r\n`);
          const reply = (await wire.readThrough('END\r\n')).toString();
          const values = [...reply.matchAll(/^VALUE transfer\d+ 0 \d+\r\n(-?\d+)\r$/gm)];
          expect(values.length).toBe(KEYS.length);
        }
      });
      const movers = Array.from({ length: MOVERS }, async (_, index) => {
        const wire = await connect();
        let moved = 0;
        for (let transfer = 0; transfer < TRANSFERS; transfer++) {
          moved += Number(await (index % 2 === 0 ? moveBlindly(wire) : moveWatched(wire)));
        }
        return moved;
      });
      const moved = await Promise.all(movers);
      isOver = true;
      await Promise.all([...readers, ...memcached]);
      expect(sum(numbers(await ask(setup, `MGET ${KEYS.join(' ')}`)))).toBe(SUM);
      expect(sum(moved)).toBeGreaterThan((MOVERS / 2) * TRANSFERS);
      expect(looks).toBeGreaterThan(0);
    }, 120_000);
  });
});
