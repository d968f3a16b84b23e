/** Values as streams: written straight into the cache and published whole, read as one version, whatever else happens. */
import { once } from 'node:events';
import { PassThrough, Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, expect, test } from '@jest/globals';
import { Cache, type CacheServer } from '../../ts/index.ts';
import { killLeftovers, run } from '../harness/children.ts';
import { root } from '../harness/ringstone.ts';
import { Wire } from '../harness/wire.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
/** Around all that makes a difference: nothing, where values begin to be kept in extents, a segment, a few of them. */
const SIZES = [0, 1, 4095, 16_383, 16_384, 16_385, 65_535, 65_536, 65_537, MIB, 3 * MIB + 17, 8 * MIB];

const open = (name: string) => Cache.open({ name: `streams ${name}`, maxMemory: '64mb', maxValueSize: '16mb' });

function pattern(length: number, from = 0): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let at = 0; at < length; at++) bytes[at] = (from + at * 7 + (at >> 8)) & 255;
  return bytes;
}

function* pieces(bytes: Buffer, length: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

const write = (stream: Writable, bytes: Buffer, piece = 50_000) =>
  pipeline(Readable.from(pieces(bytes, piece)), stream);
const read = async (stream: Readable) => Buffer.concat(await stream.toArray());

/** The error that a stream ends with. */
const failure = async (stream: Readable | Writable) => (await once(stream, 'error'))[0] as NodeJS.ErrnoException;

/** Bytes of the cache that are used so. */
function used(server: CacheServer, use: 'receiving' | 'sending'): number {
  const family = server.metrics().find(({ name }) => name === 'ringstone_memory_bytes');
  const sample = family?.samples.find(({ labels }) => labels.some(([name, value]) => name === 'use' && value === use));
  if (!sample) throw new Error(`no metric of bytes used for ${use}`);
  return sample.value;
}

const serve = (cache: Cache) => cache.serve({ listen: '127.0.0.1:0', runtime: 'mio', workers: 1 });

function connect(server: CacheServer): Promise<Wire> {
  const [host = '', port] = (server.addresses[0] ?? '').split(':');
  return Wire.connect({ host, port: Number(port) });
}

afterAll(async () => {
  await killLeftovers();
});

test.each(SIZES)('%d bytes are what they were, with a size and without', async length => {
  using cache = open('sizes');
  const value = pattern(length);
  for (const size of [length, undefined]) {
    await write(cache.createWriteStream('key', size === undefined ? {} : { size }), value);
    expect(cache.get('key')?.equals(value)).toBe(true);
    expect((await read(cache.createReadStream('key'))).equals(value)).toBe(true);
    cache.delete('key');
  }
});

test('chunks may be of any size, and strings', async () => {
  using cache = open('chunks');
  const value = pattern(300_000);
  for (const piece of [1000, 65_536, 300_000]) {
    await write(cache.createWriteStream('key'), value, piece);
    expect(cache.get('key')?.equals(value)).toBe(true);
  }
  const stream = cache.createWriteStream(Buffer.from('key'));
  stream.write('é and ');
  stream.write('00ff', 'hex');
  stream.end('!');
  await once(stream, 'finish');
  expect(cache.get('key')).toEqual(Buffer.concat([Buffer.from('é and '), Buffer.from([0, 255]), Buffer.from('!')]));
});

test('a part is read, its end included', async () => {
  using cache = open('ranges');
  for (const length of [1000, 200_000]) {
    const value = pattern(length);
    cache.set('key', value);
    const last = length - 1;
    const ranges = [
      [0, 0],
      [0, last],
      [5, 5],
      [17, 900],
      [last, last],
      [last, last + 1],
      [length, length + 5],
      [9, 2 ** 52],
    ];
    for (const [start = 0, end = 0] of ranges) {
      const part = await read(cache.createReadStream('key', { start, end }));
      expect(part.equals(value.subarray(start, end + 1))).toBe(true);
    }
    expect((await read(cache.createReadStream('key', { start: 100 }))).equals(value.subarray(100))).toBe(true);
    expect((await read(cache.createReadStream('key', { end: 100 }))).equals(value.subarray(0, 101))).toBe(true);
  }
});

test('a slow reader has no more kept for it than its high-water mark, in chunks of their own', async () => {
  using cache = open('slow');
  const value = pattern(2 * MIB);
  cache.set('key', value);
  const stream = cache.createReadStream('key', { highWaterMark: 10_000 });
  const got: Buffer[] = [];
  for await (const chunk of stream) {
    expect(stream.readableLength).toBeLessThanOrEqual(10_000);
    // Iteration takes what is kept and what was just read as one.
    expect(chunk.length).toBeLessThanOrEqual(20_000);
    // What is done to a chunk is done to nothing else.
    got.push(Buffer.from(chunk));
    chunk.fill(0);
    await turn();
  }
  expect(Buffer.concat(got).equals(value)).toBe(true);
  expect(cache.get('key')?.equals(value)).toBe(true);
});

test('the bytes are those of one version, whatever becomes of the key', async () => {
  using cache = open('version');
  await using server = await serve(cache);
  const [first, second] = [pattern(3 * MIB), pattern(3 * MIB, 99)];
  const changes: ((name: string) => void)[] = [
    name => cache.set(name, second),
    name => cache.delete(name),
    name => {
      cache.delete(name);
      for (let n = 0; n < 40; n++) cache.set(`other ${n}`, second);
    },
  ];
  for (const change of changes) {
    cache.set('key', first);
    const stream = cache.createReadStream('key');
    const chunks = stream[Symbol.asyncIterator]();
    const got = [(await chunks.next()).value];
    change('key');
    expect(used(server, 'sending')).toBe(3 * MIB);
    for await (const chunk of chunks) got.push(chunk);
    expect(Buffer.concat(got).equals(first)).toBe(true);
    expect(used(server, 'sending')).toBe(0);
  }
});

test('a value that is evicted while it is read is read to its end', async () => {
  using cache = Cache.open({ name: 'streams evicted', maxMemory: '16mb', maxValueSize: '4mb' });
  const value = pattern(2 * MIB);
  cache.set('key', value);
  const chunks = cache.createReadStream('key')[Symbol.asyncIterator]();
  const got = [(await chunks.next()).value];
  for (let n = 0; n < 60; n++) cache.set(`other ${n}`, pattern(MIB, n));
  expect(cache.get('key')).toBeUndefined();
  for await (const chunk of chunks) got.push(chunk);
  expect(Buffer.concat(got).equals(value)).toBe(true);
});

test('nobody sees a value before its stream has finished', async () => {
  using cache = open('atomic');
  cache.set('key', 'old');
  for (const size of [100, 2 * MIB]) {
    const value = pattern(size);
    const stream = cache.createWriteStream('key', { size });
    for (const piece of pieces(value, size / 10)) {
      stream.write(piece);
      await turn();
      expect(cache.getString('key')).toBe('old');
    }
    stream.end();
    await once(stream, 'finish');
    expect(cache.get('key')?.equals(value)).toBe(true);
    cache.set('key', 'old');
  }
});

test('what ends a write early leaves the key as it is, and nothing reserved', async () => {
  using cache = open('aborted');
  await using server = await serve(cache);
  cache.set('key', 'old');
  const start = (options = {}) => {
    const stream = cache.createWriteStream('key', options);
    stream.write(pattern(MIB));
    return stream;
  };
  const left = () => [cache.getString('key'), used(server, 'receiving')];
  for (const size of [{ size: 4 * MIB }, {}]) {
    const destroyed = start(size);
    expect(used(server, 'receiving')).toBeGreaterThanOrEqual(MIB);
    destroyed.destroy();
    await once(destroyed, 'close');
    expect(left()).toEqual(['old', 0]);

    const controller = new AbortController();
    const aborted = start({ ...size, signal: controller.signal });
    controller.abort();
    expect(await failure(aborted)).toMatchObject({ name: 'AbortError' });
    expect(left()).toEqual(['old', 0]);

    const failing = new Readable({
      read() {
        this.destroy(new Error('the source failed'));
      },
    });
    await expect(pipeline(failing, start(size))).rejects.toThrow('the source failed');
    expect(left()).toEqual(['old', 0]);
  }
  const signal = AbortSignal.abort();
  for (const start of [
    () => cache.createWriteStream('key', { size: MIB, signal }),
    () => cache.createReadStream('key', { signal }),
  ]) {
    expect(await failure(start())).toMatchObject({ name: 'AbortError' });
  }
  expect(left()).toEqual(['old', 0]);
});

test('more or fewer bytes than the size says are an error', async () => {
  using cache = open('differs');
  await using server = await serve(cache);
  cache.set('key', 'old');
  for (const size of [0, 10, 100_000]) {
    for (const length of [size + 1, size - 1]) {
      if (length < 0) continue;
      const written = write(cache.createWriteStream('key', { size }), pattern(length));
      await expect(written).rejects.toMatchObject({ name: 'RingstoneError', code: 'RINGSTONE_SIZE_DIFFERS' });
      expect([cache.getString('key'), used(server, 'receiving')]).toEqual(['old', 0]);
    }
  }
});

test('what can never be stored is refused before a byte is taken, or when it becomes too long', async () => {
  using cache = open('refused');
  cache.set('key', 'old');
  const stream = cache.createWriteStream('key', { size: 16 * MIB + 1 });
  stream.write(Buffer.alloc(1));
  expect(await failure(stream)).toMatchObject({ code: 'RINGSTONE_TOO_LARGE' });
  // Node.js 24 hears nothing of a stream that is destroyed before it is piped to.
  const piped = pipeline(Readable.from([Buffer.alloc(1)]), cache.createWriteStream('key', { size: 16 * MIB + 1 }));
  await expect(piped).rejects.toMatchObject({ code: 'RINGSTONE_TOO_LARGE' });
  const grown = write(cache.createWriteStream('key'), Buffer.alloc(16 * MIB + 1), MIB);
  await expect(grown).rejects.toMatchObject({ code: 'RINGSTONE_TOO_LARGE' });
  expect(cache.getString('key')).toBe('old');
  await write(cache.createWriteStream('key'), pattern(16 * MIB), MIB);
  expect(cache.get('key')?.equals(pattern(16 * MIB))).toBe(true);
});

test('writers share what may be reserved; one that stands still loses it', async () => {
  using cache = open('idle');
  await using server = await serve(cache);
  const stalled = cache.createWriteStream('stalled', { size: 12 * MIB, idleTimeout: 200 });
  stalled.write(pattern(MIB));
  expect(await failure(cache.createWriteStream('key', { size: 12 * MIB }))).toMatchObject({ code: 'RINGSTONE_BUSY' });
  expect(await failure(stalled)).toMatchObject({ code: 'RINGSTONE_IDLE_TIMEOUT' });
  expect(used(server, 'receiving')).toBe(0);
  await write(cache.createWriteStream('key', { size: 12 * MIB, idleTimeout: 0 }), pattern(12 * MIB));
  expect([cache.get('key')?.length, cache.get('stalled')]).toEqual([12 * MIB, undefined]);
});

test('of two writers of a key the last to finish stands', async () => {
  using cache = open('two');
  const [one, other] = [pattern(200_000), pattern(300_000, 5)];
  const first = cache.createWriteStream('key', { size: one.length });
  const second = cache.createWriteStream('key');
  second.write(other.subarray(0, 1000));
  first.write(one);
  second.end(other.subarray(1000));
  await once(second, 'finish');
  expect(cache.get('key')?.equals(other)).toBe(true);
  first.end();
  await once(first, 'finish');
  expect(cache.get('key')?.equals(one)).toBe(true);
});

test('a ttl counts from the end of the stream', async () => {
  using cache = open('ttl');
  await using server = await serve(cache);
  const wire = await connect(server);
  await write(cache.createWriteStream('short', { ttl: 1 }), pattern(100));
  await write(cache.createWriteStream('long', { ttl: 3_600_000, size: 100_000 }), pattern(100_000));
  await write(cache.createWriteStream('ever', { ttl: Number.POSITIVE_INFINITY }), pattern(100));
  await wire.send('mg long t\r\nmg ever t\r\n');
  expect(await wire.readLine()).toMatch(/^HD t3(600|599)\r\n$/);
  expect(await wire.readLine()).toBe('HD t-1\r\n');
  wire.close();
  while (cache.getString('short') !== undefined) await turn();
});

test('memcached clients read what a stream wrote, and the reverse', async () => {
  using cache = open('served');
  await using server = await serve(cache);
  const wire = await connect(server);
  const value = pattern(2 * MIB);
  await write(cache.createWriteStream('mine', { size: value.length }), value);
  await wire.send('get mine\r\n');
  await wire.expect(`VALUE mine 0 ${value.length}\r\n`);
  await wire.expect(value);
  await wire.expect('\r\nEND\r\n');
  await wire.send(`set yours 5 0 ${value.length}\r\n`);
  await wire.send(value);
  await wire.send('\r\n');
  await wire.expect('STORED\r\n');
  expect((await read(cache.createReadStream('yours'))).equals(value)).toBe(true);
  wire.close();
});

test('a key that is not there, one with a hash, and arguments of no use', async () => {
  using cache = open('arguments');
  await using server = await serve(cache);
  const wire = await connect(server);
  await wire.send('*4\r\n$4\r\nHSET\r\n$1\r\nh\r\n$1\r\na\r\n$1\r\nb\r\n');
  await wire.expect(':1\r\n');
  wire.close();
  await expect(read(cache.createReadStream('none'))).rejects.toMatchObject({ code: 'RINGSTONE_NOT_FOUND' });
  await expect(read(cache.createReadStream('h'))).rejects.toMatchObject({ code: 'RINGSTONE_WRONG_TYPE' });
  const attempts = [
    () => cache.createReadStream(''),
    () => cache.createReadStream('x'.repeat(65_537)),
    () => cache.createReadStream(5 as unknown as string),
    () => cache.createReadStream('key', { start: 5, end: 4 }),
    () => cache.createReadStream('key', { start: -1 }),
    () => cache.createReadStream('key', { end: 1.5 }),
    () => cache.createReadStream('key', { highWaterMark: 0 }),
    () => cache.createWriteStream(''),
    () => cache.createWriteStream('x'.repeat(65_537)),
    () => cache.createWriteStream('key', { size: -1 }),
    () => cache.createWriteStream('key', { size: Number.NaN }),
    () => cache.createWriteStream('key', { ttl: -1 }),
    () => cache.createWriteStream('key', { ttl: Number.NaN }),
    () => cache.createWriteStream('key', { idleTimeout: -1 }),
  ];
  const invalid = expect.objectContaining({ name: 'RingstoneError', code: 'RINGSTONE_INVALID_ARGUMENT' });
  for (const attempt of attempts) expect(attempt).toThrow(invalid);
});

test('closing the cache ends its streams, and gives their memory back', async () => {
  using other = open('closed');
  await using server = await serve(other);
  const cache = open('closed');
  cache.set('key', pattern(MIB));
  const reader = cache.createReadStream('key');
  await once(reader, 'readable');
  cache.set('key', 'new');
  const writer = cache.createWriteStream('other', { size: MIB });
  writer.write(pattern(1000));
  expect([used(server, 'sending'), used(server, 'receiving')]).toEqual([MIB, MIB]);
  cache.close();
  expect([used(server, 'sending'), used(server, 'receiving')]).toEqual([0, 0]);
  const closed = { code: 'RINGSTONE_CLOSED' };
  await expect(read(reader)).rejects.toMatchObject(closed);
  writer.write(pattern(10));
  expect(await failure(writer)).toMatchObject(closed);
  expect(() => cache.createWriteStream('key')).toThrow(expect.objectContaining(closed));
  await expect(read(cache.createReadStream('key'))).rejects.toMatchObject(closed);
});

test('they are piped, and read by iteration that ends early', async () => {
  using cache = open('piped');
  await using server = await serve(cache);
  const value = pattern(3 * MIB);
  cache.set('from', value);
  await pipeline(cache.createReadStream('from'), new PassThrough(), cache.createWriteStream('to'));
  expect(cache.get('to')?.equals(value)).toBe(true);
  for await (const chunk of cache.createReadStream('from')) {
    cache.delete('from');
    expect([chunk.length, used(server, 'sending')]).toEqual([64 * KIB, 3 * MIB]);
    break;
  }
  expect(used(server, 'sending')).toBe(0);
});

test('100 MiB go from a file and to a file, through a cache of 256 MiB, without as much beside it', async () => {
  const { code, stdout, stderr } = await run(process.execPath, ['test/embed/life/programs/file.mjs'], { cwd: root });
  expect([code, stderr]).toEqual([0, '']);
  const { arenaBytes, rssBytes, externalBytes } = JSON.parse(stdout);
  // The value itself is in the arena, once.
  expect(arenaBytes).toBeLessThan(112 * MIB);
  expect(rssBytes - arenaBytes).toBeLessThan(60 * MIB);
  expect(externalBytes).toBeLessThan(60 * MIB);
});
