/** TOUCH, absolute times, RENAME, COPY, OBJECT, KEYS, SCAN, RANDOMKEY, TIME, WAIT, and what is left out. */
import { array, bulk, error, int, NIL, OK } from '../../harness/resp.ts';
import { type Entry, KEY_BYTES } from '../../harness/table.ts';
import { row, secondsLeft } from './dialect.ts';

const SYNTAX = error('ERR syntax error');
const NOT_INTEGER = error('ERR value is not an integer or out of range');
const NO_SUCH_KEY = error('ERR no such key');
const DB_OUT_OF_RANGE = error('ERR DB index is out of range');
const SAME_OBJECT = error('ERR source and destination objects are the same');
const INVALID_CURSOR = error('ERR invalid cursor');
const arity = (name: string) => error(`ERR wrong number of arguments for '${name}' command`);
const invalidExpire = (name: string) => error(`ERR invalid expire time in '${name}' command`);

/** A bulk of the row's key and what is added to it. */
const key = (suffix = '') => `$${KEY_BYTES + suffix.length}\r\n{k}${suffix}\r\n`;

const YEAR_2100_S = 4102444800;
const YEAR_2100_MS = 4102444800000;
const LEFT_OUT: readonly (readonly [command: string, what: string])[] = [
  ['LPUSH k v', 'lists'],
  ['sadd k v', 'sets'],
  ['ZAdd k 1 v', 'sorted sets'],
  ['XADD k * f v', 'streams'],
  ['GEOADD k 1 1 v', 'geographic indexes'],
  ['SETBIT k 1 1', 'bitmaps'],
  ['PFADD k v', 'HyperLogLogs'],
  ['EVAL x 0', 'scripts'],
  ['MODULE LIST', 'modules'],
  ['REPLICAOF NO ONE', 'replication'],
  ['BGSAVE', 'files'],
  ['MOVE k 1', 'other databases'],
  ['ACL LIST', 'access control lists'],
  ['SPUBLISH k v', 'sharded channels'],
  ['SORT k', 'sorting'],
  ['HEXPIRE k 1 FIELDS 1 f', 'times of expiry of fields'],
];

const LFU_NOT_SELECTED = error(
  'ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between ' +
    'policies at runtime LRU and LFU data will take some time to adjust.',
);

