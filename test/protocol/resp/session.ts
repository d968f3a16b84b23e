/** PING, ECHO, HELLO, RESET, SELECT, CLIENT, COMMAND, INFO, QUIT; inline commands; what is no RESP. */
import { array, bulk, encode, error, int, map, NIL, OK, type Reply } from '../../harness/resp.ts';
import type { Entry } from '../../harness/table.ts';
import { row, step } from './dialect.ts';

const arity = (name: string) => error(`ERR wrong number of arguments for '${name}' command`);
const protocolError = (what: string) => error(`ERR Protocol error: ${what}`);
/** Valkey's bound for inline requests, in bytes. */
const MAX_INLINE_BYTES = 64 * 1024;

/** The reply of HELLO. */
function hello(version: 2 | 3, server: string): RegExp {
  const items: Reply[] = [
    bulk('server'),
    bulk(server),
    bulk('version'),
    'VERSION',
    bulk('proto'),
    int(version),
    bulk('id'),
    ':ID\r\n',
    bulk('mode'),
    bulk('standalone'),
    bulk('role'),
    bulk('master'),
    bulk('modules'),
    '*0\r\n',
  ];
  const escaped = encode(map(...items), version).replace(/[*$%]/g, '\\$&');
  return new RegExp(`^${escaped.replace('VERSION', '\\$\\d+\r\n\\d+\\.\\d+\\.\\d+\r\n').replace('ID', '\\d+')}$`);
}

