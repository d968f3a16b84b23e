/** `npm run bench:memory`: the items are what they are said to be, counts are the server's, and what fails says so. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { Filler, KEY_BYTES } from '../../bench/fill.mjs';
import { KINDS, type Kind, measureFull, measureOverhead } from '../../bench/footprint.mjs';
import { renderFull, renderOverheads } from '../../bench/memory-table.mjs';
import { SUBJECTS, type Subject } from '../../bench/servers.mjs';
import { fixture } from '../harness/fixture.ts';

const subject = (name: string): Subject => {
  const found = SUBJECTS.find(one => one.name === name);
  if (!found) throw new Error(`no subject ${name}`);
  return found;
};
const kind: Kind = { name: '100 B', valueBytes: 100, ttl: false, items: 20_000 };
const payload = KEY_BYTES + kind.valueBytes;

describe.each(['memcached', 'resp'] as const)('a filler that speaks %s', protocol => {
  const { server, connect } = fixture({ runtime: 'mio' });
  let filler: Filler;
  const open = () => {
    filler = new Filler(`127.0.0.1:${server().port}`, protocol);
    return filler;
  };
  afterEach(() => filler.close());

  test('stores what it says, and its warm-up nothing', async () => {
    const items = { first: 7, count: 3000, valueBytes: 100 };
    await open().warm({ ...items, ttl: true });
    expect(await filler.count()).toBe(0);
    await filler.fill({ ...items, ttl: true });
    expect(await filler.count()).toBe(3000);
    await filler.fill({ first: 3007, count: 1, valueBytes: 16, ttl: false });
    const wire = await connect();
    await wire.send('*2\r\n$3\r\nTTL\r\n$16\r\nkey:000000003006\r\n');
    const life = /^:(\d+)\r\n$/.exec(await wire.readLine())?.[1];
    expect(Number(life)).toBeGreaterThan(3000);
    await wire.send('*2\r\n$3\r\nGET\r\n$16\r\nkey:000000003006\r\n');
    await wire.expect(`$100\r\n${'v'.repeat(100)}\r\n`);
    await wire.send('*2\r\n$3\r\nTTL\r\n$16\r\nkey:000000003007\r\n');
    await wire.expect(':-1\r\n');
    await wire.send('*2\r\n$3\r\nTTL\r\n$16\r\nkey:000000003008\r\n');
    await wire.expect(':-2\r\n');
  });

  test('a reply that acknowledges nothing is an error', async () => {
    const long = { first: 0, count: 1, valueBytes: 9 * 1024 ** 2, ttl: false };
    await expect(open().fill(long)).rejects.toThrow(/^a write was answered ".*(too large|too long|exceed|invalid)/i);
  });
});

test('a server that holds all items is measured, and one that had to evict is an error', async () => {
  const result = await measureOverhead(subject('mio'), kind, process.env);
  if (typeof result === 'string') throw new Error(result);
  expect(result.items).toBe(20_000);
  const grown = result.filled_rss_bytes - result.empty_rss_bytes;
  expect(result.overhead_bytes).toBeCloseTo(grown / 20_000 - payload, 6);
  expect(result.overhead_share).toBeCloseTo(result.overhead_bytes / payload, 6);
  // What is stored is resident.
  expect(grown).toBeGreaterThan(20_000 * payload);
  await expect(measureOverhead(subject('mio'), { ...kind, items: 100_000 }, process.env, 8)).rejects.toThrow(
    /^it holds \d+ of 100000 items$/,
  );
});

test('a full server holds some of what was written, and one that cannot start says why', async () => {
  const full = await measureFull(subject('mio'), process.env, 16);
  if (typeof full === 'string') throw new Error(full);
  expect(full.written).toBeGreaterThan((2 * full.max_memory_bytes) / payload);
  expect(full.alive).toBeGreaterThan(0);
  expect(full.alive).toBeLessThan(full.written / 2);
  expect(await measureFull(subject('mio'), process.env, -1)).toContain('has ended');
});

test('tables: overheads, ratios, and what is absent or failed', () => {
  const overhead = {
    items: 10,
    empty_rss_bytes: 0,
    filled_rss_bytes: 1,
    overhead_bytes: 25.26,
    overhead_share: 0.2178,
  };
  const cells = [
    { load: '100 B', subject: 'mio', result: overhead, problems: [] },
    { load: '100 B', subject: 'redis', problems: ['it holds 1 of 10 items'] },
  ];
  const subjects = ['memcached', 'mio', 'redis'].map(subject);
  const absent = new Map([['memcached', 'memcached could not be installed']]);
  const page = renderOverheads(cells, [kind], subjects, absent);
  expect(page.split('\n')).toEqual(
    expect.arrayContaining([
      '| values | items | Ringstone mio | redis |',
      '| 100 B | 20,000 | 25.3 (21.8 %) | failed |',
      '| memcached | not measured: memcached could not be installed | | |',
      '- redis under 100 B: it holds 1 of 10 items',
    ]),
  );
  const mib = 1024 ** 2;
  const full = (name: string, alive: number) => ({
    load: 'full',
    subject: name,
    result: { written: 9, alive, empty_rss_bytes: mib, full_rss_bytes: 65 * mib, max_memory_bytes: 64 * mib },
    problems: [],
  });
  const lines = renderFull([full('memcached', 1000), full('mio', 1500)], subjects, new Map()).split('\n');
  expect(lines).toContain('| memcached | 1,000 | 1.00 | 65.0 | 1.02 | 1.00 |');
  expect(lines).toContain('| Ringstone mio | 1,500 | 1.50 | 65.0 | 1.02 | 1.00 |');
  expect(lines).toContain('| redis | failed | | | | |');
});

test('each size is measured with and without a TTL', () => {
  for (const ttl of [false, true])
    expect(KINDS.filter(one => one.ttl === ttl).map(({ valueBytes }) => valueBytes)).toEqual([16, 100, 1000, 4096]);
});
