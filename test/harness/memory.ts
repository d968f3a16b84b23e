/** What the kernel says of a process. */
import { readdirSync, readFileSync } from 'node:fs';

const KIB = 1024;

/** Resident memory of a process in bytes. */
export function residentBytes(pid: number): number {
  return statusNumber(pid, 'VmRSS') * KIB;
}

/** Threads of a process. */
export function threadCount(pid: number): number {
  return statusNumber(pid, 'Threads');
}

/** Open file descriptors of a process. */
export function descriptorCount(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function statusNumber(pid: number, name: string): number {
  const match = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  if (!match?.[1]) throw new Error(`no ${name} of process ${pid}`);
  return Number(match[1]);
}
