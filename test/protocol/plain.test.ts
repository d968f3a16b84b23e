/** ping and echo, the protocols that measure the network alone; unix sockets; several listeners at once. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { killLeftovers } from '../harness/children.ts';
import { type RingstoneServer, startRingstone, temporaryFolder } from '../harness/ringstone.ts';
import { eachRuntime } from '../harness/runtimes.ts';
import { Wire } from '../harness/wire.ts';

const PING = 0;
const ECHO = 1;
const UNIX = 2;
const UNIX_RESP = 3;

eachRuntime(runtime => {
  const folder = temporaryFolder();
  let server: RingstoneServer;
  beforeAll(async () => {
    server = await startRingstone({
      runtime,
      listen: ['ping://127.0.0.1:0', 'echo://127.0.0.1:0', `unix:${folder.path}/s`, `resp://unix:${folder.path}/r`],
    });
  });
  afterAll(async () => {
    await server?.stop();
    await killLeftovers();
    await folder.remove();
  });
  const connect = (listener: number) => {
    const address = server.addresses[listener];
    if (!address) throw new Error('no such listener');
    return Wire.connect(address);
  };
  const exchange = async (listener: number, sent: string, reply: string) => {
    const bytes = Buffer.from(sent, 'latin1');
    for (let cut = 0; cut < bytes.length; cut += 1) {
      const wire = await connect(listener);
      await wire.sendSplit(bytes, [cut]);
      await wire.expect(reply);
      wire.close();
    }
  };

  test('ping answers with the message', () =>
    exchange(PING, 'PING\r\nPING hello you\r\nping\n', 'PONG\r\nPONG hello you\r\nPONG\r\n'));
  test('ping answers what it does not know, and lives on', () =>
    exchange(PING, 'get a\r\nPING\r\n', 'ERROR unknown command\r\nPONG\r\n'));
  test('ping ends with QUIT', async () => {
    const wire = await connect(PING);
    await wire.send('PING\r\nQUIT\r\nPING\r\n');
    expect((await wire.readToEnd()).toString()).toBe('PONG\r\n');
    wire.close();
  });
  test('ping refuses an endless line', async () => {
    const wire = await connect(PING);
    await wire.send('x'.repeat(20_000));
    expect((await wire.readToEnd()).toString()).toBe('ERROR line too long\r\n');
    wire.close();
  });

  test('echo answers the same', () => exchange(ECHO, '5\r\nhello0\r\n2\r\n\r\n', '5\r\nhello0\r\n2\r\n\r\n'));
  test('echo refuses what is no length', async () => {
    const wire = await connect(ECHO);
    await wire.send('abc\r\n');
    expect((await wire.readToEnd()).toString()).toBe('ERROR invalid length\r\n');
    wire.close();
  });
  test('echo refuses what is too long, skips it and lives on', async () => {
    const wire = await connect(ECHO);
    const length = 9 * 1024 * 1024;
    void wire.send(Buffer.concat([Buffer.from(`${length}\r\n`), Buffer.alloc(length), Buffer.from('2\r\nok')]));
    await wire.expect('ERROR value too large\r\n2\r\nok');
    wire.close();
  });
  test('echo carries a large message', async () => {
    const wire = await connect(ECHO);
    const message = Buffer.alloc(3_000_000, 'abcdefg');
    void wire.send(Buffer.concat([Buffer.from(`${message.length}\r\n`), message]));
    await wire.expect(`${message.length}\r\n`);
    expect((await wire.read(message.length)).equals(message)).toBe(true);
    wire.close();
  });

  test('a unix socket serves both protocols, one of its own only that', async () => {
    await exchange(UNIX, 'set u 0 0 1\r\na\r\nget u\r\n', 'STORED\r\nVALUE u 0 1\r\na\r\nEND\r\n');
    await exchange(UNIX, '*2\r\n$3\r\nGET\r\n$1\r\nu\r\n', '$1\r\na\r\n');
    await exchange(UNIX_RESP, 'get u\r\n', '$1\r\na\r\n');
  });
});
