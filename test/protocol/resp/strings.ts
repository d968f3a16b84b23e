/** GET, SET with every option, MGET, MSET, counters, APPEND, STRLEN. */
import { array, bulk, error, int, NIL, OK } from '../../harness/resp.ts';
import type { Entry } from '../../harness/table.ts';
import { row, secondsLeft } from './dialect.ts';

const SYNTAX = error('ERR syntax error');
const NOT_INTEGER = error('ERR value is not an integer or out of range');
const OVERFLOW = error('ERR increment or decrement would overflow');
const arity = (name: string) => error(`ERR wrong number of arguments for '${name}' command`);
const invalidExpire = (name: string) => error(`ERR invalid expire time in '${name}' command`);

const YEAR_2100_S = '4102444800';
const YEAR_2100_MS = '4102444800000';

export const strings: Entry[] = [
  row('GET of an absent key', [['GET {k}', NIL]]),
  row('SET and GET', [
    ['SET {k} hello', OK],
    ['GET {k}', bulk('hello')],
  ]),
  row('names of commands in any case', [
    ['sEt {k} hello', OK],
    ['get {k}', bulk('hello')],
  ]),
  row(
    'PUT is SET',
    [
      ['PUT {k} hello EX 100', OK],
      ['GET {k}', bulk('hello')],
      ['TTL {k}', secondsLeft(100)],
    ],
    {
      differs: { why: 'PUT is an alias that clients of the small RESP servers send', steps: null },
    },
  ),
  row('an empty value', [
    [['SET', '{k}', ''], OK],
    ['GET {k}', bulk('')],
    ['STRLEN {k}', int(0)],
  ]),
  row(
    'an empty key',
    [
      [['SET', '', 'v'], OK],
      [['GET', ''], bulk('v')],
      [['DEL', ''], int(1)],
    ],
    { alone: true },
  ),
  row('binary keys and values', [
    [['SET', '{k}\r\n\0\xff', '\r\n\0\xfe$5\r\n'], OK],
    [['GET', '{k}\r\n\0\xff'], bulk('\r\n\0\xfe$5\r\n')],
    [['GET', '{k}\r\n\0\xfe'], NIL],
    [['GET', '{k}\r\n'], NIL],
  ]),
  row(
    'a key longer than memcached takes',
    [
      [`SET {k}${'x'.repeat(1000)} v`, OK],
      [`GET {k}${'x'.repeat(1000)}`, bulk('v')],
    ],
    { coarse: true },
  ),
  row('arity of GET and SET', [
    ['GET', arity('get')],
    ['GET {k} {k}', arity('get')],
    ['SET {k}', arity('set')],
    ['SET', arity('set')],
  ]),

  row('SET NX', [
    ['SET {k} a NX', OK],
    ['SET {k} b NX', NIL],
    ['GET {k}', bulk('a')],
  ]),
  row('SET XX', [
    ['SET {k} a XX', NIL],
    ['SET {k} a', OK],
    ['SET {k} b XX', OK],
    ['GET {k}', bulk('b')],
  ]),
  row('SET GET', [
    ['SET {k} a GET', NIL],
    ['SET {k} b GET', bulk('a')],
    ['GET {k}', bulk('b')],
  ]),
  row('SET NX GET', [
    ['SET {k} a NX GET', NIL],
    ['SET {k} b NX GET', bulk('a')],
    ['GET {k}', bulk('a')],
  ]),
  row('SET XX GET', [
    ['SET {k} a XX GET', NIL],
    ['GET {k}', NIL],
    ['SET {k} a', OK],
    ['SET {k} b GET XX', bulk('a')],
    ['GET {k}', bulk('b')],
  ]),
  row('SET EX', [
    ['SET {k} a EX 100', OK],
    ['TTL {k}', secondsLeft(100)],
  ]),
  row('SET PX', [
    ['SET {k} a PX 100000', OK],
    ['TTL {k}', secondsLeft(100)],
  ]),
  row('SET EXAT', [
    [`SET {k} a EXAT ${YEAR_2100_S}`, OK],
    ['TTL {k}', /^:2\d{9}\r\n$/],
    ['GET {k}', bulk('a')],
  ]),
  row('SET PXAT', [
    [`SET {k} a PXAT ${YEAR_2100_MS}`, OK],
    ['PTTL {k}', /^:2\d{12}\r\n$/],
    ['GET {k}', bulk('a')],
  ]),
  row('SET EXAT in the past', [
    ['SET {k} a', OK],
    ['SET {k} b EXAT 1', OK],
    ['GET {k}', NIL],
    ['EXISTS {k}', int(0)],
  ]),
  row('SET drops the time, KEEPTTL keeps it', [
    ['SET {k} a EX 100', OK],
    ['SET {k} b KEEPTTL', OK],
    ['TTL {k}', secondsLeft(100)],
    ['GET {k}', bulk('b')],
    ['SET {k} c', OK],
    ['TTL {k}', int(-1)],
  ]),
  row('SET KEEPTTL of a new key', [
    ['SET {k} a KEEPTTL', OK],
    ['TTL {k}', int(-1)],
  ]),
  row('options of SET in any case and order', [
    ['SET {k} a ex 100 nx', OK],
    ['SET {k} b gEt xX pX 5000000', bulk('a')],
    ['TTL {k}', secondsLeft(5000)],
  ]),
  row('options of SET that exclude each other', [
    ['SET {k} a NX XX', SYNTAX],
    ['SET {k} a EX 1 PX 1', SYNTAX],
    ['SET {k} a EX 1 KEEPTTL', SYNTAX],
    ['SET {k} a KEEPTTL PXAT 1', SYNTAX],
    ['SET {k} a EX 1 EXAT 1', SYNTAX],
    ['GET {k}', NIL],
  ]),
  row('options of SET that are none', [
    ['SET {k} a nonsense', SYNTAX],
    ['SET {k} a EX', SYNTAX],
    ['SET {k} a 1 0', SYNTAX],
    ['GET {k}', NIL],
  ]),
  row('times of SET that are none', [
    ['SET {k} a EX abc', NOT_INTEGER],
    ['SET {k} a EX 1.5', NOT_INTEGER],
    ['SET {k} a PX 99999999999999999999', NOT_INTEGER],
    ['SET {k} a EX 0', invalidExpire('set')],
    ['SET {k} a EX -1', invalidExpire('set')],
    ['SET {k} a PX 0', invalidExpire('set')],
    ['SET {k} a EXAT 0', invalidExpire('set')],
    ['SET {k} a PXAT -5', invalidExpire('set')],
    ['GET {k}', NIL],
  ]),
  row('times of SET that overflow', [
    ['SET {k} a EX 9223372036854775807', invalidExpire('set')],
    ['SET {k} a PX 9223372036854775807', invalidExpire('set')],
    ['SET {k} a EX 9223372036854775', invalidExpire('set')],
    ['GET {k}', NIL],
  ]),
  row('the largest time of SET', [
    ['SET {k} a PXAT 9223372036854775807', OK],
    ['GET {k}', bulk('a')],
  ]),
  row(
    'SET IFEQ',
    [
      ['SET {k} a IFEQ x', NIL],
      ['SET {k} a', OK],
      ['SET {k} b IFEQ x', NIL],
      ['GET {k}', bulk('a')],
      ['SET {k} b IFEQ a', OK],
      ['GET {k}', bulk('b')],
      ['SET {k} c IFEQ b GET', bulk('b')],
      ['GET {k}', bulk('c')],
      ['SET {k} c NX IFEQ b', SYNTAX],
      ['SET {k} c XX IFEQ b', SYNTAX],
      ['SET {k} c IFEQ', SYNTAX],
    ],
    { differs: { why: 'IFEQ is of Valkey 8.1; Redis 7.0 does not know it', steps: null } },
  ),

  row('MSET and MGET', [
    ['MSET {k}1 a {k}2 b', OK],
    ['MGET {k}1 {k}3 {k}2 {k}1', array(bulk('a'), NIL, bulk('b'), bulk('a'))],
  ]),
  row('MSET of the same key twice', [
    ['MSET {k} a {k} b', OK],
    ['GET {k}', bulk('b')],
  ]),
  row('MSET drops the time', [
    ['SET {k} a EX 100', OK],
    ['MSET {k} b', OK],
    ['TTL {k}', int(-1)],
  ]),
  row('MSET without a value', [
    ['MSET {k}1 a {k}2', arity('mset')],
    ['GET {k}1', NIL],
    ['MSET', arity('mset')],
    ['MSET {k}', arity('mset')],
  ]),
  row('MGET without a key', [['MGET', arity('mget')]]),

  row('INCR and DECR', [
    ['INCR {k}', int(1)],
    ['INCR {k}', int(2)],
    ['DECR {k}', int(1)],
    ['DECR {k}', int(0)],
    ['DECR {k}', int(-1)],
    ['INCRBY {k} 11', int(10)],
    ['DECRBY {k} 4', int(6)],
    ['INCRBY {k} -7', int(-1)],
    ['DECRBY {k} -1', int(0)],
    ['GET {k}', bulk('0')],
  ]),
  row('INCR keeps the time', [
    ['SET {k} 1 EX 100', OK],
    ['INCR {k}', int(2)],
    ['TTL {k}', secondsLeft(100)],
  ]),
  row('INCR of what is no number', [
    ['SET {k} abc', OK],
    ['INCR {k}', NOT_INTEGER],
    ['INCRBY {k} 1', NOT_INTEGER],
    ['SET {k} 1.5', OK],
    ['INCR {k}', NOT_INTEGER],
    [['SET', '{k}', ' 1'], OK],
    ['INCR {k}', NOT_INTEGER],
    [['SET', '{k}', '1 '], OK],
    ['INCR {k}', NOT_INTEGER],
    ['SET {k} 01', OK],
    ['INCR {k}', NOT_INTEGER],
    [['SET', '{k}', ''], OK],
    ['INCR {k}', NOT_INTEGER],
    ['SET {k} 9223372036854775808', OK],
    ['INCR {k}', NOT_INTEGER],
    ['GET {k}', bulk('9223372036854775808')],
  ]),
  row('INCR at the bounds', [
    ['SET {k} 9223372036854775806', OK],
    ['INCR {k}', int(9223372036854775807n)],
    ['INCR {k}', OVERFLOW],
    ['GET {k}', bulk('9223372036854775807')],
    ['SET {k} -9223372036854775807', OK],
    ['DECR {k}', int(-9223372036854775808n)],
    ['DECR {k}', OVERFLOW],
    ['INCRBY {k} -1', OVERFLOW],
    ['SET {k} 5', OK],
    ['DECRBY {k} -9223372036854775808', error('ERR decrement would overflow')],
  ]),
  row('INCRBY of no number', [
    ['INCRBY {k} abc', NOT_INTEGER],
    ['DECRBY {k} abc', NOT_INTEGER],
    ['INCRBY {k} 9223372036854775808', NOT_INTEGER],
    ['EXISTS {k}', int(0)],
  ]),
  row('arity of counters', [
    ['INCR', arity('incr')],
    ['DECR {k} 1', arity('decr')],
    ['INCRBY {k}', arity('incrby')],
    ['DECRBY {k}', arity('decrby')],
  ]),

  row('APPEND and STRLEN', [
    ['STRLEN {k}', int(0)],
    ['APPEND {k} ab', int(2)],
    ['APPEND {k} cde', int(5)],
    ['GET {k}', bulk('abcde')],
    ['STRLEN {k}', int(5)],
    [['APPEND', '{k}', ''], int(5)],
  ]),
  row('APPEND of nothing to nothing', [
    [['APPEND', '{k}', ''], int(0)],
    ['EXISTS {k}', int(1)],
  ]),
  row('APPEND keeps the time', [
    ['SET {k} a EX 100', OK],
    ['APPEND {k} b', int(2)],
    ['TTL {k}', secondsLeft(100)],
  ]),
  row('arity of APPEND and STRLEN', [
    ['APPEND {k}', arity('append')],
    ['STRLEN', arity('strlen')],
  ]),
];
