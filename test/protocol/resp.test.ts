/** RESP2 and RESP3: the real redis-server first, then Ringstone on each runtime. */
import { describe } from '@jest/globals';
import { missingRedis, startRedis } from '../harness/oracles.ts';
import { describeWith } from '../harness/requirement.ts';
import { startRingstone } from '../harness/ringstone.ts';
import { eachRuntime } from '../harness/runtimes.ts';
import { oracleTable, testTable } from '../harness/tabletests.ts';
import { respDialect, respTable } from './resp/index.ts';

const VERSIONS = [2, 3] as const;

describeWith(missingRedis, 'the real redis-server', () => {
  describe.each(VERSIONS)('RESP%d', version => {
    testTable(oracleTable(respTable), respDialect(version), () => startRedis(), false);
  });
});

eachRuntime(runtime => {
  describe.each(VERSIONS)('RESP%d', version => {
    const start = (workers: number) => () => startRingstone({ runtime, workers, listen: ['resp://127.0.0.1:0'] });
    describe('one worker', () => testTable(respTable, respDialect(version), start(1), false));
    describe('four workers', () => testTable(respTable, respDialect(version), start(4), true));
  });
});
