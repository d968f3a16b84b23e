import { describe, expect, test } from '@jest/globals';
import { formatListenAddress, isLoopback, parseAddress, parseListenAddress } from '../../ts/config/address.ts';

describe('addresses', () => {
  test.each([
    ['127.0.0.1:11211', { host: '127.0.0.1', port: 11211 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    ['cache-1.example.org:65535', { host: 'cache-1.example.org', port: 65535 }],
    ['[::1]:6379', { host: '::1', port: 6379 }],
    ['unix:/run/ringstone.sock', { path: '/run/ringstone.sock' }],
    ['unix:relative.sock', { path: 'relative.sock' }],
  ])('%s', (text, address) => {
    expect(parseAddress(text)).toEqual(address);
  });

  test.each([
    ['', 'is not an address'],
    ['11211', 'is not an address'],
    ['127.0.0.1', 'is not an address'],
    [':11211', 'has no host'],
    ['127.0.0.1:65536', 'above 65535'],
    ['127.0.0.1:-1', 'is not an address'],
    ['127.0.0.1:http', 'is not an address'],
    ['::1:6379', '[::1]:11211'],
    ['[::1', 'is not an address'],
    ['[localhost]:1', 'is not an IPv6 address'],
    ['[fe80::1%eth0]:1', 'zone'],
    ['unix:', 'has no path'],
    [`unix:/${'x'.repeat(107)}`, 'longer than 107 bytes'],
  ])('%s is refused', (text, why) => {
    expect(parseAddress(text)).toContain(why);
  });
});

describe('listeners', () => {
  test.each([
    ['resp://127.0.0.1:6379', { address: { host: '127.0.0.1', port: 6379 }, protocol: 'resp' }],
    ['MEMCACHED://[::1]:1', { address: { host: '::1', port: 1 }, protocol: 'memcached' }],
    ['echo://unix:/tmp/e', { address: { path: '/tmp/e' }, protocol: 'echo' }],
    ['127.0.0.1:1', { address: { host: '127.0.0.1', port: 1 } }],
  ])('%s', (text, listener) => {
    const parsed = parseListenAddress(text);
    expect(parsed).toEqual(listener);
    if (typeof parsed !== 'string') expect(parseListenAddress(formatListenAddress(parsed))).toEqual(parsed);
  });

  test.each([
    ['rsp://127.0.0.1:1', 'did you mean resp'],
    ['http://127.0.0.1:1', 'unknown protocol'],
    ['memcached+tls://127.0.0.1:1', 'no TLS'],
    ['resp://', 'is not an address'],
  ])('%s is refused', (text, why) => {
    expect(parseListenAddress(text)).toContain(why);
  });
});

test.each([
  ['127.0.0.1:1', true],
  ['127.9.9.9:1', true],
  ['[::1]:1', true],
  ['localhost:1', true],
  ['unix:/x', true],
  ['0.0.0.0:1', false],
  ['[::]:1', false],
  ['10.0.0.1:1', false],
])('%s on loopback: %s', (text, loopback) => {
  const address = parseAddress(text);
  if (typeof address === 'string') throw new Error(address);
  expect(isLoopback(address)).toBe(loopback);
});
