/** RESP3: CLIENT TRACKING and what it tells about keys that were read. */
import type { Random } from '../../soak/random.mjs';
import { resp } from '../command.ts';
import { type Family, production } from '../family.ts';
import { integer } from '../values.ts';

const KEYS = ['a1', 'a2', 'k1', 'k2', 'k3'];
const key = (random: Random) => random.of(KEYS);
/** Each once and in order: Redis puts what one command invalidates into one message to those that asked for everything. */
function keys(random: Random): string[] {
  const some = KEYS.filter(() => random.chance(0.4));
  return some.length > 0 ? some : [key(random)];
}

export const tracking: Family = {
  name: 'tracking',
  protocol: 'resp',
  sentinel: true,
  exact: true,
  productions: [
    // Not without a prefix: Redis groups what it tells by the prefixes that a key has.
    production('client|tracking', 5, random =>
      resp(
        'CLIENT',
        'TRACKING',
        'ON',
        ...random.of([
          [],
          [],
          ['NOLOOP'],
          ['OPTIN'],
          ['OPTOUT'],
          ['BCAST', 'PREFIX', 'k'],
          ['BCAST', 'PREFIX', 'a', 'NOLOOP'],
        ]),
      ),
    ),
    production('client|tracking', 2, random =>
      resp(
        'CLIENT',
        'TRACKING',
        ...random.of([
          ['ON', 'PREFIX', 'x'],
          ['ON', 'OPTIN', 'OPTOUT'],
          ['ON', 'BCAST', 'OPTIN'],
          ['ON', 'FOO'],
          ['FOO'],
          ['ON', 'REDIRECT', '99999999'],
          ['ON', 'REDIRECT', 'abc'],
          ['ON', 'BCAST', 'PREFIX', 'k', 'PREFIX', 'k1'],
        ]),
      ),
    ),
    // Redis goes on to tell of keys that were read before tracking was turned off, if it is turned on again.
    production('client|tracking', 2, () => [resp('CLIENT', 'TRACKING', 'OFF'), { ...resp('QUIT'), ends: true }]),
    production('reset', 0.5, () => [resp('RESET'), { ...resp('QUIT'), ends: true }]),
    production('client|caching', 3, random => resp('CLIENT', 'CACHING', random.of(['YES', 'NO', 'FOO']))),
    production('client|trackinginfo', 2, () => resp('CLIENT', 'TRACKINGINFO')),
    production('client|getredir', 1, () => resp('CLIENT', 'GETREDIR')),
    production('get', 12, random => resp('GET', key(random))),
    production('mget', 5, random => resp('MGET', ...keys(random))),
    production('ttl', 2, random => resp('TTL', key(random))),
    production('exists', 2, random => resp('EXISTS', ...keys(random))),
    production('hget', 2, random => resp('HGET', key(random), 'f')),
    production(
      'set',
      10,
      random =>
        resp('SET', key(random), integer(random), ...random.of([[], ['EX', '1000'], ['NX'], ['XX'], ['KEEPTTL']])),
      { alone: true },
    ),
    production('del', 4, random => resp('DEL', ...keys(random)), { alone: true }),
    production('mset', 3, random => resp('MSET', ...keys(random).flatMap(one => [one, 'v'])), { alone: true }),
    production('incr', 3, random => resp('INCR', key(random)), { alone: true }),
    production('expire', 3, random => resp('EXPIRE', key(random), random.of(['1000', '-1'])), { alone: true }),
    production('append', 2, random => resp('APPEND', key(random), 'x'), { alone: true }),
    production('hset', 2, random => resp('HSET', key(random), 'f', 'v'), { alone: true }),
    production('flushall', 0.5, () => resp('FLUSHALL'), { alone: true }),
    production('hello', 1, () => resp('HELLO', '3'), { alone: true }),
  ],
};
