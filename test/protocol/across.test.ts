/** One store behind both protocols: what one writes the other reads, with flags, times and CAS tokens. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { killLeftovers } from '../harness/children.ts';
import { eventually } from '../harness/eventually.ts';
import { bulk, command, int, NIL, OK } from '../harness/resp.ts';
import { type RingstoneServer, startRingstone } from '../harness/ringstone.ts';
import { eachRuntime } from '../harness/runtimes.ts';
import { freshKey } from '../harness/table.ts';
import type { Wire } from '../harness/wire.ts';
import { secondsLeft } from './resp/dialect.ts';

const ABSENT = (NIL as (version: 2) => string)(2);

eachRuntime(runtime => {
  let server: RingstoneServer;
  let memcached: Wire;
  let resp: Wire;
  let key: string;
  beforeAll(async () => {
    server = await startRingstone({ runtime });
    memcached = await server.connect();
    resp = await server.connect();
  });
  afterAll(async () => {
    memcached?.close();
    resp?.close();
    await server?.stop();
    await killLeftovers();
  });
  beforeEach(() => {
    key = freshKey();
  });
  const text = async (sent: string, reply: string) => {
    await memcached.send(sent);
    await memcached.expect(reply);
  };
  const words = async (sent: string, reply: string | RegExp) => {
    await resp.send(command(...sent.split(' ')));
    if (typeof reply === 'string') await resp.expect(reply);
    else expect(await resp.readLine()).toMatch(reply);
  };

  test('written by memcached, read by RESP', async () => {
    await text(`set ${key} 7 0 5\r\nhello\r\n`, 'STORED\r\n');
    await words(`GET ${key}`, bulk('hello'));
    await words(`EXISTS ${key}`, int(1));
    await words(`TTL ${key}`, int(-1));
    await words(`STRLEN ${key}`, int(5));
    await words(`TYPE ${key}`, '+string\r\n');
  });
  test('written by RESP, read by memcached with flags of 0', async () => {
    await words(`SET ${key} hello`, OK);
    await text(`get ${key}\r\n`, `VALUE ${key} 0 5\r\nhello\r\nEND\r\n`);
  });
  test('APPEND and EXPIRE keep the flags, SET clears them', async () => {
    await text(`set ${key} 7 0 1\r\na\r\n`, 'STORED\r\n');
    await words(`APPEND ${key} b`, int(2));
    await words(`EXPIRE ${key} 100`, int(1));
    await text(`get ${key}\r\n`, `VALUE ${key} 7 2\r\nab\r\nEND\r\n`);
    await words(`SET ${key} c`, OK);
    await text(`get ${key}\r\n`, `VALUE ${key} 0 1\r\nc\r\nEND\r\n`);
  });
  test('INCR keeps the flags', async () => {
    await text(`set ${key} 7 0 1\r\n9\r\n`, 'STORED\r\n');
    await words(`INCR ${key}`, int(10));
    await text(`get ${key}\r\n`, `VALUE ${key} 7 2\r\n10\r\nEND\r\n`);
  });
  test('times of memcached are those of RESP', async () => {
    await text(`set ${key} 0 100 1\r\na\r\n`, 'STORED\r\n');
    await words(`TTL ${key}`, secondsLeft(100));
    await words(`PERSIST ${key}`, int(1));
    await text(`touch ${key} 200\r\n`, 'TOUCHED\r\n');
    await words(`TTL ${key}`, secondsLeft(200));
    await text(`gat 0 ${key}\r\n`, `VALUE ${key} 0 1\r\na\r\nEND\r\n`);
    await words(`TTL ${key}`, int(-1));
    await text(`touch ${key} -1\r\n`, 'TOUCHED\r\n');
    await words(`GET ${key}`, ABSENT);
  });
  test('times of RESP end items of memcached', async () => {
    await words(`SET ${key} a PX 1`, OK);
    await eventually('expiry', async () => {
      await memcached.send(`get ${key}\r\n`);
      return (await memcached.readThrough('END\r\n')).length === 'END\r\n'.length ? true : undefined;
    });
    await text(`add ${key} 0 0 1\r\nb\r\n`, 'STORED\r\n');
    await words(`TTL ${key}`, int(-1));
  });
  test('a write by RESP makes a CAS token stale', async () => {
    for (const write of [`SET ${key} b`, `APPEND ${key} b`, `INCRBY ${key} 5`]) {
      await text(`set ${key} 0 0 1\r\n1\r\n`, 'STORED\r\n');
      await memcached.send(`gets ${key}\r\n`);
      const token = / (\d+)\r\n/.exec(
        (await memcached.readThrough('END\r\n')).toString().slice(key.length + 'VALUE  0'.length),
      )?.[1];
      await resp.send(command(...write.split(' ')));
      await resp.readLine();
      await text(`cas ${key} 0 0 1 ${token}\r\nx\r\n`, 'EXISTS\r\n');
    }
  });
  test('a delete by RESP makes cas find nothing', async () => {
    await text(`set ${key} 0 0 1\r\n1\r\n`, 'STORED\r\n');
    await words(`DEL ${key}`, int(1));
    await text(`cas ${key} 0 0 1 1\r\nx\r\n`, 'NOT_FOUND\r\n');
  });
  test('numbers of the one are counted by the other within its bounds', async () => {
    await words(`SET ${key} -5`, OK);
    await text(`incr ${key} 1\r\n`, 'CLIENT_ERROR cannot increment or decrement non-numeric value\r\n');
    await text(`set ${key} 0 0 20\r\n18446744073709551615\r\n`, 'STORED\r\n');
    await words(`INCR ${key}`, '-ERR value is not an integer or out of range\r\n');
    await text(`set ${key} 0 0 2\r\n10\r\ndecr ${key} 1\r\n`, 'STORED\r\n9\r\n');
    await words(`INCR ${key}`, int(10));
    await text(`incr ${key} 5\r\n`, '15\r\n');
  });
  test('SET NX and add see each other', async () => {
    await text(`add ${key} 0 0 1\r\na\r\n`, 'STORED\r\n');
    await words(`SET ${key} b NX`, ABSENT);
    await words(`SET ${key} b XX`, OK);
    await text(`add ${key} 0 0 1\r\nc\r\n`, 'NOT_STORED\r\n');
    await text(`replace ${key} 0 0 1\r\nd\r\n`, 'STORED\r\n');
    await words(`GET ${key}`, bulk('d'));
  });
  test('each flushes what the other wrote', async () => {
    await text(`set ${key} 0 0 1\r\na\r\n`, 'STORED\r\n');
    await words('FLUSHALL', OK);
    await text(`get ${key}\r\n`, 'END\r\n');
    await words(`SET ${key} a`, OK);
    await words('DBSIZE', int(1));
    await text('flush_all\r\n', 'OK\r\n');
    await words(`GET ${key}`, ABSENT);
    await words('DBSIZE', int(0));
  });
  test('a key that memcached cannot name harms nothing', async () => {
    const long = 'x'.repeat(1000);
    await words(`SET ${key}${long} a`, OK);
    await text(`get ${key}${long}\r\n`, 'CLIENT_ERROR bad command line format\r\n');
    await memcached.send('version\r\n');
    await memcached.readLine();
  });
  test('a large value crosses both ways', async () => {
    const value = Buffer.alloc(1_000_000, '0123456789abcdef');
    await memcached.send(
      Buffer.concat([Buffer.from(`set ${key} 3 0 ${value.length}\r\n`), value, Buffer.from('\r\n')]),
    );
    await memcached.expect('STORED\r\n');
    await resp.send(command('GET', key));
    await resp.expect(Buffer.concat([Buffer.from(`$${value.length}\r\n`), value, Buffer.from('\r\n')]));
    await resp.send(command('SET', key, Buffer.concat([value, value])));
    await resp.expect(OK);
    await memcached.send(`get ${key}\r\n`);
    await memcached.expect(
      Buffer.concat([Buffer.from(`VALUE ${key} 0 ${2 * value.length}\r\n`), value, value, Buffer.from('\r\nEND\r\n')]),
    );
  });
});
