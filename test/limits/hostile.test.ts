/** Declared sizes and depths that nobody means: nothing is reserved for them, and others are served meanwhile. */
import { expect, test } from '@jest/globals';
import { fixture } from '../harness/fixture.ts';
import { command } from '../harness/resp.ts';
import { eachRuntime } from '../harness/runtimes.ts';
import { freshKey } from '../harness/table.ts';
import { pause } from '../harness/wire.ts';

const MIB = 1024 * 1024;
const CONNECTIONS = 200;
/** What the process may grow by while all of them have declared something; a reservation would be hundreds of times that. */
const GROWTH_BYTES = 48 * MIB;

/** Declarations without what they declare. */
const DECLARATIONS: readonly (readonly [string, string])[] = [
  ['*1000000000', '*1000000000\r\n'],
  ['*1048576, the longest array', '*1048576\r\n'],
  ['*1048576 and a first element', '*1048576\r\n$4\r\nMGET\r\n$1\r\n'],
  ['$999999999999', '*2\r\n$3\r\nGET\r\n$999999999999\r\n'],
  ['$536870912, the longest bulk', '*3\r\n$3\r\nSET\r\n$1\r\na\r\n$536870912\r\n'],
  ['$8388608, the largest value', '*3\r\n$3\r\nSET\r\n$1\r\na\r\n$8388608\r\n'],
  ['a long name of a command', '*1\r\n$8000000\r\n'],
  ['deep nesting', '*1\r\n'.repeat(10_000)],
  ['memcached, a value of the largest size', 'set {k} 0 0 8388608\r\n'],
  ['memcached, a value of 2 GiB', 'set {k} 0 0 2147483645\r\n'],
  ['memcached, an endless get', `get ${'k'.repeat(200)} `.repeat(5)],
];

eachRuntime(runtime => {
  const { server, connect } = fixture({ runtime });

  test.each(DECLARATIONS)('%s reserves nothing', async (_name, declaration) => {
    const healthy = await connect();
    await healthy.send(command('PING'));
    await healthy.expect('+PONG\r\n');
    const before = server().rss;
    const wires = await Promise.all(Array.from({ length: CONNECTIONS }, () => connect()));
    await Promise.all(wires.map(wire => wire.send(declaration.replace('{k}', freshKey()))));
    // The server has surely looked at all of them once it has answered several rounds of the healthy one.
    for (let round = 0; round < 20; round += 1) {
      await pause();
      await healthy.send(command('PING'));
      await healthy.expect('+PONG\r\n');
    }
    expect(server().rss - before).toBeLessThan(GROWTH_BYTES);
  });

  test('reserved bodies leave the cache usable', async () => {
    const wires = await Promise.all(Array.from({ length: CONNECTIONS }, () => connect()));
    await Promise.all(wires.map(wire => wire.send(`set ${freshKey()} 0 0 8000000\r\n${'x'.repeat(1000)}`)));
    const healthy = await connect();
    const key = freshKey();
    await healthy.send(`set ${key} 0 0 1\r\na\r\nget ${key}\r\n`);
    await healthy.expect(`STORED\r\nVALUE ${key} 0 1\r\na\r\nEND\r\n`);
  });

  test('bytes at random end connections at most', async () => {
    let state = 12_345;
    const random = () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return state >>> 16;
    };
    const words = [
      'get ',
      'set ',
      'a ',
      '0 ',
      '\r\n',
      '*3\r\n',
      '$3\r\n',
      'SET',
      '$-1',
      '-1',
      'noreply',
      '\0',
      '\xff',
      ' ',
      '99999999999',
      'incr ',
      'stats\r\n',
    ];
    for (let round = 0; round < 100; round += 1) {
      const wire = await connect();
      const text = Array.from({ length: 60 }, () => words[random() % words.length]).join('');
      await wire.send(text);
      wire.close();
    }
    const healthy = await connect();
    await healthy.send('get absent\r\n');
    await healthy.expect('END\r\n');
  });
});
