/** RESP: hashes, and strings where hashes are wanted. */
import type { Random } from '../../soak/random.mjs';
import { resp } from '../command.ts';
import { type Family, production } from '../family.ts';
import { bytesOf, float, integer, KEYS, options, value } from '../values.ts';
import { iteration, pattern } from './keys.ts';

/** Fewer keys: that each hash gets several fields. */
const key = (random: Random) => random.of(KEYS.slice(0, 3));
const field = (random: Random) =>
  random.chance(0.03) ? random.of(['', '\r\n\0\xff', 'f'.repeat(300)]) : `f${random.below(9)}`;
const fields = (random: Random) => Array.from({ length: 1 + random.below(5) }, () => field(random));
/** Values of fields: a whole hash is one item of 64 KiB at most, so that they stay short. */
export const short = (random: Random) =>
  random.chance(0.4)
    ? random.of([integer(random), float(random)])
    : random.chance(0.02)
      ? bytesOf(random, 4_060 + random.below(60))
      : bytesOf(random, random.below(70));

export const hashes: Family = {
  name: 'hashes',
  protocol: 'resp',
  productions: [
    production('hset', 16, random => resp('HSET', key(random), ...fields(random).flatMap(one => [one, short(random)]))),
    production('hset', 1, random =>
      resp(
        'HSET',
        key(random),
        ...fields(random)
          .flatMap(one => [one, short(random)])
          .slice(1),
      ),
    ),
    production('hmset', 4, random =>
      resp('HMSET', key(random), ...fields(random).flatMap(one => [one, short(random)])),
    ),
    production('hsetnx', 4, random => resp('HSETNX', key(random), field(random), short(random))),
    production('hget', 8, random => resp('HGET', key(random), field(random))),
    production('hmget', 6, random => resp('HMGET', key(random), ...fields(random))),
    production('hgetall', 8, random => resp('HGETALL', key(random))),
    production('hkeys', 4, random => resp('HKEYS', key(random))),
    production('hvals', 4, random => resp('HVALS', key(random))),
    production('hlen', 4, random => resp('HLEN', key(random))),
    production('hstrlen', 4, random => resp('HSTRLEN', key(random), field(random))),
    production('hexists', 4, random => resp('HEXISTS', key(random), field(random))),
    production('hdel', 8, random => resp('HDEL', key(random), ...fields(random))),
    production('hincrby', 6, random => resp('HINCRBY', key(random), field(random), integer(random))),
    production('hincrbyfloat', 6, random => resp('HINCRBYFLOAT', key(random), field(random), float(random))),
    production(
      'hscan',
      3,
      random => {
        const choices = [
          () => ['MATCH', pattern(random).replaceAll('k', 'f')],
          () => ['COUNT', random.of(['1', '10', '1000'])],
        ];
        return iteration('HSCAN', [key(random)], options(random, choices, 2));
      },
      { alone: true },
    ),
    production('hscan', 1, random =>
      resp('HSCAN', key(random), random.of(['abc', '1.5']), ...random.of([[], ['COUNT', '0'], ['FOO']])),
    ),
    production('type', 2, random => resp('TYPE', key(random))),
    production('del', 2, random => resp('DEL', key(random))),
    production('rename', 1, random => resp('RENAME', key(random), key(random))),
    production('copy', 1, random => resp('COPY', key(random), key(random), ...random.of([[], ['REPLACE']]))),
    production('expire', 2, random => resp('EXPIRE', key(random), random.of(['1000', '-1']))),
    production('ttl', 3, random => resp('TTL', key(random))),
    production('persist', 1, random => resp('PERSIST', key(random))),
    production('object|encoding', 2, random => resp('OBJECT', 'ENCODING', key(random))),
    // What is a string meets what wants a hash, and the reverse.
    production('set', 3, random =>
      resp('SET', key(random), value(random), ...random.of([[], ['GET'], ['NX', 'GET'], ['XX']])),
    ),
    production('get', 2, random => resp('GET', key(random))),
    production('mget', 2, random => resp('MGET', key(random), key(random))),
    production('append', 1, random => resp('APPEND', key(random), 'x')),
    production('incr', 1, random => resp('INCR', key(random))),
    production('strlen', 1, random => resp('STRLEN', key(random))),
    production('getdel', 1, random => resp('GETDEL', key(random))),
    production('getex', 1, random => resp('GETEX', key(random), ...random.of([[], ['PERSIST'], ['EX', '0']]))),
    production('getset', 0.5, random => resp('GETSET', key(random), 'x')),
    production('getrange', 1, random => resp('GETRANGE', key(random), '0', '5')),
    production('setrange', 1, random => resp('SETRANGE', key(random), random.of(['0', '-1']), random.of(['', 'x']))),
    production('incrbyfloat', 1, random => resp('INCRBYFLOAT', key(random), random.of(['1', 'abc']))),
    production('incrby', 1, random => resp('INCRBY', key(random), random.of(['1', 'abc']))),
  ],
};
