/** Keys and values of all lengths and forms: strings of any representation, arrays on any memory. */
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { expect, test } from '@jest/globals';
import { expectCode, openCache, patterned } from './support.ts';

const INVALID = 'RINGSTONE_INVALID_ARGUMENT';

/** Around the stack's buffer of the core, what the slab takes, large values, and segments. */
const LENGTHS = [0, 1, 16, 507, 508, 509, 511, 512, 513, 4095, 4096, 8191, 8192, 8193, 16_000, 16_383, 16_384, 16_385];
const LARGE = [65_535, 65_536, 65_537, 262_144, 1_000_003, 4 << 20];

test('values of every length come back as they are', () => {
  using cache = openCache();
  for (const length of [...LENGTHS, ...LARGE]) {
    const value = patterned(length, length);
    cache.set('bytes', value);
    cache.set('text', 'x'.repeat(length));
    const target = Buffer.alloc(length);
    expect([length, cache.getInto('bytes', target), target.equals(value)]).toEqual([length, length, true]);
    for (const read of [
      cache.get('bytes'),
      cache.peek('bytes'),
      cache.getBuffer('bytes'),
      cache.getWithCas('bytes')?.value,
    ]) {
      expect([length, read?.equals(value)]).toEqual([length, true]);
    }
    expect(cache.getString('text') === 'x'.repeat(length)).toBe(true);
  }
  expectCode(() => cache.set('bytes', Buffer.alloc((4 << 20) + 1)), 'RINGSTONE_TOO_LARGE');
  expect(cache.get('bytes')?.length).toBe(4 << 20);
  expectCode(() => cache.append('bytes', 'x'), 'RINGSTONE_TOO_LARGE');
});

test('keys have 1 to 65,536 bytes', () => {
  using cache = openCache();
  for (const length of [1, 250, 251, 507, 508, 511, 512, 513, 16_385, 65_535, 65_536]) {
    const key = 'k'.repeat(length);
    cache.set(key, `of ${length}`);
    expect(cache.getString(Buffer.from(key))).toBe(`of ${length}`);
  }
  const wide = 'é'.repeat(32_768);
  cache.set(wide, 'wide');
  expect(cache.getString(wide)).toBe('wide');
  for (const key of ['', 'k'.repeat(65_537), `${wide}k`, Buffer.alloc(0), Buffer.alloc(65_537)]) {
    expectCode(() => cache.set(key, 'value'), INVALID);
    expectCode(() => cache.get(key), INVALID);
    expectCode(() => cache.has(key), INVALID);
  }
  for (const key of [
    undefined,
    null,
    1,
    {},
    ['k'],
    new Uint16Array(2),
    new DataView(new ArrayBuffer(2)),
    Symbol('k'),
  ]) {
    expectCode(() => cache.get(key as string), INVALID);
    expectCode(() => cache.getString(key as string), INVALID);
    expectCode(() => cache.set(key as string, 'value'), INVALID);
    expectCode(() => cache.delete(key as string), INVALID);
    expectCode(() => cache.set('key', key as string), INVALID);
    expectCode(() => cache.append('key', key as string), INVALID);
  }
  expect(cache.has('key')).toBe(false);
});

test('strings of any representation are their UTF-8', () => {
  using cache = openCache();
  const rope = (part: string) => Array.from({ length: 300 }, (_, n) => part + n).reduce((all, one) => all + one, '');
  const sliced = `--${'é'.repeat(500)}--`.slice(2, -2);
  const strings = [
    'ascii',
    'é'.repeat(100),
    'ÿ',
    '世界'.repeat(200),
    '😀'.repeat(130),
    rope('a'),
    rope('é'),
    rope('世'),
    sliced,
  ];
  strings.push('\0', 'a\0b', '\u{10FFFF}', '\uFEFFbom', Buffer.alloc(2000, 0xe9).toString('latin1'));
  // Lengths at which a character would be cut at the end of the core's buffer.
  for (let length = 500; length < 516; length++) strings.push(`${'a'.repeat(length)}😀`, `${'a'.repeat(length)}é世`);
  for (const text of strings) {
    cache.set(text, text);
    expect(cache.getString(text)).toBe(text);
    expect(cache.get(Buffer.from(text))?.equals(Buffer.from(text))).toBe(true);
  }
});

test('a surrogate that stands alone becomes U+FFFD; bytes that are no UTF-8 do so when read as text', () => {
  using cache = openCache();
  for (const text of ['a\uD800b', '\uDC00', `${'x'.repeat(600)}\uD83D`, '\uD83D'.repeat(300)]) {
    cache.set('key', text);
    expect(cache.getString('key')).toBe(Buffer.from(text).toString());
    cache.set(text, 'value');
    expect(cache.getString(Buffer.from(text))).toBe('value');
  }
  cache.set('key', Buffer.from([0x61, 0xff, 0xc3, 0x28, 0xe4, 0xb8]));
  expect(cache.getString('key')).toBe(Buffer.from([0x61, 0xff, 0xc3, 0x28, 0xe4, 0xb8]).toString());
});

