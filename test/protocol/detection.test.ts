/** `auto`: memcached and RESP told apart by a connection's first bytes, however they are cut. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { killLeftovers } from '../harness/children.ts';
import { command } from '../harness/resp.ts';
import { type RingstoneServer, startRingstone } from '../harness/ringstone.ts';
import { eachRuntime } from '../harness/runtimes.ts';
import { Wire } from '../harness/wire.ts';

const UNKNOWN_INLINE = "-ERR unknown command 'nonsense', with args beginning with: \r\n";

/** First bytes, and the whole reply. */
const FIRST_BYTES: readonly (readonly [string, Buffer | string, string])[] = [
  ['memcached get', 'get absent\r\n', 'END\r\n'],
  ['memcached set', 'set detect 0 0 1\r\na\r\n', 'STORED\r\n'],
  ['memcached incr, a word that RESP has too', 'incr absent-number 1\r\n', 'NOT_FOUND\r\n'],
  ['memcached decr', 'decr absent-number 1\r\n', 'NOT_FOUND\r\n'],
  ['memcached append', 'append absent 0 0 1\r\na\r\n', 'NOT_STORED\r\n'],
  ['memcached gets', 'gets absent\r\n', 'END\r\n'],
  ['memcached delete', 'delete absent\r\n', 'NOT_FOUND\r\n'],
  ['memcached verbosity', 'verbosity 1\r\n', 'OK\r\n'],
  ['memcached with LF only', 'get absent\n', 'END\r\n'],
  ['memcached after spaces', '   get absent\r\n', 'END\r\n'],
  ['an unknown word', 'nonsense\r\n', 'ERROR\r\n'],
  ['an unknown word that is long', 'nonsense-that-is-longer-than-any-command\r\n', 'ERROR\r\n'],
  ['an empty line', '\r\n', 'ERROR\r\n'],
  ['a RESP array', command('GET', 'absent'), '$-1\r\n'],
  ['a RESP array of one', command('PING'), '+PONG\r\n'],
  ['a RESP array with an unknown command', command('nonsense'), UNKNOWN_INLINE],
  ['HELLO 2', command('ECHO', 'hello'), '$5\r\nhello\r\n'],
  ['RESP inline in capitals', 'PING\r\n', '+PONG\r\n'],
  ['RESP inline in small letters, a word that memcached has not', 'ping\r\n', '+PONG\r\n'],
  ['RESP inline GET in capitals', 'GET absent\r\n', '$-1\r\n'],
  ['RESP inline EXISTS', 'exists absent\r\n', ':0\r\n'],
];

eachRuntime(runtime => {
  let server: RingstoneServer;
  beforeAll(async () => {
    server = await startRingstone({ runtime });
  });
  afterAll(async () => {
    await server?.stop();
    await killLeftovers();
  });

  test.each(FIRST_BYTES)('%s', async (_name, sent, reply) => {
    const bytes = Buffer.isBuffer(sent) ? sent : Buffer.from(sent, 'latin1');
    const cuts = [[], ...Array.from({ length: bytes.length - 1 }, (_, index) => [index + 1])];
    await Promise.all(
      cuts.map(async cut => {
        const wire = await Wire.connect(server.address);
        await wire.sendSplit(bytes, cut);
        await wire.expect(reply);
        wire.close();
      }),
    );
  });

  test('a connection keeps the protocol that it began with', async () => {
    const memcached = await Wire.connect(server.address);
    await memcached.send('get absent\r\nPING\r\n*1\r\n$4\r\nPING\r\n');
    await memcached.expect('END\r\nERROR\r\nERROR\r\nERROR\r\nERROR\r\n');
    memcached.close();
    const resp = await Wire.connect(server.address);
    await resp.send('PING\r\nversion\r\n');
    await resp.expect("+PONG\r\n-ERR unknown command 'version', with args beginning with: \r\n");
    resp.close();
  });

  test('a connection that says nothing and ends harms nobody', async () => {
    const silent = await Wire.connect(server.address);
    silent.endInput();
    expect(await silent.readToEnd()).toEqual(Buffer.alloc(0));
    silent.close();
  });
});
