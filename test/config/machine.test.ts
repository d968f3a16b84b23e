import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { fileLimitProblem, readLimit } from '../../ts/limits.ts';
import { readMachine } from '../../ts/machine.ts';

const MIB = 1024 ** 2;
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ringstone-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(files: Record<string, string>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), `${content}\n`);
  }
}

describe('memory', () => {
  test('version 2: the least limit from the own group up', () => {
    write({
      'proc/self/cgroup': '0::/a/b',
      'sys/fs/cgroup/a/b/memory.max': 'max',
      'sys/fs/cgroup/a/memory.max': String(300 * MIB),
      'sys/fs/cgroup/memory.max': String(900 * MIB),
    });
    expect(readMachine(root)).toMatchObject({ memoryBytes: 300 * MIB, memorySource: 'cgroup' });
  });

  test('version 2 in a container that sees its own group as the root', () => {
    write({ 'proc/self/cgroup': '0::/host/path', 'sys/fs/cgroup/memory.max': String(200 * MIB) });
    expect(readMachine(root).memoryBytes).toBe(200 * MIB);
  });

  test('version 1', () => {
    write({
      'proc/self/cgroup': '5:cpu,cpuacct:/c\n4:memory:/m\n0::/',
      'sys/fs/cgroup/memory/m/memory.limit_in_bytes': String(100 * MIB),
      'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712',
    });
    expect(readMachine(root)).toMatchObject({ memoryBytes: 100 * MIB, memorySource: 'cgroup' });
  });

  test('no limit', () => {
    expect(readMachine(root)).toEqual({
      memoryBytes: totalmem(),
      memorySource: 'machine',
      cores: availableParallelism(),
    });
  });
});

describe('cores', () => {
  test.each([
    ['150000 100000', Math.min(2, availableParallelism())],
    ['10000 100000', 1],
    ['max 100000', availableParallelism()],
  ])('version 2: %s', (quota, cores) => {
    write({ 'proc/self/cgroup': '0::/', 'sys/fs/cgroup/cpu.max': quota });
    expect(readMachine(root).cores).toBe(cores);
  });

  test('version 1', () => {
    write({
      'proc/self/cgroup': '5:cpu,cpuacct:/',
      'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '50000',
      'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000',
    });
    expect(readMachine(root).cores).toBe(1);
  });
});

describe('limits', () => {
  const text =
    'Limit       Soft Limit  Hard Limit  Units\nMax open files            1024      4096      files\nMax locked memory  unlimited unlimited bytes\n';

  test('are read by name', () => {
    expect(readLimit('Max open files', text)).toEqual({ soft: 1024, hard: 4096 });
    expect(readLimit('Max locked memory', text)).toEqual({
      soft: Number.POSITIVE_INFINITY,
      hard: Number.POSITIVE_INFINITY,
    });
    expect(readLimit('Max nonsense', text)).toBeUndefined();
  });

  test('connections that the limit of files does not allow', () => {
    const limit = { soft: 1024, hard: 1024 };
    expect(fileLimitProblem(896, limit)).toBeUndefined();
    expect(fileLimitProblem(897, limit)).toContain('leaves room for 896: raise it to 1025');
  });
});
