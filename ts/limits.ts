import { readKernelFile } from './machine.ts';

/** Descriptors that are not connections: log, listeners, HTTP, Node.js itself and what each worker needs. */
export const RESERVED_FILES = 128;

/** A resource limit of this process; `Infinity` is unlimited. */
export interface Limit {
  readonly soft: number;
  readonly hard: number;
}

/** Reads a limit by its name in /proc/self/limits (`Max open files`), or `undefined` where the system does not tell. */
export function readLimit(name: string, text = readKernelFile('/proc/self/limits')): Limit | undefined {
  const line = text?.split('\n').find(candidate => candidate.startsWith(`${name} `));
  const [soft, hard] = line?.slice(name.length).trim().split(/\s+/) ?? [];
  if (soft === undefined || hard === undefined) return undefined;
  const number = (word: string) => (word === 'unlimited' ? Number.POSITIVE_INFINITY : Number(word));
  return { soft: number(soft), hard: number(hard) };
}

/** A sentence when the limit of open files does not allow so many connections. Node.js has raised the soft limit already. */
export function fileLimitProblem(maxConnections: number, limit = readLimit('Max open files')): string | undefined {
  if (!limit || limit.soft >= maxConnections + RESERVED_FILES) return undefined;
  const room = Math.max(0, limit.soft - RESERVED_FILES);
  return (
    `server.max_connections is ${maxConnections}, but the limit of open files (${limit.soft}) leaves room for ${room}: ` +
    `raise it to ${maxConnections + RESERVED_FILES} (ulimit -n, LimitNOFILE=) or accepting pauses there`
  );
}
