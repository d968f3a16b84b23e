/** Users and passwords over each protocol, on each runtime; and the real memcached, which says how its text answers. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { run } from '../harness/children.ts';
import { eventually } from '../harness/eventually.ts';
import { fixture } from '../harness/fixture.ts';
import { missingMemcached, startMemcached } from '../harness/oracles.ts';
import { describeWith } from '../harness/requirement.ts';
import { command, encode } from '../harness/resp.ts';
import { cli, temporaryFolder } from '../harness/ringstone.ts';
import { eachRuntime } from '../harness/runtimes.ts';
import { type Address, Wire } from '../harness/wire.ts';
import { exchange } from '../protocol/memcached/packets.ts';

const folder = temporaryFolder();
afterAll(folder.remove);

const USERS = 'ada:secret\nbob:two:colons\n';
let files = 0;

/** A file of users of its own. */
function usersFile(text = USERS, mode = 0o600): string {
  files += 1;
  const file = join(folder.path, `users-${files}`);
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

const login = (text: string) => `set any 0 0 ${text.length}\r\n${text}\r\n`;

const STORED = 'STORED\r\n';
const FAILURE = 'CLIENT_ERROR authentication failure\r\n';
const UNAUTHENTICATED = 'CLIENT_ERROR unauthenticated\r\n';
const VERSION = 'VERSION 1.6.18\r\n';

/** What is sent to a new connection, and what must come back; memcached loses answers when it is sent at once. */
const exchanges: readonly (readonly [name: string, ...steps: (readonly [sent: string, expected: string])[]])[] = [
  ['a user', [login('ada secret'), STORED], ['set a 0 0 1\r\nx\r\n', STORED]],
  ['a password with colons', [login('bob two:colons'), STORED], ['version\r\n', VERSION]],
  ['a wrong password', [login('ada secre'), FAILURE], ['version\r\n', UNAUTHENTICATED]],
  ['a longer password', [login('ada secrets'), FAILURE]],
  ['nobody', [login('eve secret'), FAILURE]],
  ["another's password", [login('ada two:colons'), FAILURE]],
  ['a second try', [login('ada x'), FAILURE], [login('ada secret'), STORED], ['get absent\r\n', 'END\r\n']],
  ['anything else', ['get a\r\n', UNAUTHENTICATED], ['stats\r\n', UNAUTHENTICATED]],
  ['another storage command', ['add a 0 0 1\r\n', UNAUTHENTICATED]],
  ['no password', [login('ada'), 'CLIENT_ERROR bad authentication token format\r\n']],
  ['a wrong end', ['set a 0 0 3\r\nadas\n', 'CLIENT_ERROR bad command line termination\r\n']],
];

async function asked(address: Address, sent: string, expected: string): Promise<void> {
  const wire = await Wire.connect(address);
  await wire.send(sent);
  await wire.expect(expected);
  wire.close();
}

describeWith(missingMemcached, 'the real memcached with -Y', () => {
  test('answers as the table says', async () => {
    // It runs as nobody, who has to get at the file.
    chmodSync(folder.path, 0o755);
    const memcached = await startMemcached(['-Y', usersFile(USERS, 0o644), '-B', 'ascii']);
    try {
      for (const [, ...steps] of exchanges) {
        const wire = await Wire.connect(memcached.address);
        for (const [sent, expected] of steps) {
          await wire.send(sent);
          await wire.expect(expected);
        }
        wire.close();
      }
    } finally {
      await memcached.stop();
    }
  });
});

eachRuntime(runtime => {
  const file = usersFile();
  const { server, connect } = fixture({ runtime, more: ['--auth-file', file] });

  test.each(exchanges)('memcached: %s', async (_name, ...steps) => {
    const sent = Buffer.from(steps.map(([text]) => text).join(''));
    const expected = steps.map(([, text]) => text).join('');
    const wire = await connect();
    await wire.send(sent);
    await wire.expect(expected);
    const bytes = await connect();
    const everywhere = Array.from({ length: sent.length }, (_, index) => index + 1);
    await bytes.sendSplit(sent, everywhere);
    await bytes.expect(expected);
  });

  test('memcached: what can be no login closes the connection', async () => {
    for (const sent of ['x'.repeat(2049), 'set a 0 0 100000\r\n']) {
      const wire = await connect();
      await wire.send(sent);
      expect((await wire.readToEnd()).toString()).toBe(
        sent.startsWith('x') ? '' : 'CLIENT_ERROR bad authentication token format\r\n',
      );
    }
  });

  test('the binary protocol is refused', async () => {
    const wire = await connect();
    const step = exchange([{ op: 'get', key: 'a' }, { op: 'noop' }], [{ op: 'get', failure: 'authFailure' }]);
    const nobody = { key: '', version: 2 as const, captured: {} };
    await wire.send(step.send(nobody));
    expect((await wire.readToEnd()).toString('latin1')).toMatch(step.expect(nobody) as RegExp);
  });

  describe('RESP', () => {
    const ask = async (wire: Wire, words: readonly string[], expected: string) => {
      await wire.send(command(...words));
      await wire.expect(expected);
    };
    const NOAUTH = '-NOAUTH Authentication required.\r\n';
    const WRONG = '-WRONGPASS invalid username-password pair or user is disabled.\r\n';

    test('nothing goes before AUTH', async () => {
      const wire = await connect();
      for (const words of [['GET', 'a'], ['PING'], ['INFO'], ['MULTI'], ['SUBSCRIBE', 'a'], ['CLIENT', 'ID']]) {
        await ask(wire, words, NOAUTH);
      }
      await ask(wire, ['AUTH', 'ada', 'wrong'], WRONG);
      await ask(wire, ['AUTH', 'secret'], WRONG);
      await ask(wire, ['AUTH', 'a', 'b', 'c'], '-ERR syntax error\r\n');
      await ask(wire, ['GET', 'a'], NOAUTH);
      await ask(wire, ['AUTH', 'ada', 'secret'], '+OK\r\n');
      await ask(wire, ['PING'], '+PONG\r\n');
      await ask(wire, ['AUTH', 'ada', 'wrong'], WRONG);
      await ask(wire, ['PING'], '+PONG\r\n');
      await ask(wire, ['RESET'], '+RESET\r\n');
      await ask(wire, ['PING'], NOAUTH);
      await ask(wire, ['QUIT'], '+OK\r\n');
    });

    test('HELLO with AUTH', async () => {
      const wire = await connect();
      await wire.send(command('HELLO', '3'));
      expect(await wire.readLine()).toMatch(/^-NOAUTH HELLO must be called with the client already authenticated/);
      await wire.send(command('HELLO', '3', 'SETNAME', 'x'));
      expect(await wire.readLine()).toMatch(/^-NOAUTH HELLO/);
      await ask(wire, ['HELLO', '3', 'AUTH', 'ada', 'no'], WRONG);
      await wire.send(command('HELLO', '3', 'AUTH', 'ada', 'secret', 'SETNAME', 'me'));
      expect((await wire.readLine()).trim()).toBe('%7');
      await wire.send(command('CLIENT', 'GETNAME'));
      await wire.readThrough(encode('$2\r\nme\r\n', 3));
    });

    test('large values are not taken from who has not said who it is', async () => {
      const wire = await connect();
      await wire.send('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000000\r\n');
      expect((await wire.readToEnd()).toString()).toBe('-ERR Protocol error: unauthenticated bulk length\r\n');
      const many = await connect();
      await many.send(`*100000\r\n${'$1\r\nx\r\n'.repeat(20_000)}`);
      expect((await many.readToEnd()).toString()).toBe('-ERR Protocol error: unauthenticated bulk length\r\n');
    });
  });

  test('SIGHUP reads the file again; a file that is wrong changes nothing; no secret is in the log', async () => {
    const hup = async (text: string, event: string) => {
      const before = server().events(event).length;
      writeFileSync(file, text);
      process.kill(server().pid, 'SIGHUP');
      return eventually(event, () => server().events(event)[before]);
    };
    const tells = async (text: string, expected: string) => asked(server().address, login(text), `${expected}\r\n`);
    expect((await hup('carol:new\nada:other\n', 'users')).msg).toBe('2 users');
    await tells('carol new', 'STORED');
    await tells('ada secret', 'CLIENT_ERROR authentication failure');
    const failed = await hup('carol:new\nhidden\n', 'reload_failed');
    expect(failed.msg).toContain('line 2 has no colon; the users stay as they were');
    await tells('ada other', 'STORED');
    await hup(USERS, 'users');
    await tells('ada secret', 'STORED');
    expect(server().child.stderr).not.toMatch(/secret|hidden|other/);
  });

  test('logins are counted', async () => {
    const wire = await connect();
    await wire.send(`${login('ada secret')}stats\r\n`);
    const stats = (await wire.readThrough('END\r\n')).toString();
    const count = (name: string) => Number(new RegExp(`STAT ${name} (\\d+)`).exec(stats)?.[1]);
    expect(count('auth_cmds')).toBeGreaterThan(count('auth_errors'));
    expect(count('auth_errors')).toBeGreaterThan(0);
  });
});

describe('starting', () => {
  const start = (file: string) =>
    run(process.execPath, [cli, 'serve', '--listen', '127.0.0.1:0', '--http', 'off', '--auth-file', file]);

  test('a file that is not there, or is none, is told', async () => {
    const missing = await start(join(folder.path, 'nowhere'));
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain('cannot take users from the auth file');
    const wrong = await start(usersFile('ada:secret\npassword\n'));
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain('line 2 has no colon');
    expect(wrong.stderr).not.toContain('password');
  });

  const open = usersFile(USERS, 0o644);
  const { server } = fixture({ more: ['--auth-file', open] });
  test('a file that others can read is warned of', () => {
    expect(server().events('auth_file_rights')).toEqual([expect.objectContaining({ level: 'warn', mode: '0644' })]);
  });
});
