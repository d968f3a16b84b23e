/** The cache inside a program: what is written is read, here, in other threads and by network clients. */
import { connect } from 'node:net';
import { expect, test } from '@jest/globals';
import { Cache } from '../../ts/index.ts';

const open = (name: string) => Cache.open({ name, maxMemory: '8mb' });

test('what is written is read, as bytes and as a string', () => {
  using cache = open('values');
  expect(cache.get('none')).toBeUndefined();
  expect(cache.getString('none')).toBeUndefined();
  const values = ['', 'Ada', 'é and 世界', 'x'.repeat(600), 'é'.repeat(20_000), 'y'.repeat(3_000_000)];
  for (const value of values) {
    cache.set('key', value);
    expect(cache.getString('key')).toBe(value);
    expect(cache.get('key')?.toString()).toBe(value);
  }
  cache.set(Buffer.from([0, 255]), Buffer.from([1, 0, 254]));
  expect(cache.get(Buffer.from([0, 255]))).toEqual(Buffer.from([1, 0, 254]));
  expect([cache.delete('key'), cache.delete('key')]).toEqual([true, false]);
});

test('a buffer that was read stays as it is', () => {
  using cache = open('buffers');
  const kept = Array.from({ length: 2000 }, (_, n) => {
    cache.set('key', `value ${n} ${'z'.repeat(n)}`);
    return cache.get('key');
  });
  expect(kept.map(String)).toEqual(kept.map((_, n) => `value ${n} ${'z'.repeat(n)}`));
});

test('the same name is the same cache; other options are refused', () => {
  using cache = open('shared');
  using other = Cache.open({ name: 'shared' });
  cache.set('key', 'value');
  expect(other.getString('key')).toBe('value');
  expect(() => Cache.open({ name: 'shared', maxMemory: '9mb' })).toThrow(
    expect.objectContaining({ code: 'RINGSTONE_OPTIONS_DIFFER', message: expect.stringContaining('maxMemory') }),
  );
});

test('options beyond their bounds are refused', () => {
  for (const options of [
    { maxMemory: 1000 },
    { maxMemory: '65tb' },
    { maxMemory: Number.NaN },
    { maxValueSize: 1023 },
    { maxValueSize: '1025mb' },
    { defaultTtl: -1 },
    { defaultTtl: 0.5 },
    { cleanupInterval: 99 },
    { eviction: 'fifo' as 'lru' },
    { name: '' },
  ]) {
    expect(() => Cache.open({ name: 'bounds', ...options })).toThrow(
      expect.objectContaining({ code: 'RINGSTONE_INVALID_OPTION' }),
    );
  }
});

test('a closed cache says so', () => {
  const cache = open('closed');
  cache.close();
  cache.close();
  expect(cache.closed).toBe(true);
  expect(() => cache.get('key')).toThrow(expect.objectContaining({ code: 'RINGSTONE_CLOSED' }));
  using again = open('closed');
  expect(again.getString('key')).toBeUndefined();
});

test('memcached clients see it while it is served', async () => {
  using cache = open('served');
  cache.set('greeting', 'hello');
  await using server = await cache.serve({ listen: '127.0.0.1:0', runtime: 'mio', workers: 1 });
  await expect(cache.serve({ listen: '127.0.0.1:0' })).rejects.toMatchObject({ code: 'RINGSTONE_ALREADY_SERVING' });
  const [host, port] = (server.addresses[0] ?? '').split(':');
  const reply = await new Promise<string>((resolve, reject) => {
    let text = '';
    const socket = connect(Number(port), host, () => socket.end('get greeting\r\nset answer 0 0 2\r\n42\r\n'));
    socket.on('data', data => {
      text += data;
    });
    socket.on('end', () => resolve(text)).on('error', reject);
  });
  expect(reply).toBe('VALUE greeting 0 5\r\nhello\r\nEND\r\nSTORED\r\n');
  expect(cache.getString('answer')).toBe('42');
});
