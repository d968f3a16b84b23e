/** DEL, UNLINK, EXISTS, TYPE, times of expiry, DBSIZE, FLUSHDB, FLUSHALL. */
import { bulk, error, int, NIL, OK } from '../../harness/resp.ts';
import type { Entry } from '../../harness/table.ts';
import { row, secondsLeft } from './dialect.ts';

const SYNTAX = error('ERR syntax error');
const NOT_INTEGER = error('ERR value is not an integer or out of range');
const arity = (name: string) => error(`ERR wrong number of arguments for '${name}' command`);
const invalidExpire = (name: string) => error(`ERR invalid expire time in '${name}' command`);
const NX_WITH_OTHERS = error('ERR NX and XX, GT or LT options at the same time are not compatible');
const GT_WITH_LT = error('ERR GT and LT options at the same time are not compatible');

export const keys: Entry[] = [
  row('DEL', [
    ['DEL {k}', int(0)],
    ['MSET {k}1 a {k}2 b', OK],
    ['DEL {k}1 {k}2 {k}3', int(2)],
    ['GET {k}1', NIL],
  ]),
  row('DEL of the same key twice', [
    ['SET {k} a', OK],
    ['DEL {k} {k}', int(1)],
  ]),
  row('UNLINK', [
    ['MSET {k}1 a {k}2 b', OK],
    ['UNLINK {k}1 {k}2 {k}3', int(2)],
    ['GET {k}1', NIL],
  ]),
  row('EXISTS counts repeats', [
    ['SET {k} a', OK],
    ['EXISTS {k} {k} {k}x', int(2)],
  ]),
  row('TYPE', [
    ['TYPE {k}', '+none\r\n'],
    ['SET {k} a', OK],
    ['TYPE {k}', '+string\r\n'],
  ]),
  row('arity of DEL, UNLINK, EXISTS, TYPE', [
    ['DEL', arity('del')],
    ['UNLINK', arity('unlink')],
    ['EXISTS', arity('exists')],
    ['TYPE', arity('type')],
  ]),

  row('TTL and PTTL of an absent key', [
    ['TTL {k}', int(-2)],
    ['PTTL {k}', int(-2)],
  ]),
  row('TTL and PTTL without a time', [
    ['SET {k} a', OK],
    ['TTL {k}', int(-1)],
    ['PTTL {k}', int(-1)],
  ]),
  row('PTTL', [
    ['SET {k} a PX 100000', OK],
    ['PTTL {k}', /^:(99\d{3}|100000)\r\n$/],
  ]),
  row('EXPIRE', [
    ['EXPIRE {k} 100', int(0)],
    ['SET {k} a', OK],
    ['EXPIRE {k} 100', int(1)],
    ['TTL {k}', secondsLeft(100)],
  ]),
  row('PEXPIRE', [
    ['PEXPIRE {k} 100000', int(0)],
    ['SET {k} a', OK],
    ['PEXPIRE {k} 100000', int(1)],
    ['TTL {k}', secondsLeft(100)],
  ]),
  row('EXPIRE with zero or less deletes', [
    ['SET {k} a', OK],
    ['EXPIRE {k} 0', int(1)],
    ['EXISTS {k}', int(0)],
    ['SET {k} a', OK],
    ['PEXPIRE {k} -1', int(1)],
    ['EXISTS {k}', int(0)],
  ]),
  row('PERSIST', [
    ['PERSIST {k}', int(0)],
    ['SET {k} a', OK],
    ['PERSIST {k}', int(0)],
    ['EXPIRE {k} 100', int(1)],
    ['PERSIST {k}', int(1)],
    ['TTL {k}', int(-1)],
  ]),
  row('EXPIRE NX and XX', [
    ['SET {k} a', OK],
    ['EXPIRE {k} 100 XX', int(0)],
    ['TTL {k}', int(-1)],
    ['EXPIRE {k} 100 NX', int(1)],
    ['EXPIRE {k} 200 NX', int(0)],
    ['TTL {k}', secondsLeft(100)],
    ['EXPIRE {k} 200 XX', int(1)],
    ['TTL {k}', secondsLeft(200)],
  ]),
  row('EXPIRE GT and LT', [
    ['SET {k} a', OK],
    ['EXPIRE {k} 100 GT', int(0)],
    ['TTL {k}', int(-1)],
    ['EXPIRE {k} 100 LT', int(1)],
    ['EXPIRE {k} 200 LT', int(0)],
    ['EXPIRE {k} 200 GT', int(1)],
    ['EXPIRE {k} 100 GT', int(0)],
    ['TTL {k}', secondsLeft(200)],
    ['PEXPIRE {k} 100000 lt', int(1)],
    ['TTL {k}', secondsLeft(100)],
    ['EXPIRE {k} 300 XX GT', int(1)],
    ['TTL {k}', secondsLeft(300)],
  ]),
  row('options of EXPIRE that exclude each other', [
    ['SET {k} a', OK],
    ['EXPIRE {k} 1 NX XX', NX_WITH_OTHERS],
    ['EXPIRE {k} 1 NX GT', NX_WITH_OTHERS],
    ['EXPIRE {k} 1 GT LT', GT_WITH_LT],
    ['TTL {k}', int(-1)],
  ]),
  row('options of EXPIRE that are none', [['EXPIRE {k} 1 nonsense', error('ERR Unsupported option nonsense')]]),
  row('times of EXPIRE that are none', [
    ['SET {k} a', OK],
    ['EXPIRE {k} abc', NOT_INTEGER],
    ['EXPIRE {k} 1.5', NOT_INTEGER],
    ['EXPIRE {k} 9223372036854775807', invalidExpire('expire')],
    ['PEXPIRE {k} 9223372036854775807', invalidExpire('pexpire')],
    ['EXPIRE {k} -9223372036854775808', invalidExpire('expire')],
    ['TTL {k}', int(-1)],
  ]),
  row('arity of times', [
    ['EXPIRE {k}', arity('expire')],
    ['PEXPIRE {k}', arity('pexpire')],
    ['TTL', arity('ttl')],
    ['PTTL', arity('pttl')],
    ['PERSIST', arity('persist')],
  ]),

  row(
    'DBSIZE, FLUSHALL and FLUSHDB',
    [
      ['FLUSHALL', OK],
      ['DBSIZE', int(0)],
      ['MSET {k}1 a {k}2 b', OK],
      ['DBSIZE', int(2)],
      ['FLUSHDB', OK],
      ['DBSIZE', int(0)],
      ['GET {k}1', NIL],
      ['SET {k} a', OK],
      ['FLUSHALL SYNC', OK],
      ['SET {k} a', OK],
      ['FLUSHDB ASYNC', OK],
      ['DBSIZE', int(0)],
      ['SET {k} b', OK],
      ['GET {k}', bulk('b')],
    ],
    { alone: true },
  ),
  row('FLUSHALL with nonsense', [
    ['FLUSHALL nonsense', SYNTAX],
    ['FLUSHDB SYNC ASYNC', SYNTAX],
    ['DBSIZE x', arity('dbsize')],
  ]),
];
