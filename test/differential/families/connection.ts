/** RESP: what concerns the connection and the server, not keys. */
import { type Command, resp } from '../command.ts';
import { type Family, production } from '../family.ts';
import { integer, value } from '../values.ts';

/** A command after which the server ends the connection. */
const last = (command: Command): Command => ({ ...command, ends: true });
const raw = (name: string, bytes: string, more: Partial<Command> = {}): Command => ({
  name,
  parts: [Buffer.from(bytes, 'latin1')],
  ...more,
});

/** What is no request of RESP. */
const GARBAGE = [
  '*abc\r\n',
  '*2147483648\r\n',
  '*99999999999999999999\r\n',
  '*1\r\n:5\r\n',
  '*1\r\nPING\r\n',
  '*2\r\n$4\r\nPING\r\n+x\r\n',
  '*1\r\n$abc\r\n',
  '*1\r\n$-1\r\n',
  '*1\r\n$-5\r\n',
  '*1\r\n$999999999999\r\n',
  '*1\r\n$99999999999999999999999\r\n',
  '*1\r\n$ 4\r\nPING\r\n',
  '*1\r\n$+4\r\nPING\r\n',
  'GET "unbalanced\r\n',
  "GET 'unbalanced\r\n",
  'GET "a"b\r\n',
];

/** What is strange, but a request, or none at all. */
const STRANGE: readonly (readonly [bytes: string, replies: number])[] = [
  ['\r\n', 0],
  ['\n', 0],
  ['   \r\n', 0],
  ['*0\r\n', 0],
  ['*-1\r\n', 0],
  ['*-5\r\n', 0],
  ['PING "a\\x41\\n\\t\\\\"\r\n', 1],
  ["PING 'a\\'b\\n'\r\n", 1],
  ['PING "\\q\\"" \r\n', 1],
  ['ECHO ""\r\n', 1],
  ["ECHO ''\r\n", 1],
  ['PING\n', 1],
  ['PING\tx\r\n', 1],
  ['*1\r\n$0\r\n\r\n', 1],
  ['*2\r\n$0\r\n\r\n$1\r\na\r\n', 1],
];

