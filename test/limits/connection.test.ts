/** What a bad or busy client may not do to its connection: lose it, fall out of step, wait for answers that are due. */
import { expect, test } from '@jest/globals';
import { fixture } from '../harness/fixture.ts';
import { bulk, command, int, OK } from '../harness/resp.ts';
import { eachRuntime } from '../harness/runtimes.ts';
import { freshKey } from '../harness/table.ts';

/** Requests in one write; their replies are larger than any one buffer. */
const PIPELINED = 20_000;

eachRuntime(runtime => {
  const { connect } = fixture({ runtime });

  test('an unknown command is answered and the connection lives on', async () => {
    const text = await connect();
    for (let round = 0; round < 100; round += 1) {
      await text.send('nonsense 1 2 3\r\nget absent\r\n');
      await text.expect('ERROR\r\nEND\r\n');
    }
    const resp = await connect();
    for (let round = 0; round < 100; round += 1) {
      await resp.send(Buffer.concat([command('NONSENSE', 'a'), command('PING')]));
      await resp.expect("-ERR unknown command 'NONSENSE', with args beginning with: 'a' \r\n+PONG\r\n");
    }
  });

  test('noreply does not disturb the connection', async () => {
    const key = freshKey();
    const wire = await connect();
    const quiet = [
      `set ${key} 0 0 1 noreply\r\n1\r\n`,
      `add ${key} 0 0 1 noreply\r\n2\r\n`,
      `replace ${key} 0 0 1 noreply\r\n3\r\n`,
      `append ${key} 0 0 1 noreply\r\n4\r\n`,
      `prepend ${key} 0 0 1 noreply\r\n5\r\n`,
      `cas ${key} 0 0 1 0 noreply\r\n6\r\n`,
      `incr ${key} 1 noreply\r\n`,
      `decr ${key} 1 noreply\r\n`,
      `touch ${key} 100 noreply\r\n`,
      'verbosity 1 noreply\r\n',
      `delete absent-${key} noreply\r\n`,
      'flush_all 1000 noreply\r\n',
      `incr ${key} abc noreply\r\n`,
      `touch absent-${key} 1 noreply\r\n`,
      `set ${key} abc 0 1 noreply\r\n`,
      `delete ${key} 5 noreply\r\n`,
    ];
    for (const line of quiet) {
      await wire.send(`${line}get absent\r\n`);
      await wire.expect('END\r\n');
    }
    await wire.send(`get ${key}\r\nflush_all 1000000 noreply\r\n`);
    await wire.expect(`VALUE ${key} 0 3\r\n534\r\nEND\r\n`);
  });

  test('every command of a memcached pipeline is answered without the next read', async () => {
    const wire = await connect();
    const key = freshKey();
    const requests = Array.from(
      { length: PIPELINED },
      (_, index) => `set ${key} 0 0 ${String(index).length}\r\n${index}\r\nget ${key}\r\n`,
    );
    const replies = Array.from(
      { length: PIPELINED },
      (_, index) => `STORED\r\nVALUE ${key} 0 ${String(index).length}\r\n${index}\r\nEND\r\n`,
    );
    void wire.send(requests.join(''));
    await wire.expect(replies.join(''));
  });

  test('every command of a RESP pipeline is answered without the next read', async () => {
    const wire = await connect();
    const key = freshKey();
    const requests = Array.from({ length: PIPELINED }, (_, index) =>
      Buffer.concat([command('SET', key, index), command('GET', key), command('STRLEN', key)]),
    );
    const replies = Array.from(
      { length: PIPELINED },
      (_, index) => `${OK}${bulk(String(index))}${int(String(index).length)}`,
    );
    void wire.send(Buffer.concat(requests));
    await wire.expect(replies.join(''));
  });

  test('a pipeline that ends with quit is answered whole, then the connection ends', async () => {
    const wire = await connect();
    await wire.send(`${'get absent\r\n'.repeat(5000)}quit\r\n`);
    expect((await wire.readToEnd()).toString()).toBe('END\r\n'.repeat(5000));
  });

  test('a client that ends its side still gets its answers', async () => {
    const wire = await connect();
    await wire.send('get absent\r\n'.repeat(5000));
    wire.endInput();
    expect((await wire.readToEnd()).toString()).toBe('END\r\n'.repeat(5000));
  });

  test('half a command and an end of input leave nothing behind', async () => {
    const key = freshKey();
    for (const part of [
      `set ${key} 0 0 10\r\nabc`,
      `set ${key} 0 0 5000000\r\n${'x'.repeat(100_000)}`,
      `*3\r\n$3\r\nSET\r\n$8\r\n${key}\r\n$5000000\r\n${'x'.repeat(100_000)}`,
      'get',
      '*3\r\n$3',
    ]) {
      const wire = await connect();
      await wire.send(part);
      wire.endInput();
      expect(await wire.readToEnd()).toEqual(Buffer.alloc(0));
    }
    const wire = await connect();
    await wire.send(`get ${key}\r\n`);
    await wire.expect('END\r\n');
  });

  test('a peer that does not read is paused, others are served, and it gets everything later', async () => {
    const key = freshKey();
    const value = 'v'.repeat(100_000);
    const requests = 300;
    const slow = await connect();
    await slow.send(`set ${key} 0 0 ${value.length}\r\n${value}\r\n`);
    await slow.expect('STORED\r\n');
    slow.stopReading();
    void slow.send(`get ${key}\r\n`.repeat(requests));
    for (let round = 0; round < 50; round += 1) {
      const other = await connect();
      await other.send('get absent\r\n');
      await other.expect('END\r\n');
    }
    slow.goOnReading();
    await slow.expect(`VALUE ${key} 0 ${value.length}\r\n${value}\r\nEND\r\n`.repeat(requests));
  });
});