export const session: Entry[] = [
  row('PING', [
    ['PING', '+PONG\r\n'],
    ['PING hello', bulk('hello')],
    ['PING a b', arity('ping')],
  ]),
  row('ECHO', [
    ['ECHO hello', bulk('hello')],
    [['ECHO', ''], bulk('')],
    ['ECHO', arity('echo')],
    ['ECHO a b', arity('echo')],
  ]),
  row('SELECT', [
    ['SELECT 0', OK],
    ['SELECT abc', error('ERR value is not an integer or out of range')],
    ['SELECT -1', error('ERR DB index is out of range')],
    ['SELECT 99', error('ERR DB index is out of range')],
    ['SELECT 2147483648', error('ERR value is out of range, value must between -2147483648 and 2147483647')],
    ['SELECT 99999999999999999999', error('ERR value is not an integer or out of range')],
    ['SELECT', arity('select')],
  ]),
  row('SELECT of another database', [['SELECT 1', error('ERR DB index is out of range')]], {
    differs: { why: 'there is one database, as in a cluster; Redis has 16', steps: null },
  }),
  row('CLIENT ID', [
    ['CLIENT ID', /^:(?<id>[1-9]\d*)\r\n$/],
    ['CLIENT ID', ':{id}\r\n'],
  ]),
  row(
    'CLIENT SETNAME and GETNAME',
    [
      ['CLIENT GETNAME', /^(\$-1|_)\r\n$/],
      ['CLIENT SETNAME me', OK],
      ['CLIENT GETNAME', bulk('me')],
      [['CLIENT', 'SETNAME', ''], OK],
      ['CLIENT GETNAME', NIL],
    ],
    { alone: true },
  ),
  row('CLIENT SETNAME with a space', [
    [['CLIENT', 'SETNAME', 'a b'], error('ERR Client names cannot contain spaces, newlines or special characters.')],
    [['CLIENT', 'SETNAME', 'a\nb'], error('ERR Client names cannot contain spaces, newlines or special characters.')],
  ]),
  row(
    'CLIENT SETINFO',
    [
      ['CLIENT SETINFO LIB-NAME some', OK],
      ['CLIENT SETINFO lib-ver 1.2', OK],
      ['CLIENT SETINFO nonsense x', error("ERR Unrecognized option 'nonsense'")],
    ],
    {
      differs: { why: 'Redis 7.0 has no CLIENT SETINFO yet', steps: null },
    },
  ),
  row('CLIENT with an unknown subcommand', [
    ['CLIENT nonsense', error("ERR unknown subcommand 'nonsense'. Try CLIENT HELP.")],
    ['CLIENT', arity('client')],
    ['CLIENT ID x', arity('client|id')],
    ['CLIENT SETNAME', arity('client|setname')],
  ]),
  row('COMMAND COUNT', [['COMMAND COUNT', /^:\d+\r\n$/]]),
  row('COMMAND INFO', [
    ['COMMAND INFO nonsense', /^\*1\r\n(\$-1|\*-1|_)\r\n$/],
    ['COMMAND INFO get', /^\*1\r\n\*10\r\n\$3\r\nget\r\n:2\r\n[*~]\d+\r\n(\+\w+\r\n)+:1\r\n:1\r\n:1\r\n/],
  ]),
  row('COMMAND DOCS', [
    ['COMMAND DOCS get', /^(\*2|%1)\r\n\$3\r\nget\r\n[*%]\d+\r\n\$7\r\nsummary\r\n/],
    ['COMMAND DOCS nonsense', map()],
  ]),
  row('COMMAND LIST', [['COMMAND LIST', /^\*\d+\r\n(?=[\s\S]*\$3\r\nget\r\n)(\$\d+\r\n[^\r\n]+\r\n)+$/]]),
  row('COMMAND LIST FILTERBY', [
    ['COMMAND LIST FILTERBY PATTERN get', array(bulk('get'))],
    ['COMMAND LIST FILTERBY MODULE nonsense', '*0\r\n'],
    ['COMMAND LIST FILTERBY ACLCAT nonsense', '*0\r\n'],
    ['COMMAND LIST FILTERBY ACLCAT connection', /^\*\d+\r\n(?=[\s\S]*\$4\r\necho\r\n)(?![\s\S]*\$3\r\nget\r\n)/],
    ['COMMAND LIST FILTERBY nonsense x', error('ERR syntax error')],
    ['COMMAND LIST nonsense', error('ERR syntax error')],
  ]),
  row('COMMAND GETKEYS', [
    ['COMMAND GETKEYS GET a', array(bulk('a'))],
    ['COMMAND GETKEYS MSET a 1 b 2', array(bulk('a'), bulk('b'))],
    ['COMMAND GETKEYS DEL a b c', array(bulk('a'), bulk('b'), bulk('c'))],
    ['COMMAND GETKEYS PING x', error('ERR The command has no key arguments')],
    ['COMMAND GETKEYS nonsense x', error('ERR Invalid command specified')],
    ['COMMAND GETKEYS SET a', error('ERR Invalid number of arguments specified for command')],
  ]),
  row('arity of the subcommands of COMMAND', [
    ['COMMAND COUNT x', arity('command|count')],
    ['COMMAND GETKEYS', arity('command|getkeys')],
  ]),
  row('COMMAND', [
    ['COMMAND', /^\*\d+\r\n\*10\r\n/],
    ['COMMAND nonsense', error("ERR unknown subcommand 'nonsense'. Try COMMAND HELP.")],
  ]),
  row('INFO', [
    [
      'INFO',
      /^(\$\d+\r\n|=\d+\r\ntxt:)# Server\r\n(?=[\s\S]*redis_version:\d+\.\d+\.\d+\r\n)(?=[\s\S]*used_memory:\d+\r\n)(?=[\s\S]*connected_clients:\d+\r\n)(?=[\s\S]*keyspace_hits:\d+\r\n)[\s\S]*\r\n$/,
    ],
    ['INFO clients', /^(\$\d+\r\n|=\d+\r\ntxt:)# Clients\r\n(?![\s\S]*# Server)(?=[\s\S]*connected_clients:\d+\r\n)/],
    ['INFO nonsense', /^(\$0\r\n|=4\r\ntxt:)\r\n$/],
  ]),
  row(
    'RESET',
    [
      ['RESET', '+RESET\r\n'],
      ['PING', '+PONG\r\n'],
    ],
    { resp2: true },
  ),
  row('HELLO with an unknown version', [
    ['HELLO 4', error('NOPROTO unsupported protocol version')],
    ['HELLO 1', error('NOPROTO unsupported protocol version')],
    ['HELLO abc', error('ERR Protocol version is not an integer or out of range')],
  ]),
  row(
    'HELLO 2',
    [
      ['HELLO 2', hello(2, 'ringstone')],
      ['GET {k}', '$-1\r\n'],
    ],
    {
      resp2: true,
      differs: { why: 'Ringstone says its own name and version', steps: [step('HELLO 2', hello(2, 'redis'))] },
    },
  ),
  row(
    'HELLO 3 and back',
    [
      ['HELLO 3', hello(3, 'ringstone')],
      ['GET {k}', '_\r\n'],
      ['HELLO 2', /^\*14\r\n/],
      ['GET {k}', '$-1\r\n'],
    ],
    {
      resp2: true,
      differs: { why: 'Ringstone says its own name and version', steps: [step('HELLO 3', hello(3, 'redis'))] },
    },
  ),
  row(
    'HELLO with a name',
    [
      ['HELLO 2 SETNAME me', /^\*14\r\n/],
      ['CLIENT GETNAME', bulk('me')],
      ['RESET', '+RESET\r\n'],
      ['CLIENT GETNAME', '$-1\r\n'],
    ],
    { resp2: true },
  ),
  row('HELLO with nonsense', [
    ['HELLO 3 nonsense', error("ERR Syntax error in HELLO option 'nonsense'")],
    ['HELLO 3 SETNAME', error("ERR Syntax error in HELLO option 'SETNAME'")],
  ]),
  row('HELLO without a version', [['HELLO', /^(\*14|%7)\r\n/]]),
  row(
    'QUIT',
    [
      ['SET {k} a', OK],
      ['QUIT', OK],
      ['GET {k}', ''],
    ],
    { closes: true },
  ),

  row('an unknown command', [
    ['nonsense', error("ERR unknown command 'nonsense', with args beginning with: ")],
    ['nonsense a bc', error("ERR unknown command 'nonsense', with args beginning with: 'a' 'bc' ")],
    ['PING', '+PONG\r\n'],
  ]),
  row('an unknown command with a line end in it', [
    [['no\r\nsense', 'a\nb'], error("ERR unknown command 'no  sense', with args beginning with: 'a b' ")],
  ]),
  row('a pipeline of every kind', [
    ['SET {k} 1', OK],
    ['INCR {k}', int(2)],
    ['nonsense', error("ERR unknown command 'nonsense', with args beginning with: ")],
    ['GET', arity('get')],
    ['MGET {k} {k}x', array(bulk('2'), NIL)],
    ['DEL {k}', int(1)],
    ['GET {k}', NIL],
  ]),

  row('inline commands', [[{ raw: 'SET {k} hello\r\nGET {k}\r\n' }, `${OK}${bulk('hello')}`]]),
  row('inline commands with LF only', [[{ raw: 'PING\nPING\n' }, '+PONG\r\n+PONG\r\n']]),
  row('inline commands with quotes', [
    [
      { raw: 'ECHO "a b\\r\\n\\x41\\""\r\nECHO \'c d\\\'\'\r\nECHO ""\r\n' },
      `${bulk('a b\r\nA"')}${bulk("c d'")}${bulk('')}`,
    ],
  ]),
  row('inline commands with spaces and tabs', [[{ raw: '  ECHO \t hello  \r\n' }, bulk('hello')]]),
  row('empty lines are ignored', [[{ raw: '\r\n\r\nPING\r\n' }, '+PONG\r\n']]),
  row('an empty array and a null one are ignored', [[{ raw: '*0\r\n*-1\r\n*1\r\n$4\r\nPING\r\n' }, '+PONG\r\n']]),
  row('inline and arrays in turn', [[{ raw: 'PING\r\n*1\r\n$4\r\nPING\r\nPING\r\n' }, '+PONG\r\n+PONG\r\n+PONG\r\n']]),
  row('quotes that do not end', [[{ raw: 'SET {k} "hello\r\n' }, protocolError('unbalanced quotes in request')]], {
    closes: true,
  }),
  row(
    'a line that is too long',
    [[{ raw: 'x'.repeat(MAX_INLINE_BYTES + 10) }, protocolError('too big inline request')]],
    { closes: true, coarse: true },
  ),
  row('an array whose length is no number', [[{ raw: '*abc\r\n' }, protocolError('invalid multibulk length')]], {
    closes: true,
  }),
  row('an array of 2^31', [[{ raw: '*2147483648\r\n' }, protocolError('invalid multibulk length')]], { closes: true }),
  row('a bulk that does not begin with a dollar', [[{ raw: '*1\r\n:5\r\n' }, protocolError("expected '$', got ':'")]], {
    closes: true,
  }),
  row('a nested array', [[{ raw: '*1\r\n*1\r\n$4\r\nPING\r\n' }, protocolError("expected '$', got '*'")]], {
    closes: true,
  }),
  row('a bulk whose length is no number', [[{ raw: '*1\r\n$abc\r\n' }, protocolError('invalid bulk length')]], {
    closes: true,
  }),
  row('a bulk of negative length', [[{ raw: '*1\r\n$-1\r\n' }, protocolError('invalid bulk length')]], {
    closes: true,
  }),
  row('a bulk that is too long', [[{ raw: '*1\r\n$999999999999\r\n' }, protocolError('invalid bulk length')]], {
    closes: true,
  }),
  row(
    'replies before a protocol error are sent',
    [[{ raw: 'PING\r\n*1\r\n$-1\r\n' }, `+PONG\r\n${protocolError('invalid bulk length')}`]],
    { closes: true },
  ),
];
