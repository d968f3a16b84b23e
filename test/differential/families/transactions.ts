/** RESP: MULTI, EXEC, DISCARD, WATCH among everything else, on several connections. */
import type { Random } from '../../soak/random.mjs';
import { resp } from '../command.ts';
import { type Family, type Production, production } from '../family.ts';
import { integer, key, keys, value } from '../values.ts';
import { counters } from './counters.ts';
import { hashes } from './hashes.ts';
import { keysFamily } from './keys.ts';
import { strings } from './strings.ts';

/** What can be queued: what comes alone, or needs rest before the next step, cannot. */
const queueable = (): Production[] =>
  [strings, keysFamily, hashes, counters]
    .flatMap(family => family.productions)
    .filter(({ alone, restMs }) => alone !== true && restMs === undefined);

const block = (random: Random) => {
  const commands = Array.from({ length: random.below(6) }, () =>
    random.of([
      () => resp('SET', key(random), value(random)),
      () => resp('GET', key(random)),
      () => resp('INCR', key(random)),
      () => resp('MGET', ...keys(random)),
      () => resp('DEL', key(random)),
      () => resp('EXPIRE', key(random), '1000'),
      () => resp('TTL', key(random)),
      () => resp('INCRBY', key(random), integer(random)),
      () => resp('NOSUCH', 'command'),
    ])(),
  );
  return [resp('MULTI'), ...commands, resp(random.chance(0.9) ? 'EXEC' : 'DISCARD')];
};

export const transactions: Family = {
  name: 'transactions',
  protocol: 'resp',
  among: { share: 0.55, productions: queueable },
  productions: [
    production('multi', 10, () => resp('MULTI')),
    production('exec', 14, () => resp('EXEC')),
    production('discard', 3, () => resp('DISCARD')),
    production('watch', 10, random => resp('WATCH', ...keys(random, 3))),
    production('unwatch', 3, () => resp('UNWATCH')),
    production('multi exec set get incr mget del expire ttl incrby', 10, block),
    production('flushall', 0.5, random => resp(random.of(['FLUSHALL', 'FLUSHDB']))),
    production('reset', 0.5, () => resp('RESET')),
    production('hello', 1, random => resp('HELLO', random.of(['2', '3']))),
    production('select', 1, random => resp('SELECT', random.of(['0', '1']))),
    production('ping', 2, random => resp('PING', ...random.of([[], ['x']]))),
    production('get', 1, () => resp('NOSUCH', 'a')),
    // Not queued, for it would expire in the middle of what follows EXEC.
    production(
      'pexpire discard',
      1,
      random => [
        { ...resp('DISCARD'), replies: 1 },
        { ...resp('PEXPIRE', key(random), '1'), replies: 1 },
      ],
      { restMs: 20 },
    ),
  ],
};
