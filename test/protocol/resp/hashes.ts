/** Hashes, and what comes of using them as strings or strings as hashes. */
import { array, bulk, error, int, map, NIL, OK } from '../../harness/resp.ts';
import type { Entry } from '../../harness/table.ts';
import { row, secondsLeft, type Words } from './dialect.ts';

const WRONG_TYPE = error('WRONGTYPE Operation against a key holding the wrong kind of value');
const SYNTAX = error('ERR syntax error');
const NOT_INTEGER = error('ERR value is not an integer or out of range');
const arity = (name: string) => error(`ERR wrong number of arguments for '${name}' command`);

/** A packed hash has so many bytes at most. */
const MAX_HASH_BYTES = 65_536;
const TOO_LONG = error(`ERR hash exceeds maximum allowed size (${MAX_HASH_BYTES} bytes)`);
/** What two fields of one letter and the count take beside the values. */
const OVERHEAD = 4 + 2 * (1 + 1) + 2 * 3;

/** Every command on a hash, of a key that holds a string. */
const OF_A_STRING: readonly string[] = [
  'HSET {k} f v',
  'HMSET {k} f v',
  'HSETNX {k} f v',
  'HGET {k} f',
  'HMGET {k} f',
  'HGETALL {k}',
  'HDEL {k} f',
  'HEXISTS {k} f',
  'HLEN {k}',
  'HKEYS {k}',
  'HVALS {k}',
  'HINCRBY {k} f 1',
  'HINCRBYFLOAT {k} f 1',
  'HSCAN {k} 0',
  'HSTRLEN {k} f',
];

/** Commands on a string, of a key that holds a hash. */
const OF_A_HASH: readonly Words[] = [
  'GET {k}',
  'STRLEN {k}',
  'APPEND {k} x',
  'INCR {k}',
  'DECRBY {k} 2',
  'INCRBYFLOAT {k} 1',
  'GETRANGE {k} 0 1',
  'SUBSTR {k} 0 1',
  'SETRANGE {k} 0 x',
  'GETSET {k} x',
  'GETDEL {k}',
  'GETEX {k}',
  'SET {k} x GET',
];

