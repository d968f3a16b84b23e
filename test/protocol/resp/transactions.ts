/** MULTI, EXEC, DISCARD, WATCH, UNWATCH. */
import { array, bulk, error, int, NIL, OK, type Reply } from '../../harness/resp.ts';
import { type Entry, KEY_BYTES } from '../../harness/table.ts';
import { row } from './dialect.ts';

const QUEUED = '+QUEUED\r\n';
const NULL_ARRAY: Reply = version => (version === 3 ? '_\r\n' : '*-1\r\n');
const ABORTED = error('EXECABORT Transaction discarded because of previous errors.');
const arity = (name: string) => error(`ERR wrong number of arguments for '${name}' command`);
/** `{k}` as a bulk string. */
const KEY = `$${KEY_BYTES}\r\n{k}\r\n`;
const LARGE = 'x'.repeat(100_000);

/** A transaction: the commands, and the replies of EXEC. */
function transaction(...commands: readonly (readonly [string, Reply])[]): (readonly [string, Reply])[] {
  return [
    ['MULTI', OK],
    ...commands.map(([words]) => [words, QUEUED] as const),
    ['EXEC', array(...commands.map(([, reply]) => reply))],
  ];
}

/** What is done to a key between WATCH and MULTI; there the sentinel between two steps does no harm. */
function watching(
  what: string,
  before: string,
  changes: readonly string[],
  end: readonly (readonly [string, Reply])[],
): Entry {
  const patterned = [before, 'WATCH {k} {k}.none', ...changes].map(
    words => [words, /^(\+OK|:\d|\$1\r\n1|\$-1|_)\r\n$/] as const,
  );
  const name = `WATCH of a key that ${what}`;
  return { name, steps: [...row(name, patterned).steps, ...row(name, end).steps] };
}

