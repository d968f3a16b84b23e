/** memcached's classic text protocol: the real memcached first, then Ringstone on each runtime. */
import { describe } from '@jest/globals';
import { missingMemcached, startMemcached } from '../harness/oracles.ts';
import { describeWith } from '../harness/requirement.ts';
import { startRingstone } from '../harness/ringstone.ts';
import { eachRuntime } from '../harness/runtimes.ts';
import { oracleTable, testTable } from '../harness/tabletests.ts';
import { memcachedDialect, memcachedTable } from './memcached/index.ts';

describeWith(missingMemcached, 'the real memcached', () => {
  testTable(oracleTable(memcachedTable), memcachedDialect, () => startMemcached(), false);
});

eachRuntime(runtime => {
  const start = (workers: number) => () => startRingstone({ runtime, workers, listen: ['memcached://127.0.0.1:0'] });
  describe('one worker', () => testTable(memcachedTable, memcachedDialect, start(1), false));
  describe('four workers', () => testTable(memcachedTable, memcachedDialect, start(4), true));
});
