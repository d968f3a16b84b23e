import { describe, expect, test } from '@jest/globals';
import { formatDuration, parseDuration } from '../../ts/config/duration.ts';
import { formatSize, parseSize, sizeInBytes } from '../../ts/config/size.ts';

describe('sizes', () => {
  test.each([
    ['64mb', 64 * 1024 ** 2],
    ['64M', 64 * 1024 ** 2],
    ['8MiB', 8 * 1024 ** 2],
    ['1.5 GiB', 1.5 * 1024 ** 3],
    ['1073741824', 1024 ** 3],
    ['512b', 512],
    [4096, 4096],
    ['0', 0],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseSize(text)).toEqual({ bytes });
  });

  test('a share is taken of the memory', () => {
    const half = parseSize('50%');
    expect(half).toEqual({ percent: 50 });
    expect(sizeInBytes(half as { percent: number }, 1001)).toBe(500);
  });

  test.each(['', 'mb', '-1', '1e9', '0x10', '64 mbps', '64mb64', '0%', '101%', '99999999tb', 'NaN', -1, 1e21])(
    '%s is refused',
    text => {
      expect(typeof parseSize(text)).toBe('string');
    },
  );

  test.each([
    [64 * 1024 ** 2, '64 MiB'],
    [1.5 * 1024 ** 3, '1.5 GiB'],
    [100, '100 B'],
  ])('%d reads %s', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text);
  });
});

describe('durations', () => {
  test.each([
    ['60', 60_000],
    [60, 60_000],
    ['500ms', 500],
    ['0.5', 500],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
    ['0', 0],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(['', 's', '-1', '1w', '5 minutes', '1e3', '999999999999d', -5])('%s is refused', text => {
    expect(typeof parseDuration(text)).toBe('string');
  });

  test.each([
    [0, '0'],
    [10_000, '10s'],
    [1500, '1500ms'],
    [300_000, '5m'],
    [86_400_000, '1d'],
  ])('%d ms reads %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});