test('arrays are read from where they begin, on whatever memory', () => {
  using cache = openCache();
  const memory = Buffer.from('0123456789');
  cache.set(memory.subarray(2, 4), new Uint8Array(memory.buffer, memory.byteOffset + 5, 3));
  expect(cache.getString('23')).toBe('567');
  const shared = new Uint8Array(new SharedArrayBuffer(16));
  shared.set(Buffer.from('shared key value'));
  cache.set(shared.subarray(0, 10), shared.subarray(11));
  expect(cache.getString('shared key')).toBe('value');
  expect(cache.getInto('shared key', shared, 8)).toBe(5);
  expect(Buffer.from(shared).toString()).toBe('shared kvaluelue');
  cache.set('small', new Uint8Array([1, 2, 3]));
  expect([...(cache.get('small') ?? [])]).toEqual([1, 2, 3]);
  cache.set('empty', new Uint8Array(0));
  expect(cache.get('empty')?.length).toBe(0);
});

test('an offset that is none is refused, and nothing is copied', () => {
  using cache = openCache();
  cache.set('key', 'value');
  const target = Buffer.alloc(10);
  for (const offset of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 11, '2', null, [1], 2n]) {
    expectCode(() => cache.getInto('key', target, offset as number), INVALID);
  }
  expect(target.equals(Buffer.alloc(10))).toBe(true);
  expect([cache.getInto('key', target, 10), cache.getInto('key', target, 2)]).toEqual([5, 5]);
});

test('memory that was given away or has shrunk is not touched', () => {
  using cache = openCache();
  const gone = new Uint8Array(64).fill(1);
  structuredClone(gone.buffer, { transfer: [gone.buffer] });
  expectCode(() => cache.set(gone, 'value'), INVALID);
  expectCode(() => cache.set('key', gone), INVALID);
  expectCode(() => cache.getInto('key', gone), INVALID);
  const Resizable = ArrayBuffer as unknown as new (
    bytes: number,
    options: { maxByteLength: number },
  ) => ArrayBuffer & { resize(bytes: number): void };
  const resizable = new Resizable(64, { maxByteLength: 1024 });
  const [tracking, fixed] = [new Uint8Array(resizable), new Uint8Array(resizable, 32, 32)];
  cache.set('tracking', tracking);
  resizable.resize(1024);
  cache.set('tracking', tracking.fill(7));
  expect(cache.get('tracking')?.length).toBe(1024);
  expect(cache.getInto('tracking', tracking)).toBe(1024);
  resizable.resize(16);
  cache.set('tracking', tracking);
  expect(cache.get('tracking')?.length).toBe(16);
  // Out of bounds: an array of no bytes.
  cache.set('fixed', fixed);
  expect(cache.get('fixed')?.length).toBe(0);
  expect(cache.getInto('tracking', fixed)).toBe(16);
});

test('values that were read are the memory of nobody else', () => {
  using cache = openCache();
  cache.set('key', 'value');
  const buffer = cache.get('key') as Buffer;
  buffer.fill('x');
  expect(cache.getString('key')).toBe('value');
  const first = cache.get('key') as Buffer;
  // Their memory is shared with others that were read, and cannot be taken away.
  try {
    structuredClone(first, { transfer: [first.buffer as ArrayBuffer] });
  } catch (error) {
    expect((error as Error).name).toBe('DataCloneError');
  }
  cache.set('key', 'other');
  expect(cache.get('key')?.toString()).toBe('other');
  // As `ArrayBuffer.prototype.transfer` of later versions of Node.js does in spite of that.
  setFlagsFromString('--allow-natives-syntax');
  new Function('memory', '%ArrayBufferDetach(memory)')(first.buffer);
  expect(first.length).toBe(0);
  for (let n = 0; n < 3; n++) {
    expect(cache.get('key')?.toString()).toBe('other');
    expect(cache.mget(['key', 'key']).map(String)).toEqual(['other', 'other']);
    new Function('memory', '%ArrayBufferDetach(memory)')(cache.get('key')?.buffer);
    expect(cache.getWithCas('key')?.value.toString()).toBe('other');
  }
});

test('a key on memory that another thread changes is stored under what it was', async () => {
  using cache = openCache();
  const shared = new Uint8Array(new SharedArrayBuffer(512));
  const source = `
    const { parentPort, workerData } = require('node:worker_threads');
    const end = Date.now() + 500;
    parentPort.postMessage('on');
    for (let n = 0; Date.now() < end; n++) workerData.fill(n & 3);
    parentPort.postMessage('off');`;
  const worker = new Worker(source, { eval: true, workerData: shared });
  await new Promise(resolve => worker.once('message', resolve));
  const ended = new Promise(resolve => worker.once('exit', resolve));
  for (let n = 0; n < 20_000; n++) cache.set(shared, shared);
  await ended;
  // The debug build checks that each item is where its key's hash says; here, that each is found.
  for (const key of cache.scan({ as: 'buffer' })) expect(cache.has(key)).toBe(true);
});
