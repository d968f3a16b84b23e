/** memcached's binary protocol: the real memcached first, then Ringstone on each runtime. */
import { describe } from '@jest/globals';
import { missingMemcached, startMemcached } from '../harness/oracles.ts';
import { describeWith } from '../harness/requirement.ts';
import { startRingstone } from '../harness/ringstone.ts';
import { eachRuntime } from '../harness/runtimes.ts';
import { oracleTable, testTable } from '../harness/tabletests.ts';
import { binary, largeBinary } from './memcached/binary.ts';
import { binaryDialect } from './memcached/packets.ts';

describeWith(missingMemcached, 'the real memcached', () => {
  testTable(oracleTable([...binary, ...largeBinary]), binaryDialect, () => startMemcached(), false);
});

eachRuntime(runtime => {
  const start = (workers: number, listen: string) => () =>
    startRingstone({ runtime, workers, listen: [`${listen}127.0.0.1:0`] });
  describe('one worker, told apart', () => testTable([...binary, ...largeBinary], binaryDialect, start(1, ''), false));
  describe('four workers', () => testTable(binary, binaryDialect, start(4, 'memcached://'), true));
});
