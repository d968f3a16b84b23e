import type { Config } from './config/schema.ts';
import { formatSize } from './config/size.ts';
import { fileLimitProblem, type Limit, RESERVED_FILES, readLimit } from './limits.ts';
import { type Machine, readKernelFile } from './machine.ts';
import { loadNative } from './native.ts';

/** One line of the table. `note`: works, and could be better. */
export interface Finding {
  readonly what: string;
  readonly verdict: 'ok' | 'note' | 'bad';
  readonly detail: string;
}

/** Above it a listen queue overflows under a burst of connections. */
const MIN_SOMAXCONN = 1024;
/** io_uring charges rings and buffers to this limit on kernels before 5.12. */
const MIN_MEMLOCK_BYTES = 8 * 1024 ** 2;
/** Clock sources that are read without a system call. */
const FAST_CLOCKS = ['tsc', 'kvm-clock', 'hyperv_clocksource_tsc_page', 'arch_sys_counter', 'riscv_clocksource'];

function ioUring(): Finding {
  const what = 'io_uring';
  try {
    const { available, detail } = loadNative().probe();
    return { what, verdict: available ? 'ok' : 'note', detail: available ? detail : `${detail}; mio is used instead` };
  } catch (error) {
    return { what, verdict: 'bad', detail: (error as Error).message.replaceAll('\n', ' ') };
  }
}

const showLimit = (value: number) => (Number.isFinite(value) ? String(value) : 'unlimited');

function files({ server }: Config, limit: Limit | undefined): Finding {
  const problem = fileLimitProblem(server.max_connections, limit);
  const fits = `${limit ? showLimit(limit.soft) : 'unknown'}, enough for ${server.max_connections} connections and ${RESERVED_FILES} others`;
  return { what: 'open files', verdict: problem === undefined ? 'ok' : 'bad', detail: problem ?? fits };
}

function memlock(limit: Limit | undefined): Finding {
  const what = 'locked memory';
  if (!limit) return { what, verdict: 'note', detail: 'unknown' };
  const low = limit.soft < MIN_MEMLOCK_BYTES;
  const shown = Number.isFinite(limit.soft) ? formatSize(limit.soft) : 'unlimited';
  const detail = low ? `${shown}; kernels before 5.12 need more for io_uring (ulimit -l, LimitMEMLOCK=)` : shown;
  return { what, verdict: low ? 'note' : 'ok', detail };
}

function memory({ storage }: Config, { memoryBytes, memorySource }: Machine): Finding {
  const fits = storage.max_memory <= memoryBytes;
  const detail = `${formatSize(memoryBytes)} of the ${memorySource}; storage.max_memory is ${formatSize(storage.max_memory)}`;
  return { what: 'memory', verdict: fits ? 'ok' : 'bad', detail };
}

function overcommit(mode: string | undefined): Finding {
  const strict = mode === '2';
  const detail = strict
    ? 'vm.overcommit_memory is 2: all of storage.max_memory counts at once and may be refused'
    : `vm.overcommit_memory is ${mode ?? 'unknown'}`;
  return { what: 'overcommit', verdict: strict ? 'note' : 'ok', detail };
}

function hugePages(setting: string | undefined): Finding {
  const chosen = /\[(\w+)\]/.exec(setting ?? '')?.[1];
  const what = 'huge pages';
  if (chosen === 'always' || chosen === 'madvise') return { what, verdict: 'ok', detail: chosen };
  const advice = 'echo madvise > /sys/kernel/mm/transparent_hugepage/enabled makes lookups in large caches faster';
  return { what, verdict: 'note', detail: `${chosen ?? 'unknown'}; ${advice}` };
}

function backlog(value: string | undefined): Finding {
  const low = Number(value) < MIN_SOMAXCONN;
  const detail = low
    ? `net.core.somaxconn is ${value}; ${MIN_SOMAXCONN} or more is better for bursts`
    : `${value ?? 'unknown'}`;
  return { what: 'listen queue', verdict: low ? 'note' : 'ok', detail };
}

function clock(source: string | undefined): Finding {
  const what = 'clock';
  if (source === undefined || FAST_CLOCKS.includes(source)) return { what, verdict: 'ok', detail: source ?? 'unknown' };
  return { what, verdict: 'note', detail: `${source} is read by a system call; tsc or kvm-clock would be faster` };
}

/** What this machine allows, for a configuration. */
export function examine(config: Config, machine: Machine): Finding[] {
  const workers = config.server.workers === 0 ? machine.cores : config.server.workers;
  return [
    { what: 'node', verdict: 'ok', detail: `${process.versions.node} on ${process.platform}-${process.arch}` },
    { what: 'kernel', verdict: 'ok', detail: readKernelFile('/proc/sys/kernel/osrelease') ?? 'unknown' },
    ioUring(),
    { what: 'cores', verdict: 'ok', detail: `${machine.cores} available, ${workers} workers` },
    files(config, readLimit('Max open files')),
    memory(config, machine),
    memlock(readLimit('Max locked memory')),
    overcommit(readKernelFile('/proc/sys/vm/overcommit_memory')),
    hugePages(readKernelFile('/sys/kernel/mm/transparent_hugepage/enabled')),
    backlog(readKernelFile('/proc/sys/net/core/somaxconn')),
    clock(readKernelFile('/sys/devices/system/clocksource/clocksource0/current_clocksource')),
  ];
}

/** Findings as a table of plain text. */
export function renderFindings(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ what }) => what.length));
  return findings
    .map(({ what, verdict, detail }) => `${what.padEnd(width)}  ${verdict.padEnd(4)}  ${detail}\n`)
    .join('');
}