export const keyspace: Entry[] = [
  row('TOUCH', [
    ['TOUCH {k}', int(0)],
    ['MSET {k}1 a {k}2 b', OK],
    ['TOUCH {k}1 {k}2 {k}3 {k}1', int(3)],
    ['TOUCH', arity('touch')],
  ]),
  row('EXPIREAT and PEXPIREAT', [
    [`EXPIREAT {k} ${YEAR_2100_S}`, int(0)],
    ['SET {k} a', OK],
    [`EXPIREAT {k} ${YEAR_2100_S}`, int(1)],
    ['EXPIRETIME {k}', int(YEAR_2100_S)],
    ['PEXPIRETIME {k}', int(YEAR_2100_MS)],
    [`PEXPIREAT {k} ${YEAR_2100_MS + 499}`, int(1)],
    ['EXPIRETIME {k}', int(YEAR_2100_S)],
    [`PEXPIREAT {k} ${YEAR_2100_MS + 500}`, int(1)],
    ['EXPIRETIME {k}', int(YEAR_2100_S + 1)],
    ['PEXPIRETIME {k}', int(YEAR_2100_MS + 500)],
  ]),
  row('EXPIRETIME and PEXPIRETIME without a key or a time', [
    ['EXPIRETIME {k}', int(-2)],
    ['PEXPIRETIME {k}', int(-2)],
    ['SET {k} a', OK],
    ['EXPIRETIME {k}', int(-1)],
    ['PEXPIRETIME {k}', int(-1)],
    ['EXPIRETIME', arity('expiretime')],
    ['PEXPIRETIME {k} {k}', arity('pexpiretime')],
  ]),
  row('EXPIREAT and PEXPIREAT in the past delete', [
    ['SET {k} a', OK],
    ['EXPIREAT {k} 1', int(1)],
    ['EXISTS {k}', int(0)],
    ['SET {k} a', OK],
    ['PEXPIREAT {k} -9223372036854775808', int(1)],
    ['EXISTS {k}', int(0)],
    ['SET {k} a', OK],
    ['EXPIREAT {k} 0', int(1)],
    ['EXISTS {k}', int(0)],
  ]),
  row('conditions of EXPIREAT and PEXPIREAT', [
    ['SET {k} a', OK],
    [`EXPIREAT {k} ${YEAR_2100_S} XX`, int(0)],
    [`EXPIREAT {k} ${YEAR_2100_S} GT`, int(0)],
    [`EXPIREAT {k} ${YEAR_2100_S} NX`, int(1)],
    [`PEXPIREAT {k} ${YEAR_2100_MS} NX`, int(0)],
    [`PEXPIREAT {k} ${YEAR_2100_MS + 1} LT`, int(0)],
    [`PEXPIREAT {k} ${YEAR_2100_MS + 1} GT XX`, int(1)],
    ['PEXPIRETIME {k}', int(YEAR_2100_MS + 1)],
    ['EXPIREAT {k} 1 NX GT', error('ERR NX and XX, GT or LT options at the same time are not compatible')],
    ['PEXPIREAT {k} 1 GT LT', error('ERR GT and LT options at the same time are not compatible')],
    ['EXPIREAT {k} 1 nonsense', error('ERR Unsupported option nonsense')],
  ]),
  row('times of EXPIREAT and PEXPIREAT that are none', [
    ['SET {k} a', OK],
    ['EXPIREAT {k} abc', NOT_INTEGER],
    ['EXPIREAT {k} 9223372036854775807', invalidExpire('expireat')],
    ['EXPIREAT {k} -9223372036854775808', invalidExpire('expireat')],
    ['PEXPIREAT {k} 1.5', NOT_INTEGER],
    ['PEXPIREAT {k} 9223372036854775807', int(1)],
    ['PEXPIRETIME {k}', int(9223372036854775807n)],
    ['EXPIREAT {k}', arity('expireat')],
    ['PEXPIREAT {k}', arity('pexpireat')],
  ]),

  row('RENAME', [
    ['RENAME {k}1 {k}2', NO_SUCH_KEY],
    ['SET {k}1 a EX 100', OK],
    ['SET {k}2 b', OK],
    ['RENAME {k}1 {k}2', OK],
    ['EXISTS {k}1', int(0)],
    ['GET {k}2', bulk('a')],
    ['TTL {k}2', secondsLeft(100)],
  ]),
  row('RENAME to the same key', [
    ['RENAME {k} {k}', NO_SUCH_KEY],
    ['RENAMENX {k} {k}', NO_SUCH_KEY],
    ['SET {k} a EX 100', OK],
    ['RENAME {k} {k}', OK],
    ['RENAMENX {k} {k}', int(0)],
    ['GET {k}', bulk('a')],
    ['TTL {k}', secondsLeft(100)],
  ]),
  row('RENAMENX', [
    ['RENAMENX {k}1 {k}2', NO_SUCH_KEY],
    ['MSET {k}1 a {k}2 b', OK],
    ['RENAMENX {k}1 {k}2', int(0)],
    ['GET {k}2', bulk('b')],
    ['DEL {k}2', int(1)],
    ['EXPIRE {k}1 100', int(1)],
    ['RENAMENX {k}1 {k}2', int(1)],
    ['EXISTS {k}1', int(0)],
    ['GET {k}2', bulk('a')],
    ['TTL {k}2', secondsLeft(100)],
  ]),
  row('RENAME of a hash', [
    ['HSET {k}1 f v', int(1)],
    ['SET {k}2 a', OK],
    ['RENAME {k}1 {k}2', OK],
    ['TYPE {k}2', '+hash\r\n'],
    ['HGET {k}2 f', bulk('v')],
    ['COPY {k}2 {k}1', int(1)],
    ['HGET {k}1 f', bulk('v')],
  ]),
  row('arity of RENAME and COPY', [
    ['RENAME {k}', arity('rename')],
    ['RENAME {k} {k} {k}', arity('rename')],
    ['RENAMENX {k}', arity('renamenx')],
    ['COPY {k}', arity('copy')],
  ]),
  row('COPY', [
    ['COPY {k}1 {k}2', int(0)],
    ['SET {k}1 a EX 100', OK],
    ['COPY {k}1 {k}2', int(1)],
    ['GET {k}2', bulk('a')],
    ['TTL {k}2', secondsLeft(100)],
    ['SET {k}1 b', OK],
    ['GET {k}2', bulk('a')],
    ['COPY {k}1 {k}2', int(0)],
    ['COPY {k}1 {k}2 REPLACE', int(1)],
    ['GET {k}2', bulk('b')],
    ['TTL {k}2', int(-1)],
    ['COPY {k}1 {k}3 DB 0 replace', int(1)],
    ['COPY {k}1 {k}4 db 0', int(1)],
    ['GET {k}4', bulk('b')],
  ]),
  row('options of COPY that are none', [
    ['COPY {k} {k}', SAME_OBJECT],
    ['SET {k} a', OK],
    ['COPY {k} {k} REPLACE', SAME_OBJECT],
    ['COPY {k} {k}x nonsense', SYNTAX],
    ['COPY {k} {k}x DB', SYNTAX],
    ['COPY {k} {k}x DB abc', NOT_INTEGER],
    ['COPY {k} {k}x DB 4294967296', error('ERR value is out of range, value must between -2147483648 and 2147483647')],
    ['COPY {k} {k}x DB 100', DB_OUT_OF_RANGE],
    ['COPY {k} {k}x DB -1', DB_OUT_OF_RANGE],
    ['EXISTS {k}x', int(0)],
  ]),
  row('COPY to another database', [['COPY {k} {k}x DB 1', DB_OUT_OF_RANGE]], {
    differs: { why: 'there is one database', steps: row('', [['COPY {k} {k}x DB 1', int(0)]]).steps },
  }),

  row('OBJECT ENCODING', [
    ['OBJECT ENCODING {k}', NIL],
    ['SET {k} 123', OK],
    ['OBJECT ENCODING {k}', bulk('int')],
    ['SET {k} -9223372036854775808', OK],
    ['object encoding {k}', bulk('int')],
    ['SET {k} 9223372036854775808', OK],
    ['OBJECT ENCODING {k}', bulk('embstr')],
    ['SET {k} 0123', OK],
    ['OBJECT ENCODING {k}', bulk('embstr')],
    [['SET', '{k}', 'x'.repeat(44)], OK],
    ['OBJECT ENCODING {k}', bulk('embstr')],
    [['SET', '{k}', 'x'.repeat(45)], OK],
    ['OBJECT ENCODING {k}', bulk('raw')],
    ['DEL {k}', int(1)],
    ['HSET {k} f v', int(1)],
    ['OBJECT ENCODING {k}', bulk('listpack')],
  ]),
  row(
    'OBJECT ENCODING of what was changed',
    [
      ['SET {k} ab', OK],
      ['APPEND {k} c', int(3)],
      ['OBJECT ENCODING {k}', bulk('embstr')],
    ],
    {
      differs: {
        why: 'Ringstone keeps all alike and goes by the value alone',
        steps: row('', [
          ['SET {k} ab', OK],
          ['APPEND {k} c', int(3)],
          ['OBJECT ENCODING {k}', bulk('raw')],
        ]).steps,
      },
    },
  ),
  row('OBJECT IDLETIME, REFCOUNT and FREQ', [
    ['OBJECT IDLETIME {k}', NIL],
    ['OBJECT REFCOUNT {k}', NIL],
    ['OBJECT FREQ {k}', NIL],
    ['SET {k} a', OK],
    ['OBJECT IDLETIME {k}', /^:\d\d?\r\n$/],
    ['OBJECT REFCOUNT {k}', int(1)],
    ['OBJECT FREQ {k}', LFU_NOT_SELECTED],
  ]),
  row('OBJECT HELP', [['OBJECT HELP', /^\*15\r\n\+OBJECT <subcommand> (.*\r\n){14}\+ {4}Prints this help\.\r\n$/]]),
  row('subcommands of OBJECT that are none', [
    ['OBJECT', arity('object')],
    ['OBJECT nonsense', error("ERR unknown subcommand 'nonsense'. Try OBJECT HELP.")],
    ['OBJECT nonsense {k}', error("ERR unknown subcommand 'nonsense'. Try OBJECT HELP.")],
    ['OBJECT ENCODING', arity('object|encoding')],
    ['OBJECT freq {k} {k}', arity('object|freq')],
    ['OBJECT HELP {k}', arity('object|help')],
  ]),

  row('KEYS', [
    ['KEYS {k}*', array()],
    ['MSET {k}:a1 x {k}:b1 x {k}:b2 x', OK],
    ['KEYS {k}:a?', array(key(':a1'))],
    ['KEYS {k}:[^a]1', array(key(':b1'))],
    ['KEYS {k}:[b-z]2', array(key(':b2'))],
    ['KEYS {k}:*1*', /^\*2\r\n(\$11\r\n\w+:[ab]1\r\n){2}$/],
    ['KEYS {k}', array()],
    ['KEYS {k}:a1', array(key(':a1'))],
    ['KEYS {k}:\\a1', array(key(':a1'))],
    ['KEYS {k}:A1', array()],
    ['KEYS', arity('keys')],
    ['KEYS a b', arity('keys')],
  ]),
  row(
    'KEYS of all, with the empty key',
    [
      ['FLUSHALL', OK],
      ['KEYS *', array()],
      [['SET', '', 'x'], OK],
      ['KEYS *', array(bulk(''))],
      ['KEYS **', array()],
      [['KEYS', ''], array(bulk(''))],
      ['FLUSHALL', OK],
      [['SET', '\r\n\xff', 'x'], OK],
      ['KEYS *', array(bulk('\r\n\xff'))],
    ],
    { alone: true },
  ),
  row(
    'SCAN',
    [
      ['FLUSHALL', OK],
      ['SCAN 0', array(bulk('0'), array())],
      ['SET {k}:a x', OK],
      ['HSET {k}:b f x', int(1)],
      ['SCAN 0 MATCH *:a COUNT 1000', array(bulk('0'), array(key(':a')))],
      ['SCAN 0 TYPE hash COUNT 1000', array(bulk('0'), array(key(':b')))],
      ['SCAN 0 type STRING count 1000 match *', array(bulk('0'), array(key(':a')))],
      ['SCAN 0 TYPE hash MATCH *:a COUNT 1000', array(bulk('0'), array())],
      ['SCAN 0 TYPE nonsense COUNT 1000', array(bulk('0'), array())],
      ['SCAN 0 MATCH x MATCH *:a COUNT 1000', array(bulk('0'), array(key(':a')))],
      ['SCAN 0 COUNT 1000', /^\*2\r\n\$1\r\n0\r\n\*2\r\n(\$10\r\n\w+:[ab]\r\n){2}$/],
    ],
    { alone: true },
  ),
  row('options of SCAN that are none', [
    ['SCAN', arity('scan')],
    ['SCAN abc', INVALID_CURSOR],
    ['SCAN 1a', INVALID_CURSOR],
    [['SCAN', ' 1'], INVALID_CURSOR],
    ['SCAN 18446744073709551616', INVALID_CURSOR],
    ['SCAN abc nonsense', INVALID_CURSOR],
    ['SCAN 0 nonsense', SYNTAX],
    ['SCAN 0 nonsense 1', SYNTAX],
    ['SCAN 0 MATCH', SYNTAX],
    ['SCAN 0 COUNT', SYNTAX],
    ['SCAN 0 TYPE', SYNTAX],
    ['SCAN 0 COUNT 0', SYNTAX],
    ['SCAN 0 COUNT -1', SYNTAX],
    ['SCAN 0 COUNT abc', NOT_INTEGER],
    ['SCAN 0 COUNT 0 nonsense', SYNTAX],
    ['SCAN 0 NOVALUES', SYNTAX],
  ]),
  row('cursors with a sign', [['SCAN -1', INVALID_CURSOR]], {
    differs: { why: 'no server ever gave such a cursor', steps: row('', [['SCAN -1', /^\*2\r\n/]]).steps },
  }),
  row(
    'RANDOMKEY',
    [
      ['FLUSHALL', OK],
      ['RANDOMKEY', NIL],
      ['SET {k} x', OK],
      ['RANDOMKEY', key()],
      ['RANDOMKEY x', arity('randomkey')],
    ],
    { alone: true },
  ),

  row('TIME', [
    ['TIME', /^\*2\r\n\$10\r\n\d{10}\r\n\$\d\r\n\d{1,6}\r\n$/],
    ['TIME x', arity('time')],
  ]),
  row('WAIT', [
    ['WAIT 0 0', int(0)],
    ['WAIT 0 100', int(0)],
    ['WAIT -1 100', int(0)],
    ['WAIT 1 1', int(0)],
    ['WAIT abc 0', NOT_INTEGER],
    ['WAIT 0 abc', error('ERR timeout is not an integer or out of range')],
    ['WAIT 0 -1', error('ERR timeout is negative')],
    ['WAIT 0', arity('wait')],
  ]),
  row('WAIT for ever', [['WAIT 1 0', int(0)]], {
    differs: { why: 'there are no replicas to wait for; Redis waits until there are', steps: null },
  }),

  ...LEFT_OUT.map(([line, what]) =>
    row(
      `${what} are left out`,
      [[line, error(`ERR unknown command '${line.split(' ')[0]}', Ringstone has no ${what}`)]],
      { differs: { why: 'a cache has strings and hashes; the error says what is not there', steps: null } },
    ),
  ),
];
