/** RESP: commands on strings, with every option and what makes no sense of them. */
import type { Random } from '../../soak/random.mjs';
import { resp } from '../command.ts';
import { type Family, production } from '../family.ts';
import {
  absoluteMilliseconds,
  absoluteSeconds,
  anyCase,
  float,
  integer,
  key,
  keys,
  milliseconds,
  options,
  seconds,
  value,
} from '../values.ts';

const timeOptions = (random: Random) => [
  () => ['EX', seconds(random)],
  () => ['PX', milliseconds(random)],
  () => ['EXAT', absoluteSeconds(random)],
  () => ['PXAT', absoluteMilliseconds(random)],
];

/** A value that is a number or not, for commands that count. */
const countable = (random: Random) =>
  random.chance(0.3) ? value(random) : random.chance(0.6) ? integer(random) : float(random);

const offset = (random: Random) =>
  random.chance(0.6)
    ? String(random.below(40) - 15)
    : random.of([
        integer(random),
        '9000000',
        '1048570',
        '4294967296',
        '536870911',
        '536870912',
        '0',
        '-1',
        '16380',
        '65530',
      ]);

export const strings: Family = {
  name: 'strings',
  protocol: 'resp',
  productions: [
    production('get', 20, random => resp('GET', key(random))),
    production('set', 20, random => {
      const choices = [
        ...timeOptions(random),
        () => ['NX'],
        () => ['XX'],
        () => ['GET'],
        () => ['KEEPTTL'],
        () => ['FOO'],
      ];
      const words = options(random, choices).map(word => anyCase(random, word));
      return resp('SET', key(random), countable(random), ...words);
    }),
    production('set', 5, random => resp('SET', key(random), value(random), ...random.of(timeOptions(random))())),
    production('mget', 5, random => resp('MGET', ...keys(random))),
    production('mset', 4, random => resp('MSET', ...keys(random).flatMap(one => [one, countable(random)]))),
    production('msetnx', 4, random => resp('MSETNX', ...keys(random, 3).flatMap(one => [one, countable(random)]))),
    production('setnx', 3, random => resp('SETNX', key(random), countable(random))),
    production('setex', 3, random => resp('SETEX', key(random), seconds(random), countable(random))),
    production('psetex', 3, random => resp('PSETEX', key(random), milliseconds(random), countable(random))),
    production('getset', 3, random => resp('GETSET', key(random), countable(random))),
    production('getdel', 3, random => resp('GETDEL', key(random))),
    production('getex', 6, random => {
      const words = options(random, [...timeOptions(random), () => ['PERSIST'], () => ['KEEPTTL'], () => ['FOO']], 2);
      return resp('GETEX', key(random), ...words);
    }),
    production('append', 5, random =>
      resp('APPEND', key(random), random.chance(0.7) ? integer(random) : value(random)),
    ),
    production('strlen', 4, random => resp('STRLEN', key(random))),
    production('getrange', 6, random => resp('GETRANGE', key(random), offset(random), offset(random))),
    production('substr', 2, random => resp('SUBSTR', key(random), offset(random), offset(random))),
    production('setrange', 6, random =>
      resp('SETRANGE', key(random), offset(random), random.chance(0.2) ? '' : value(random)),
    ),
    production('incr', 4, random => resp('INCR', key(random))),
    production('decr', 4, random => resp('DECR', key(random))),
    production('incrby', 5, random => resp('INCRBY', key(random), integer(random))),
    production('decrby', 5, random => resp('DECRBY', key(random), integer(random))),
    production('incrbyfloat', 6, random => resp('INCRBYFLOAT', key(random), float(random))),
    production('del', 3, random => resp('DEL', ...keys(random, 2))),
    production('exists', 2, random => resp('EXISTS', ...keys(random))),
    production('ttl', 4, random => resp(random.of(['TTL', 'PTTL']), key(random))),
  ],
};
