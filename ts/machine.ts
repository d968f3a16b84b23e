import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';

/** What this process may use: the machine's, or its cgroup's if that is less. */
export interface Machine {
  /** Bytes. */
  readonly memoryBytes: number;
  /** Where the memory figure is from. */
  readonly memorySource: 'machine' | 'cgroup';
  /** Cores, rounded up. */
  readonly cores: number;
}

/** The contents of a file of one of the kernel's file systems, or `undefined` where there is none. */
export function readKernelFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** Folders of this process' cgroup from its own up to the root of the mount, for a controller of v1 or for v2 (`''`). */
function cgroupFolders(root: string, controller: string): string[] {
  const lines = readKernelFile(join(root, 'proc/self/cgroup'))?.split('\n') ?? [];
  const line = lines.map(text => text.split(':')).find(parts => (parts[1] ?? '').split(',').includes(controller));
  if (!line) return [];
  const mount = join(root, 'sys/fs/cgroup', controller);
  const names = line.slice(2).join(':').split('/').filter(Boolean);
  // In a container the path is often the host's while the mount shows the container's own group at its root.
  return [...names.keys(), names.length].reverse().map(depth => join(mount, ...names.slice(0, depth)));
}

function smallest(numbers: readonly number[]): number | undefined {
  const limits = numbers.filter(number => Number.isFinite(number) && number > 0);
  return limits.length === 0 ? undefined : Math.min(...limits);
}

function cgroupMemoryBytes(root: string): number | undefined {
  const v2 = cgroupFolders(root, '').map(folder => Number(readKernelFile(join(folder, 'memory.max'))));
  const v1 = cgroupFolders(root, 'memory').map(folder => Number(readKernelFile(join(folder, 'memory.limit_in_bytes'))));
  return smallest([...v2, ...v1]);
}

function cgroupCores(root: string): number | undefined {
  const v2 = cgroupFolders(root, '').map(folder => {
    const [quota, period] = (readKernelFile(join(folder, 'cpu.max')) ?? '').split(' ').map(Number);
    return Number(quota) / Number(period);
  });
  const v1 = cgroupFolders(root, 'cpu').map(folder => {
    const quota = Number(readKernelFile(join(folder, 'cpu.cfs_quota_us')));
    return quota / Number(readKernelFile(join(folder, 'cpu.cfs_period_us')));
  });
  return smallest([...v2, ...v1]);
}

/**
 * Reads the machine's limits.
 *
 * @param root of the file system, another one in tests
 */
export function readMachine(root = '/'): Machine {
  const memory = cgroupMemoryBytes(root) ?? Number.POSITIVE_INFINITY;
  const total = totalmem();
  return {
    memoryBytes: Math.min(memory, total),
    memorySource: memory < total ? 'cgroup' : 'machine',
    cores: Math.max(1, Math.min(availableParallelism(), Math.ceil(cgroupCores(root) ?? Number.POSITIVE_INFINITY))),
  };
}