export const transactions: Entry[] = [
  row('MULTI and EXEC', transaction(['SET {k} 5', OK], ['INCR {k}', int(6)], ['GET {k}', bulk('6')])),
  row('EXEC of nothing', transaction()),
  row('EXEC: null, error and array among the replies', [
    ['SET {k} text', OK],
    ...transaction(
      ['GET {k}.none', NIL],
      ['INCR {k}', error('ERR value is not an integer or out of range')],
      ['MGET {k} {k}.none', array(bulk('text'), NIL)],
      ['SET {k} 1 NX', NIL],
    ),
  ]),
  row('EXEC goes on after an error', [
    ['SET {k} text', OK],
    ...transaction(['INCR {k}', error('ERR value is not an integer or out of range')], ['SET {k}2 1', OK]),
    ['GET {k}2', bulk('1')],
  ]),
  row('EXEC of commands on several keys', [
    ...transaction(
      ['MSET {k}1 a {k}2 b', OK],
      ['EXISTS {k}1 {k}2 {k}3', int(2)],
      ['DEL {k}1 {k}3', int(1)],
      ['MGET {k}1 {k}2', array(NIL, bulk('b'))],
    ),
  ]),
  row('EXEC of commands on the connection', [
    ...transaction(['PING', '+PONG\r\n'], ['ECHO x', bulk('x')], ['SELECT 99', error('ERR DB index is out of range')]),
  ]),
  row('a key with a time of expiry within a transaction', [
    ...transaction(['SET {k} v EX 100', OK], ['PERSIST {k}', int(1)], ['TTL {k}', int(-1)], ['EXPIRE {k} -1', int(1)]),
    ['EXISTS {k}', int(0)],
  ]),
  row('EXEC with a large value', transaction([`SET {k} ${LARGE}`, OK], ['STRLEN {k}', int(LARGE.length)]), {
    coarse: true,
  }),
  row('DISCARD', [
    ['MULTI', OK],
    ['SET {k} 1', QUEUED],
    ['DISCARD', OK],
    ['GET {k}', NIL],
    ['EXEC', error('ERR EXEC without MULTI')],
  ]),
  row(
    'DISCARD with a large value',
    [
      ['MULTI', OK],
      [`SET {k} ${LARGE}`, QUEUED],
      ['DISCARD', OK],
      ['EXISTS {k}', int(0)],
    ],
    { coarse: true },
  ),
  row('EXEC and DISCARD without MULTI', [
    ['EXEC', error('ERR EXEC without MULTI')],
    ['DISCARD', error('ERR DISCARD without MULTI')],
  ]),
  row('MULTI within MULTI', [
    ['MULTI', OK],
    ['MULTI', error('ERR MULTI calls can not be nested')],
    ['SET {k} 1', QUEUED],
    ['EXEC', array(OK)],
  ]),
  row('WATCH within MULTI', [
    ['MULTI', OK],
    ['WATCH {k}', error('ERR WATCH inside MULTI is not allowed')],
    ['UNWATCH', QUEUED],
    ['EXEC', array(OK)],
  ]),
  row('an unknown command within MULTI', [
    ['MULTI', OK],
    ['SET {k} 1', QUEUED],
    ['NONSENSE', error("ERR unknown command 'NONSENSE', with args beginning with: ")],
    ['SET {k} 2', QUEUED],
    ['EXEC', ABORTED],
    ['GET {k}', NIL],
  ]),
  row('a wrong number of arguments within MULTI', [
    ['MULTI', OK],
    ['GET', arity('get')],
    ['EXEC', ABORTED],
    ['EXEC', error('ERR EXEC without MULTI')],
  ]),
  row('a subcommand that is not there within MULTI', [
    ['MULTI', OK],
    ['CONFIG NONSENSE', error("ERR unknown subcommand 'NONSENSE'. Try CONFIG HELP.")],
    ['EXEC', ABORTED],
    ['MULTI', OK],
    ['CONFIG GET', arity('config|get')],
    ['EXEC', ABORTED],
    ['MULTI', OK],
    ['OBJECT ENCODING', arity('object|encoding')],
    ['DISCARD', OK],
  ]),
  row(
    'a refusal that EXEC finds does not abort',
    transaction(
      ['CONFIG SET nonsense 1', error("ERR Unknown option or number of arguments for CONFIG SET - 'nonsense'")],
      ['PING', '+PONG\r\n'],
    ),
  ),
  row('arity of the commands of transactions', [
    ['MULTI x', arity('multi')],
    ['EXEC x', error("EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command")],
    ['DISCARD x', arity('discard')],
    ['WATCH', arity('watch')],
    ['UNWATCH x', arity('unwatch')],
  ]),
  row(
    'RESET within MULTI',
    [
      ['MULTI', OK],
      ['SET {k} 1', QUEUED],
      ['RESET', '+RESET\r\n'],
      ['EXEC', error('ERR EXEC without MULTI')],
      ['GET {k}', '$-1\r\n'],
    ],
    { resp2: true },
  ),
  row(
    'HELLO within MULTI',
    [
      [
        { raw: 'MULTI\r\nHELLO 3\r\nGET {k}\r\nEXEC\r\n' },
        /^\+OK\r\n\+QUEUED\r\n\+QUEUED\r\n\*2\r\n%7\r\n[\s\S]+\*0\r\n_\r\n$/,
      ],
    ],
    { resp2: true },
  ),
  row(
    'QUIT within MULTI',
    [
      ['MULTI', OK],
      ['QUIT', OK],
    ],
    { closes: true },
  ),
  row('WATCH of a key that stays', [
    ['SET {k} 1', OK],
    ['WATCH {k} {k}.none', OK],
    ['GET {k}', bulk('1')],
    ...transaction(['INCR {k}', int(2)]),
  ]),
  row('WATCH of a key that changes', [
    ['SET {k} 1', OK],
    ['WATCH {k}', OK],
    ['SET {k} 1', OK],
    ['MULTI', OK],
    ['INCR {k}', QUEUED],
    ['EXEC', NULL_ARRAY],
    ['GET {k}', bulk('1')],
    ...transaction(['INCR {k}', int(2)]),
  ]),
  ...(
    [
      ['is deleted', 'SET {k} 1', ['DEL {k}']],
      ['is read and loses its time of expiry', 'SET {k} 1 EX 100', ['GETEX {k} PERSIST']],
      ['is deleted and written again', 'SET {k} 1', ['DEL {k}', 'SET {k} 1']],
      ['comes', 'DEL {k}', ['SET {k} 1']],
      ['comes and goes', 'DEL {k}', ['SET {k} 1', 'DEL {k}']],
      ['is given a time of expiry', 'SET {k} 1', ['EXPIRE {k} 100']],
      ['loses its time of expiry', 'SET {k} 1 EX 100', ['PERSIST {k}']],
      ['has expired by being told so', 'SET {k} 1', ['EXPIRE {k} -1']],
      ['is counted up', 'SET {k} 1', ['INCR {k}']],
      ['is appended to', 'SET {k} 1', ['APPEND {k} 2']],
      ['is written over in part', 'SET {k} 1', ['SETRANGE {k} 0 2']],
      ['is renamed', 'SET {k} 1', ['RENAME {k} {k}2']],
      ['is the target of RENAME', 'SET {k}2 1', ['RENAME {k}2 {k}']],
      ['is read with a new time of expiry', 'SET {k} 1', ['GETEX {k} EX 100']],
      ['is given a field', 'HSET {k} f 1', ['HSET {k} g 1']],
      ['loses a field', 'HSET {k} f 1 g 1', ['HDEL {k} g']],
    ] as const
  ).map(([what, before, changes]) =>
    watching(what, before, changes, [
      ['MULTI', OK],
      ['PING', QUEUED],
      ['EXEC', NULL_ARRAY],
    ]),
  ),
  ...(
    [
      ['is read', 'GET {k}'],
      ['is looked for', 'EXISTS {k}'],
      ['has no time of expiry to lose', 'PERSIST {k}'],
      ['is read and has no time of expiry to lose', 'GETEX {k} PERSIST'],
      ['is not given what it has', 'SET {k} 2 NX'],
      ['is not deleted, for it is not there', 'DEL {k}.none'],
    ] as const
  ).map(([what, words]) => watching(what, 'SET {k} 1', [words], transaction(['PING', '+PONG\r\n']))),
  row('EXEC with a word that it does not take ends the transaction', [
    ['MULTI', OK],
    ['EXEC x', error("EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command")],
    ['EXEC', error('ERR EXEC without MULTI')],
    ['EXEC x', error("EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command")],
  ]),
  row('UNWATCH', [['WATCH {k}', OK], ['SET {k} 1', OK], ['UNWATCH', OK], ...transaction(['PING', '+PONG\r\n'])]),
  row('DISCARD forgets what is watched', [
    ['WATCH {k}', OK],
    ['SET {k} 1', OK],
    ['MULTI', OK],
    ['DISCARD', OK],
    ...transaction(['PING', '+PONG\r\n']),
  ]),
  row('an error while queueing comes before a change', [
    ['WATCH {k}', OK],
    ['SET {k} 1', OK],
    ['MULTI', OK],
    ['GET', arity('get')],
    ['EXEC', ABORTED],
    ...transaction(['PING', '+PONG\r\n']),
  ]),
  row(
    'commands on all keys within MULTI',
    [
      ['MULTI', OK],
      ['FLUSHALL', QUEUED],
      ['SET {k} 1', QUEUED],
      ['DBSIZE', QUEUED],
      ['KEYS *', QUEUED],
      ['RANDOMKEY', QUEUED],
      ['SCAN 0', QUEUED],
      ['FLUSHDB', QUEUED],
      ['EXEC', array(OK, OK, int(1), array(KEY), KEY, array(bulk('0'), array(KEY)), OK)],
      ['GET {k}', NIL],
    ],
    { alone: true },
  ),
];
