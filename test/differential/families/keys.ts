/** RESP: commands on keys of any kind: their times, names and what is found of them. */

import { command } from '../../harness/resp.ts';
import type { Random } from '../../soak/random.mjs';
import { type Command, resp, type Word } from '../command.ts';
import { type Family, production } from '../family.ts';
import { type Reply, textOf } from '../reply.ts';
import {
  absoluteMilliseconds,
  absoluteSeconds,
  anyCase,
  integer,
  key,
  keys,
  milliseconds,
  options,
  seconds,
  value,
} from '../values.ts';

const conditions = (random: Random) =>
  options(random, [() => ['NX'], () => ['XX'], () => ['GT'], () => ['LT'], () => ['FOO']], 2).map(word =>
    anyCase(random, word),
  );

const PATTERNS = [
  '*',
  'k*',
  'k?',
  'k[12]',
  'k[^12]',
  'k[1-4]',
  '[kK]1',
  '?1',
  '\\k1',
  'k\\*',
  '*1*',
  'k[',
  'k[1',
  'h*',
  '',
  '[^',
  'k[4-1]',
  '\\',
];
export const pattern = (random: Random) => random.of(PATTERNS);

/** All rounds of an iteration, each server by its own cursors. */
export function iteration(name: string, before: readonly Word[], after: readonly Word[]): Command {
  return {
    ...resp(name, ...before, '0', ...after),
    next: (reply: Reply) => {
      const cursor = typeof reply === 'string' ? '0' : textOf(reply.items[0]);
      return cursor === '0' || cursor === '' ? undefined : command(name, ...before, cursor, ...after);
    },
  };
}

export const keysFamily: Family = {
  name: 'keys',
  protocol: 'resp',
  productions: [
    production('set', 12, random =>
      resp('SET', key(random), value(random), ...random.of([[], ['EX', '1000'], ['KEEPTTL']])),
    ),
    production('hset', 6, random => resp('HSET', key(random), 'f', 'v')),
    production('get', 5, random => resp('GET', key(random))),
    production('expire', 8, random => resp('EXPIRE', key(random), seconds(random), ...conditions(random))),
    production('pexpire', 8, random => resp('PEXPIRE', key(random), milliseconds(random), ...conditions(random))),
    production('expireat', 8, random => resp('EXPIREAT', key(random), absoluteSeconds(random), ...conditions(random))),
    production('pexpireat', 8, random =>
      resp('PEXPIREAT', key(random), absoluteMilliseconds(random), ...conditions(random)),
    ),
    production('ttl', 6, random => resp('TTL', key(random))),
    production('pttl', 6, random => resp('PTTL', key(random))),
    production('expiretime', 5, random => resp('EXPIRETIME', key(random))),
    production('pexpiretime', 5, random => resp('PEXPIRETIME', key(random))),
    production('persist', 4, random => resp('PERSIST', key(random))),
    production('del', 3, random => resp('DEL', ...keys(random))),
    production('unlink', 3, random => resp('UNLINK', ...keys(random))),
    production('exists', 4, random => resp('EXISTS', ...keys(random))),
    production('touch', 3, random => resp('TOUCH', ...keys(random))),
    production('type', 4, random => resp('TYPE', key(random))),
    production('rename', 6, random => resp('RENAME', key(random), key(random))),
    production('renamenx', 6, random => resp('RENAMENX', key(random), key(random))),
    production('copy', 8, random => {
      const choices = [() => ['REPLACE'], () => ['DB', '0'], () => ['DB', integer(random)], () => ['FOO']];
      return resp('COPY', key(random), key(random), ...options(random, choices, 2));
    }),
    production('keys', 4, random => resp('KEYS', pattern(random))),
    production('randomkey', 2, () => resp('RANDOMKEY')),
    production('object|encoding', 6, random => resp('OBJECT', 'ENCODING', key(random))),
    production('object|refcount', 2, random => resp('OBJECT', 'REFCOUNT', key(random))),
    // Not of a small number: Redis shares one object among all keys that hold it, and tells when that was used.
    production('set object|idletime', 2, random => {
      const one = key(random);
      return [resp('SET', one, 'text'), resp('OBJECT', 'IDLETIME', one)].map(command => ({ ...command, replies: 1 }));
    }),
    production('object|freq', 1, random => resp('OBJECT', 'FREQ', key(random))),
    production('object', 1, random => resp('OBJECT', random.of(['FOO', 'ENCODING']), ...random.of([[], ['a', 'b']]))),
    production('flushall', 0.5, random =>
      resp(random.of(['FLUSHALL', 'FLUSHDB']), ...random.of([[], ['ASYNC'], ['SYNC'], ['FOO']])),
    ),
    production(
      'pexpire',
      0.5,
      random =>
        resp(
          ...random.of<[string, ...Word[]]>([
            ['PEXPIRE', key(random), '1'],
            ['SET', key(random), 'gone', 'PX', '1'],
          ]),
        ),
      { restMs: 20 },
    ),
  ],
};

const scanOptions = (random: Random) =>
  options(random, [
    () => ['MATCH', pattern(random)],
    () => ['COUNT', random.of(['1', '3', '10', '1000'])],
    () => ['TYPE', random.of(['string', 'hash', 'list', 'FOO', 'STRING'])],
  ]);

/** No key expires here: each server counts it in DBSIZE until it has removed it. */
export const scan: Family = {
  name: 'scan',
  protocol: 'resp',
  productions: [
    production('mset', 10, random =>
      resp('MSET', ...Array.from({ length: 10 }, () => [`k${random.below(300)}`, 'v']).flat()),
    ),
    production('hset', 3, random => resp('HSET', `k${random.below(300)}`, 'f', 'v')),
    production('del', 5, random => resp('DEL', ...Array.from({ length: 20 }, () => `k${random.below(300)}`))),
    production('scan', 10, random => iteration('SCAN', [], scanOptions(random)), { alone: true }),
    production('scan', 3, random =>
      resp('SCAN', random.of(['abc', '18446744073709551616', '1.5', ' 0']), ...scanOptions(random)),
    ),
    production('scan', 3, random => {
      const wrong = [['COUNT'], ['COUNT', '0'], ['COUNT', '-1'], ['COUNT', 'abc'], ['MATCH'], ['FOO', '1'], ['TYPE']];
      // Not to become a right one, of which one round is not comparable.
      return { ...resp('SCAN', '0', ...random.of(wrong)), replies: 1 };
    }),
    production('keys', 3, random => resp('KEYS', pattern(random))),
    production('dbsize', 3, () => resp('DBSIZE')),
    production('randomkey', 2, () => resp('RANDOMKEY')),
    production('flushall', 0.3, () => resp('FLUSHALL')),
  ],
};
