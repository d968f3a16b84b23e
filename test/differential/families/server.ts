/** RESP: settings, statistics and what is said about commands: refusals and shapes, where the figures are each server's own. */
import { resp } from '../command.ts';
import { type Family, production } from '../family.ts';
import { key, value } from '../values.ts';

export const server: Family = {
  name: 'server',
  protocol: 'resp',
  productions: [
    production('set', 4, random => resp('SET', key(random), value(random))),
    production('del', 2, random => resp('DEL', key(random))),
    production('config|get', 4, random =>
      resp('CONFIG', 'GET', ...random.of([['nosuch'], ['nosuch*', 'none'], [], ['[']])),
    ),
    production('config|set', 4, random =>
      resp('CONFIG', 'SET', ...random.of([['nosuch', '1'], ['nosuch'], [], ['a', '1', 'b']])),
    ),
    production('config|resetstat', 1, random => resp('CONFIG', 'RESETSTAT', ...random.of([[], [], ['x']]))),
    production('config', 1, random => resp('CONFIG', ...random.of([[], ['FOO']]))),
    production('memory|usage', 4, random =>
      resp(
        'MEMORY',
        'USAGE',
        key(random),
        ...random.of([[], ['SAMPLES', '5'], ['SAMPLES', '-1'], ['SAMPLES', 'abc'], ['FOO'], ['SAMPLES']]),
      ),
    ),
    production('memory', 1, random => resp('MEMORY', ...random.of([[], ['FOO'], ['FOO', 'x']]))),
    production('slowlog|reset', 1, () => resp('SLOWLOG', 'RESET')),
    production('slowlog|get', 2, random => resp('SLOWLOG', 'GET', random.of(['0', '-2', 'abc', '1.5']))),
    production('slowlog', 1, random => resp('SLOWLOG', ...random.of([[], ['FOO'], ['LEN', 'x']]))),
    production('latency|reset', 2, random => resp('LATENCY', 'RESET', ...random.of([[], ['nosuch'], ['a', 'b']]))),
    production('latency|history', 2, () => resp('LATENCY', 'HISTORY', 'nosuch')),
    production('latency|latest', 1, random => resp('LATENCY', 'LATEST', ...random.of([[], ['x']]))),
    production('latency', 1, random => resp('LATENCY', ...random.of([[], ['FOO']]))),
    production('wait', 2, random =>
      resp('WAIT', ...random.of([['0', '0'], ['0', '10'], ['0', '-1'], ['abc', '0'], ['0', 'abc'], ['0']])),
    ),
    production('cluster', 1, random => resp('CLUSTER', ...random.of([[], ['FOO']]))),
    ...['info', 'myid', 'nodes', 'shards', 'slots'].map(sub =>
      production(`cluster|${sub}`, 0.5, () => resp('CLUSTER', sub.toUpperCase())),
    ),
    production('cluster|keyslot', 0.5, random => resp('CLUSTER', 'KEYSLOT', ...random.of([['a'], []]))),
    production('memory|stats', 0.5, () => resp('MEMORY', 'STATS', 'x', 'y')),
    production('flushdb', 0.5, random => resp('FLUSHDB', ...random.of([[], ['SYNC'], ['ASYNC'], ['FOO']]))),
    production('debug', 0.5, random => {
      const words = random.of([['SLEEP', '0'], ['SLEEP', '0.001'], ['FOO'], ['SLEEP']]);
      return { ...resp('DEBUG', ...words), replies: 1 };
    }),
    production('dbsize', 2, () => resp('DBSIZE')),
    production('flushall', 0.5, random => resp('FLUSHALL', random.of(['SYNC', 'ASYNC', 'FOO']))),
  ],
};
