/** Random operations beside a plain map that does what the cache is to do. RINGSTONE_STEPS sets how many; a failure names its seed. */
import { expect, test } from '@jest/globals';
import { Cache } from '../../ts/index.ts';
import { anyName, patterned } from './support.ts';

const STEPS = Number(process.env['RINGSTONE_STEPS'] ?? 20_000);
/** Times of expiry are either over before the next step, or not within the test. */
const LONG_MS = 3_600_000;
const SIZES = [0, 1, 5, 100, 508, 512, 1000, 8192, 8193, 16_383, 16_384, 20_000, 70_000];

/** mulberry32 */
function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return below => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

interface Entry {
  value: Buffer;
  /** Until when; infinity for ever. */
  expires: boolean;
  version: number;
}

class Model {
  readonly entries = new Map<string, Entry>();
  #versions = 0;

  write(key: string, value: Buffer, expires: boolean): true {
    this.entries.set(key, { value, expires, version: ++this.#versions });
    return true;
  }

  change(key: string, change: (value: Buffer) => Buffer): boolean {
    const entry = this.entries.get(key);
    return entry ? this.write(key, change(entry.value), entry.expires) : false;
  }
}

function integerOf(value: Buffer): number | undefined {
  const text = value.toString('latin1');
  return /^(0|-?[1-9]\d{0,14})$/.test(text) ? Number(text) : undefined;
}

/** One step in both; what they answered. */
function step(cache: Cache, model: Model, random: (below: number) => number, tokens: Map<string, [bigint, number]>) {
  const key = `key ${random(40)}`;
  const entry = model.entries.get(key);
  const size = random(12) === 0 ? (SIZES[random(SIZES.length)] as number) : random(64);
  const value = random(4) === 0 ? Buffer.from(String(random(2_000_000) - 1_000_000)) : patterned(size, random(256));
  const expires = random(3) === 0;
  const options = expires ? { ttl: LONG_MS } : undefined;
  const operation = random(17);
  switch (operation) {
    case 0:
    case 1:
    case 2:
      cache.set(key, value, options);
      return [operation, key, true, model.write(key, value, expires)];
    case 3:
      return [operation, key, cache.add(key, value, options), entry ? false : model.write(key, value, expires)];
    case 4:
      return [operation, key, cache.replace(key, value, options), entry ? model.write(key, value, expires) : false];
    case 5:
      return [operation, key, cache.append(key, value), model.change(key, old => Buffer.concat([old, value]))];
    case 6:
      return [operation, key, cache.prepend(key, value), model.change(key, old => Buffer.concat([value, old]))];
    case 7: {
      const by = random(200) - 100;
      const number = entry ? integerOf(entry.value) : 0;
      let counted: number | undefined;
      try {
        counted = cache.incr(key, by, options);
      } catch (error) {
        // Digits that were put together may be more than are exact.
        const code = expect.stringMatching(/^RINGSTONE_(NOT_A_NUMBER|OUT_OF_RANGE)$/);
        expect(error).toMatchObject({ code });
      }
      if (number === undefined) return [operation, key, counted, undefined];
      model.write(key, Buffer.from(String(number + by)), entry ? entry.expires : expires);
      return [operation, key, counted, number + by];
    }
    case 8: {
      const found = cache.getWithCas(key);
      if (found && entry) tokens.set(key, [found.cas, entry.version]);
      return [operation, key, found?.value.toString('latin1'), entry?.value.toString('latin1')];
    }
    case 9: {
      const [token, version] = tokens.get(key) ?? [2n ** 63n, -1];
      const holds = entry?.version === version;
      return [operation, key, cache.cas(key, value, token, options), holds ? model.write(key, value, expires) : false];
    }
    case 10:
      return [operation, key, cache.delete(key), model.entries.delete(key)];
    case 11: {
      const touched = cache.touch(key, expires ? LONG_MS : 0);
      if (entry) entry.expires = expires;
      return [operation, key, touched, entry !== undefined];
    }
    case 12: {
      // Nothing else is seen of it before it is gone.
      cache.set(key, value, { ttl: 1 });
      const end = Date.now() + 2;
      while (Date.now() < end);
      model.entries.delete(key);
      // Found expired by a read it is gone for good, and counted no more.
      return [operation, key, cache.has(key) || cache.get(key) !== undefined, false];
    }
    case 13:
      return [operation, key, cache.ttl(key) !== undefined && cache.ttl(key) !== Infinity, entry?.expires ?? false];
    case 14: {
      const keys = Array.from({ length: random(20) }, () => `key ${random(50)}`);
      const text = (one: Buffer | undefined) => one?.toString('latin1');
      return [
        operation,
        key,
        cache.mget(keys).map(text).join(),
        keys.map(one => text(model.entries.get(one)?.value)).join(),
      ];
    }
    case 15:
      return [operation, key, cache.getString(key), entry?.value.toString()];
    default:
      return [operation, key, cache.get(key)?.toString('latin1'), entry?.value.toString('latin1')];
  }
}

test.each([1, 2, 3, Date.now() % 2 ** 31])('random operations do what they do to a map (seed %d)', seed => {
  using cache = Cache.open({ name: anyName(), maxMemory: '16mb', maxValueSize: '1mb' });
  const [model, random, tokens] = [new Model(), randomOf(seed), new Map<string, [bigint, number]>()];
  for (let n = 0; n < STEPS / 4; n++) {
    const [operation, key, got, wanted] = step(cache, model, random, tokens);
    if (got !== wanted) expect({ n, operation, key, got }).toEqual({ n, operation, key, got: wanted });
    if (model.entries.get(String(key)) && (model.entries.get(String(key)) as Entry).value.length > 500_000) {
      cache.delete(String(key));
      model.entries.delete(String(key));
    }
    if (random(1000) === 0) {
      cache.clear();
      model.entries.clear();
    }
  }
  expect([...cache.scan()].sort()).toEqual([...model.entries.keys()].sort());
  expect(cache.size).toBe(model.entries.size);
});
