/** The soak's own judgement: each of its findings can fail. */
import { describe, expect, test } from '@jest/globals';
import { WrongReply } from './connection.mjs';
import { Flushes, Model } from './model.mjs';
import { describes, describing, Random } from './random.mjs';
import { ALLOWED_GROWTH_BYTES, type Facts, growth, judge } from './verdict.mjs';

const MIB = 1024 * 1024;

/** A run of 100 samples. */
const samples = (rssBytes: (share: number) => number) =>
  Array.from({ length: 100 }, (_, index) => ({ atMs: index * 1000, rssBytes: rssBytes(index / 99) }));

const good: Facts = {
  samples: samples(() => 100 * MIB),
  connections: { held: 5, heldGauge: 5, opened: 90, accepted: 90, closed: 90, gauge: 0 },
  requests: { answered: 1000, abandoned: 10, counted: 1007 },
  items: { lost: 3, evictions: 40 },
  descriptors: { before: 30, after: 30 },
  errors: [],
};
const failures = (changes: Partial<Facts>) =>
  judge({ ...good, ...changes }).flatMap(({ ok, text }) => (ok ? [] : [text]));

describe('the verdict', () => {
  test('has nothing against a good run', () => {
    expect(failures({})).toEqual([]);
  });
  test.each<[string, Partial<Facts>]>([
    ['a wrong reply', { errors: ['lane 3: own-3-1 has 5 bytes, 6 were written'] }],
    ['memory that grows steadily', { samples: samples(share => (100 + 60 * share) * MIB) }],
    ['a gauge that differs', { connections: { ...good.connections, heldGauge: 6 } }],
    ['a connection that was not counted', { connections: { ...good.connections, accepted: 89 } }],
    ['a connection that was not closed', { connections: { ...good.connections, closed: 89 } }],
    ['a gauge that leaks', { connections: { ...good.connections, gauge: 1 } }],
    ['requests that were not counted', { requests: { ...good.requests, counted: 999 } }],
    ['requests counted twice', { requests: { ...good.requests, counted: 1011 } }],
    ['keys missing without evictions', { items: { lost: 41, evictions: 40 } }],
    ['a descriptor left open', { descriptors: { before: 30, after: 31 } }],
  ])('fails for %s', (_, changes) => {
    expect(failures(changes)).toHaveLength(1);
  });
  test('growth while the cache fills is none, and a low end does not hide a growth before', () => {
    expect(growth(samples(share => Math.min(1, share * 5) * 100 * MIB)).bytes).toBe(0);
    const last = samples(share => (share > 0.97 ? 10 : share > 0.8 ? 150 : 100) * MIB);
    expect(growth(last).bytes).toBe(50 * MIB);
    expect(growth(last).bytes).toBeGreaterThan(ALLOWED_GROWTH_BYTES);
  });
});

describe('what a client knows of its keys', () => {
  const value = Buffer.from('v');
  const make = () => {
    const flushes = new Flushes();
    return { flushes, model: new Model(flushes) };
  };
  const later = (ms: number) => performance.now() + ms;

  test('a deleted, an expired and a flushed one may not be there', () => {
    const { flushes, model } = make();
    expect(() => model.present('never', later(0))).toThrow(WrongReply);
    model.wrote('deleted', value, later(0));
    model.removed('deleted');
    expect(() => model.present('deleted', later(0))).toThrow(/deleted/);
    model.wrote('short', value, later(0), { ttlMs: 10 });
    expect(model.present('short', later(0))?.value).toBe(value);
    expect(() => model.present('short', later(60_000))).toThrow(/expired/);
    model.wrote('flushed', value, later(0));
    flushes.begin();
    flushes.end();
    expect(() => model.present('flushed', later(1))).toThrow(/flushed/);
    model.wrote('after', value, later(0));
    expect(model.present('after', later(1))?.value).toBe(value);
  });

  test('a missing one counts as lost unless something explains it', () => {
    const { flushes, model } = make();
    model.wrote('lost', value, later(0), { ttlMs: 100_000 });
    model.missing('lost');
    expect(model.lost).toBe(1);
    model.wrote('expired', value, later(0), { ttlMs: 10 });
    model.missing('expired');
    model.missing('never');
    model.wrote('flushed', value, later(0));
    flushes.begin();
    model.missing('flushed');
    flushes.end();
    expect(model.lost).toBe(1);
  });

  test('after a refused write anything may be', () => {
    const { model } = make();
    model.refused('key');
    expect(model.present('key', later(0))).toBeUndefined();
    model.missing('key');
    expect(() => model.present('key', later(0))).toThrow(WrongReply);
  });
});

test('a value that describes itself is known from any other', () => {
  const random = new Random(1);
  for (let round = 0; round < 200; round += 1) {
    const value = describing('shared-1', random);
    expect(describes('shared-1', value)).toBe(true);
    expect(describes('shared-2', value)).toBe(false);
    expect(describes('shared-1', value.subarray(0, -1))).toBe(false);
    const changed = Buffer.from(value);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    expect(describes('shared-1', changed)).toBe(false);
  }
});
