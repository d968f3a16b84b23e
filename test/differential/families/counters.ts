/** RESP: numbers only, so that counting rarely fails and its results are used again. */
import type { Random } from '../../soak/random.mjs';
import { resp } from '../command.ts';
import { type Family, production } from '../family.ts';
import { float, integer } from '../values.ts';

const key = (random: Random) => random.of(['n1', 'n2', 'n3']);
const small = (random: Random) => String(random.below(200) - 100);
const decimal = (random: Random) => ((random.fraction() - 0.5) * 10 ** random.below(9)).toFixed(random.below(12));

export const counters: Family = {
  name: 'counters',
  protocol: 'resp',
  productions: [
    production('set', 4, random =>
      resp('SET', key(random), random.of([integer(random), small(random), float(random)])),
    ),
    production('get', 8, random => resp('GET', key(random))),
    production('incr', 4, random => resp('INCR', key(random))),
    production('decr', 4, random => resp('DECR', key(random))),
    production('incrby', 8, random =>
      resp('INCRBY', key(random), random.chance(0.5) ? small(random) : integer(random)),
    ),
    production('decrby', 8, random =>
      resp('DECRBY', key(random), random.chance(0.5) ? small(random) : integer(random)),
    ),
    production('incrbyfloat', 10, random => resp('INCRBYFLOAT', key(random), decimal(random))),
    production('incrbyfloat', 10, random => resp('INCRBYFLOAT', key(random), float(random))),
    production('strlen', 2, random => resp('STRLEN', key(random))),
    production('del', 2, random => resp('DEL', key(random))),
    production('hset', 4, random =>
      resp('HSET', 'hn', key(random), random.of([integer(random), small(random), float(random)])),
    ),
    production('hincrby', 8, random =>
      resp('HINCRBY', 'hn', key(random), random.chance(0.5) ? small(random) : integer(random)),
    ),
    production('hincrbyfloat', 8, random => resp('HINCRBYFLOAT', 'hn', key(random), decimal(random))),
    production('hincrbyfloat', 8, random => resp('HINCRBYFLOAT', 'hn', key(random), float(random))),
    production('hgetall', 4, () => resp('HGETALL', 'hn')),
    production('hdel', 3, random => resp('HDEL', 'hn', key(random))),
  ],
};
