/** Tables as jest tests. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { killLeftovers } from './children.ts';
import type { Target } from './oracles.ts';
import { type Dialect, type Entry, open, runEntry, runEverySplit } from './table.ts';
import type { Address } from './wire.ts';

/** What the tests need of a server. */
export type TableTarget = Pick<Target, 'address'> & { stop(): Promise<unknown> };

/** Splitting a whole table takes longer than one test's usual limit. */
const SPLIT_TIMEOUT_MS = 120_000;

/** One test per entry, and one for the splits of all. */
export function testTable(
  table: readonly Entry[],
  dialect: Dialect,
  start: () => Promise<TableTarget>,
  split: boolean,
): void {
  const entries = table.filter(entry => dialect.version === 2 || !entry.resp2);
  let target: TableTarget;
  beforeAll(async () => {
    target = await start();
  });
  afterAll(async () => {
    await target?.stop();
    await killLeftovers();
  });

  test.each(entries.map(entry => [entry.name, entry] as const))('%s', async (_name, entry) => {
    const wire = await open(target.address, dialect);
    try {
      await runEntry(wire, entry, dialect, 'whole');
    } finally {
      wire.close();
    }
  });

  if (!split) return;
  test(
    'split at every byte, and byte by byte',
    async () => {
      const shared = entries.filter(entry => !entry.alone && !entry.resp2);
      expect(await runEverySplit(target.address, shared, dialect)).toEqual([]);
      expect(
        await alone(
          target.address,
          entries.filter(entry => entry.alone || entry.resp2),
          dialect,
        ),
      ).toEqual([]);
    },
    SPLIT_TIMEOUT_MS,
  );
}

/** Entries that must not meet others, one after another. */
async function alone(address: Address, entries: readonly Entry[], dialect: Dialect) {
  const failures = [];
  for (const entry of entries) failures.push(...(await runEverySplit(address, [entry], dialect, 1)));
  return failures;
}

/** The table as the real server answers it: without the entries that it does not know. */
export function oracleTable(table: readonly Entry[]): Entry[] {
  return table.flatMap(entry => {
    if (!entry.differs) return [entry];
    const { steps, closes = entry.closes } = entry.differs;
    if (steps === null) return [];
    const { differs: _differs, ...same } = entry;
    return [{ ...same, steps, closes: closes === true }];
  });
}