export const hashes: Entry[] = [
  row('HSET, HGET, HMGET, HGETALL, HLEN, HKEYS, HVALS', [
    ['HSET {k} f1 v1 f2 v2', int(2)],
    ['HSET {k} f1 w1 f3 v3', int(1)],
    ['HGET {k} f1', bulk('w1')],
    ['HGET {k} f9', NIL],
    ['HMGET {k} f1 f9 f3 f1', array(bulk('w1'), NIL, bulk('v3'), bulk('w1'))],
    ['HGETALL {k}', map(bulk('f1'), bulk('w1'), bulk('f2'), bulk('v2'), bulk('f3'), bulk('v3'))],
    ['HLEN {k}', int(3)],
    ['HKEYS {k}', array(bulk('f1'), bulk('f2'), bulk('f3'))],
    ['HVALS {k}', array(bulk('w1'), bulk('v2'), bulk('v3'))],
    ['TYPE {k}', '+hash\r\n'],
  ]),
  row('of an absent key', [
    ['HGET {k} f', NIL],
    ['HMGET {k} f g', array(NIL, NIL)],
    ['HGETALL {k}', map()],
    ['HLEN {k}', int(0)],
    ['HKEYS {k}', array()],
    ['HVALS {k}', array()],
    ['HEXISTS {k} f', int(0)],
    ['HSTRLEN {k} f', int(0)],
    ['HDEL {k} f', int(0)],
    ['HSCAN {k} 0', array(bulk('0'), array())],
    ['EXISTS {k}', int(0)],
  ]),
  row('a field named twice: the last value counts', [
    ['HSET {k} f a g b f c', int(2)],
    ['HGETALL {k}', map(bulk('f'), bulk('c'), bulk('g'), bulk('b'))],
  ]),
  row('more fields at once than are compared one by one', [
    [`HSET {k} ${Array.from({ length: 40 }, (_, n) => `f${n} v${n}`).join(' ')}`, int(40)],
    [`HSET {k} ${Array.from({ length: 40 }, (_, n) => `f${n * 2} w${n}`).join(' ')}`, int(20)],
    ['HLEN {k}', int(60)],
    [
      `HMGET {k} ${Array.from({ length: 20 }, (_, n) => `f${n}`).join(' ')}`,
      array(...Array.from({ length: 20 }, (_, n) => bulk(n % 2 === 0 ? `w${n / 2}` : `v${n}`))),
    ],
    [`HDEL {k} ${Array.from({ length: 60 }, (_, n) => `f${n}`).join(' ')}`, int(50)],
    ['HLEN {k}', int(10)],
  ]),
  row('empty and binary fields and values', [
    [['HSET', '{k}', '', '', 'a\r\n\0b', '\xff '], int(2)],
    [['HGET', '{k}', ''], bulk('')],
    [['HGET', '{k}', 'a\r\n\0b'], bulk('\xff ')],
    [['HSTRLEN', '{k}', 'a\r\n\0b'], int(2)],
  ]),
  row('HMSET', [
    ['HMSET {k} f v g w', OK],
    ['HMSET {k} f x', OK],
    ['HMGET {k} f g', array(bulk('x'), bulk('w'))],
  ]),
  row('HSETNX', [
    ['HSETNX {k} f v', int(1)],
    ['HSETNX {k} f w', int(0)],
    ['HSETNX {k} g w', int(1)],
    ['HMGET {k} f g', array(bulk('v'), bulk('w'))],
  ]),
  row('HDEL; the last field takes the key with it', [
    ['HSET {k} f v g w', int(2)],
    ['HDEL {k} f f x', int(1)],
    ['EXISTS {k}', int(1)],
    ['HDEL {k} g', int(1)],
    ['EXISTS {k}', int(0)],
    ['SET {k} now-a-string', OK],
  ]),
  row('HEXISTS and HSTRLEN', [
    ['HSET {k} f value', int(1)],
    ['HEXISTS {k} f', int(1)],
    ['HEXISTS {k} g', int(0)],
    ['HSTRLEN {k} f', int(5)],
    ['HSTRLEN {k} g', int(0)],
  ]),
  row('HINCRBY', [
    ['HINCRBY {k} n 5', int(5)],
    ['HINCRBY {k} n -7', int(-2)],
    ['HSET {k} n 9223372036854775806 s text', int(1)],
    ['HINCRBY {k} n 1', int(9223372036854775807n)],
    ['HINCRBY {k} n 1', error('ERR increment or decrement would overflow')],
    ['HINCRBY {k} n x', NOT_INTEGER],
    ['HINCRBY {k} s 1', error('ERR hash value is not an integer')],
    ['HGET {k} n', bulk('9223372036854775807')],
  ]),
  row('HINCRBYFLOAT', [
    ['HINCRBYFLOAT {k} n 10.50', bulk('10.5')],
    ['HINCRBYFLOAT {k} n 0.1', bulk('10.6')],
    ['HINCRBYFLOAT {k} n -5', bulk('5.6')],
    ['HSET {k} e 5.0e3 s text', int(2)],
    ['HINCRBYFLOAT {k} e 2.0e2', bulk('5200')],
    ['HINCRBYFLOAT {k} s 1', error('ERR hash value is not a float')],
    ['HINCRBYFLOAT {k} n x', error('ERR value is not a valid float')],
    ['HGET {k} n', bulk('5.6')],
  ]),
  row('HSCAN', [
    ['HSET {k} f1 v1 g2 v2 f3 v3', int(3)],
    ['HSCAN {k} 0', array(bulk('0'), array(bulk('f1'), bulk('v1'), bulk('g2'), bulk('v2'), bulk('f3'), bulk('v3')))],
    ['HSCAN {k} 0 MATCH f* COUNT 1', array(bulk('0'), array(bulk('f1'), bulk('v1'), bulk('f3'), bulk('v3')))],
    ['HSCAN {k} 0 match x*', array(bulk('0'), array())],
    ['HSCAN {k} x', error('ERR invalid cursor')],
    ['HSCAN {k} 0 COUNT 0', SYNTAX],
    ['HSCAN {k} 0 COUNT x', NOT_INTEGER],
    ['HSCAN {k} 0 MATCH', SYNTAX],
    ['HSCAN {k} 0 NONSENSE', SYNTAX],
    ['HSCAN {k}absent 0 NONSENSE', array(bulk('0'), array())],
    [['HSET', '{k}empty', '', 'v'], int(1)],
    ['HSCAN {k}empty 0 MATCH *', array(bulk('0'), array(bulk(''), bulk('v')))],
    ['HSCAN {k}empty 0 MATCH **', array(bulk('0'), array())],
  ]),
  row(
    'HSCAN without values',
    [
      ['HSET {k} f1 v1 g2 v2', int(2)],
      ['HSCAN {k} 0 NOVALUES', array(bulk('0'), array(bulk('f1'), bulk('g2')))],
    ],
    {
      differs: { why: 'NOVALUES came with Valkey 8', steps: null },
    },
  ),
  row('arity', [
    ['HSET {k} f', arity('hset')],
    ['HSET {k} f v g', arity('hset')],
    ['HMSET {k} f v g', arity('hmset')],
    ['HSETNX {k} f', arity('hsetnx')],
    ['HGET {k}', arity('hget')],
    ['HMGET {k}', arity('hmget')],
    ['HGETALL {k} f', arity('hgetall')],
    ['HDEL {k}', arity('hdel')],
    ['HEXISTS {k}', arity('hexists')],
    ['HLEN', arity('hlen')],
    ['HKEYS', arity('hkeys')],
    ['HVALS', arity('hvals')],
    ['HINCRBY {k} f', arity('hincrby')],
    ['HINCRBYFLOAT {k} f', arity('hincrbyfloat')],
    ['HSCAN {k}', arity('hscan')],
    ['HSTRLEN {k}', arity('hstrlen')],
  ]),
  row('the time of expiry stays', [
    ['HSET {k} f v', int(1)],
    ['EXPIRE {k} 100', int(1)],
    ['HSET {k} f w g x', int(1)],
    ['HINCRBY {k} n 1', int(1)],
    ['HDEL {k} g', int(1)],
    ['TTL {k}', secondsLeft(100)],
    ['PERSIST {k}', int(1)],
    ['TTL {k}', int(-1)],
  ]),
  row(
    'as large as a hash may be',
    [
      [`HSET {k} a ${'x'.repeat(20_000)} b ${'y'.repeat(MAX_HASH_BYTES - 20_000 - OVERHEAD)}`, int(2)],
      ['HSTRLEN {k} b', int(MAX_HASH_BYTES - 20_000 - OVERHEAD)],
      ['HGET {k} a', bulk('x'.repeat(20_000))],
    ],
    { coarse: true },
  ),
  row(
    'a hash that would outgrow its bound stays as it is',
    [
      [`HSET {k} a ${'x'.repeat(40_000)}`, int(1)],
      [`HSET {k} c 1 b ${'y'.repeat(MAX_HASH_BYTES - 40_000)}`, TOO_LONG],
      [`HSETNX {k} b ${'y'.repeat(MAX_HASH_BYTES)}`, TOO_LONG],
      ['HKEYS {k}', array(bulk('a'))],
    ],
    { coarse: true, differs: { why: 'a hash of Redis has no such bound', steps: null } },
  ),
  row('commands on a hash, of a string', [
    ['SET {k} value', OK],
    ...OF_A_STRING.map(words => [words, WRONG_TYPE] as const),
    ['GET {k}', bulk('value')],
  ]),
  row('commands on a string, of a hash', [
    ['HSET {k} f v', int(1)],
    ...OF_A_HASH.map(words => [words, WRONG_TYPE] as const),
    ['MGET {k} {k}', array(NIL, NIL)],
    ['HGETALL {k}', map(bulk('f'), bulk('v'))],
  ]),
  row('SET writes over a hash', [
    ['HSET {k} f v', int(1)],
    ['SET {k} x NX', NIL],
    ['SET {k} x', OK],
    ['GET {k}', bulk('x')],
    ['TYPE {k}', '+string\r\n'],
  ]),
];
