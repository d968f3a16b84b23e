/** RESP: publishing and subscribing, RESP2's and RESP3's rules for what a subscriber may send. */
import type { Random } from '../../soak/random.mjs';
import { resp } from '../command.ts';
import { type Family, production } from '../family.ts';
import { value } from '../values.ts';

const CHANNELS = ['c1', 'c2', 'news', 'n\r\n\xff', ''];
const PATTERNS = ['*', 'c?', 'n*', 'c[12]', 'nosuch'];
const some = (random: Random, list: readonly string[]) =>
  Array.from({ length: 1 + random.below(3) }, () => random.of(list));

export const pubsub: Family = {
  name: 'pubsub',
  protocol: 'resp',
  sentinel: true,
  exact: true,
  productions: [
    production('subscribe', 6, random => resp('SUBSCRIBE', ...some(random, CHANNELS))),
    production('unsubscribe', 5, random => resp('UNSUBSCRIBE', ...some(random, CHANNELS))),
    production('psubscribe', 6, random => resp('PSUBSCRIBE', ...some(random, PATTERNS))),
    production('punsubscribe', 5, random => resp('PUNSUBSCRIBE', ...some(random, PATTERNS))),
    production('unsubscribe', 2, () => resp('UNSUBSCRIBE'), { alone: true }),
    production('punsubscribe', 2, () => resp('PUNSUBSCRIBE'), { alone: true }),
    production('publish', 14, random => resp('PUBLISH', random.of(CHANNELS), value(random)), { alone: true }),
    production('pubsub|numsub', 3, random =>
      resp('PUBSUB', 'NUMSUB', ...random.of([[], ['c1'], ['c1', 'c2', 'none']])),
    ),
    production('pubsub|numpat', 3, () => resp('PUBSUB', 'NUMPAT')),
    production('pubsub|channels', 3, random => resp('PUBSUB', 'CHANNELS', ...random.of([[], ['c*'], ['none']])), {
      alone: true,
    }),
    production('pubsub', 1, random => resp('PUBSUB', ...random.of([[], ['FOO'], ['NUMPAT', 'x']]))),
    production('subscribe', 1, random => resp(random.of(['SUBSCRIBE', 'PSUBSCRIBE', 'PUBLISH']))),
    production('get', 3, random => resp('GET', random.of(['k1', 'k2']))),
    production('set', 3, random => resp('SET', random.of(['k1', 'k2']), value(random))),
    production('ping', 3, random => resp('PING', ...random.of([[], ['x']]))),
    production('hello', 2, random => resp('HELLO', random.of(['2', '3'])), { alone: true }),
    production('reset', 1, () => resp('RESET')),
  ],
};