export const connection: Family = {
  name: 'connection',
  protocol: 'resp',
  productions: [
    production('ping', 6, random => resp('PING', ...random.of([[], ['hello'], [value(random)], ['a', 'b']]))),
    production('echo', 4, random => resp('ECHO', value(random))),
    production('hello', 6, random => {
      const words = random.of([
        [],
        ['2'],
        ['3'],
        ['1'],
        ['4'],
        ['abc'],
        [integer(random)],
        ['3', 'FOO'],
        ['3', 'SETNAME'],
        ['3', 'SETNAME', 'a b'],
        ['2', 'SETNAME', 'me'],
        ['3', 'AUTH', 'x'],
        ['3', 'AUTH', 'nobody', 'x'],
      ]);
      // No further words: Redis 7.0 does what it has understood before it finds one that is wrong, Valkey 8 does not.
      return { ...resp('HELLO', ...words), replies: 1 };
    }),
    production('select', 3, random =>
      resp('SELECT', random.of(['0', '1', '-1', 'abc', '99999999999', integer(random)])),
    ),
    production('reset', 1, () => resp('RESET')),
    production('quit', 1, () => last(resp('QUIT'))),
    production('auth', 2, random => resp('AUTH', ...random.of([[], ['x'], ['nobody', 'x'], ['default', 'x', 'y']]))),
    production('client|id', 2, random => resp('CLIENT', 'ID', ...random.of([[], [], ['x']]))),
    production('client|setname', 4, random =>
      resp('CLIENT', 'SETNAME', random.of(['me', '', 'with space', 'a\nb', '\xff', 'x'.repeat(100)])),
    ),
    production('client|getname', 4, () => resp('CLIENT', 'GETNAME')),
    production('client|no-evict', 2, random => resp('CLIENT', 'NO-EVICT', ...random.of([['ON'], ['off'], ['x'], []]))),
    production('client|kill', 2, random => ({
      ...resp(
        'CLIENT',
        'KILL',
        ...random.of([
          ['1.2.3.4:5'],
          ['ID', '99999999'],
          ['ID', 'abc'],
          ['ID', '0'],
          ['TYPE', 'foo'],
          ['FOO', 'x'],
          ['ADDR', '1.2.3.4:5'],
          ['LADDR', '1.2.3.4:5'],
          ['USER', 'nobody'],
          ['SKIPME', 'maybe'],
          ['ID'],
        ]),
      ),
      // Each server has its own order of what is checked first.
      replies: 1,
    })),
    production('client|list', 1, random => {
      const words = random.of([['ID'], ['ID', 'abc'], ['TYPE', 'foo'], ['FOO'], ['ID', '99999999']]);
      return { ...resp('CLIENT', 'LIST', ...words), replies: 1 };
    }),
    production('client|reply', 2, random => {
      const between = Array.from({ length: random.below(3) }, () => ({ ...resp('PING'), replies: 0 }));
      const wrong = random.chance(0.2) ? [{ ...resp('CLIENT', 'REPLY', 'ON', 'extra'), replies: 0 }] : [];
      const [off, on] = [resp('CLIENT', 'REPLY', 'OFF'), resp('CLIENT', 'REPLY', 'ON')];
      return [{ ...off, replies: 0 }, ...between, ...wrong, { ...on, replies: 1 }];
    }),
    production('client|reply', 2, random => [
      { ...resp('CLIENT', 'REPLY', 'SKIP'), replies: 0 },
      { ...random.of([resp('PING'), resp('NOSUCH'), resp('ECHO', 'x')]), replies: 0 },
      resp('PING'),
    ]),
    production('client', 2, random => resp('CLIENT', ...random.of([[], ['FOO'], ['SETNAME'], ['ID', 'x', 'y']]))),
    production('command|list', 2, random => {
      const words = random.of([
        ['FOO'],
        ['COUNT', 'x'],
        ['INFO', 'nosuch'],
        ['GETKEYS'],
        ['LIST', 'FILTERBY', 'FOO', 'x'],
      ]);
      // Not to become a shorter one, which lists all commands.
      return { ...resp('COMMAND', ...words), replies: 1 };
    }),
    production('command|count', 0.5, () => ({ ...resp('COMMAND', 'COUNT', 'x'), replies: 1 })),
    production('command|info', 0.5, random => ({
      ...resp('COMMAND', 'INFO', random.of(['nosuch', 'client|nosuch'])),
      replies: 1,
    })),
    production('command|docs', 0.5, () => ({ ...resp('COMMAND', 'DOCS', 'nosuch'), replies: 1 })),
    production('command|getkeysandflags', 0.5, random => {
      const words = random.of([
        ['GET', 'a'],
        ['DEL', 'a', 'b'],
        ['PING', 'x'],
        ['INCRBY', 'a', '1'],
      ]);
      return { ...resp('COMMAND', 'GETKEYSANDFLAGS', ...words), replies: 1 };
    }),
    production('client|unblock', 0.5, random =>
      resp('CLIENT', 'UNBLOCK', random.of(['99999999', 'abc']), ...random.of([[], ['TIMEOUT'], ['FOO']])),
    ),
    production('command|getkeys', 3, random => {
      const words = random.of([
        ['GET', 'a'],
        ['MSET', 'a', '1', 'b', '2'],
        ['MGET', 'a', 'b'],
        ['PING', 'x'],
        ['NOSUCH', 'a'],
        ['DEL', 'a', 'b', 'c'],
        ['SET', 'a'],
        ['OBJECT', 'ENCODING', 'a'],
      ]);
      // Not with fewer: Redis 7.0 counts one word more than newer ones.
      return { ...resp('COMMAND', 'GETKEYS', ...words), replies: 1 };
    }),
    production('wait', 1, random => resp('WAIT', '0', random.of(['0', '-1', 'abc']))),
    production('time', 0.5, () => resp('TIME', 'x', 'y')),
    production('get', 3, random =>
      resp(
        random.of(['NOSUCH', 'nosuch', '', 'a\r\nb', 'x'.repeat(200)]),
        ...random.of([[], ['a'], ['a', 'b\r\n', 'c'], ['y'.repeat(200), 'z'], Array(30).fill('word')]),
      ),
    ),
    production('ping', 3, random => {
      const [bytes, replies] = random.of(STRANGE);
      return raw('RAW', bytes, { replies });
    }),
    production('ping', 1.5, random => raw('RAW', random.of(GARBAGE), { ends: true })),
  ],
};
