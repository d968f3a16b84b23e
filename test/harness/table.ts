/**
 * Tables of what is sent and what must come back. One table runs against the real server, whole, byte by byte and split
 * at every byte, on each runtime.
 *
 * An entry's keys are made from `{k}`, a fresh text of `KEY_BYTES` bytes for each run, so that runs do not meet and many
 * go on at once. Each step ends with a sentinel whose answer shows that nothing more came and that the connection lives.
 */
import { type Address, show, Wire } from './wire.ts';

/** Length of what `{k}` stands for. */
export const KEY_BYTES = 8;

/** What a run of an entry knows. */
export interface Run {
  /** Stands for `{k}`. */
  key: string;
  /** RESP version; 2 also where it means nothing. */
  version: 2 | 3;
  /** Named groups of the patterns matched so far, for `{name}` in what is sent and expected later. */
  captured: Record<string, string>;
}

/** Bytes to send, made for a run. */
export type Send = (run: Run) => Buffer;

/** Bytes that must come, or a pattern (latin1) for what cannot be known beforehand. */
export type Expect = (run: Run) => Buffer | RegExp;

/** One exchange. */
export interface Step {
  send: Send;
  expect: Expect;
}

/** One row of a table. */
export interface Entry {
  name: string;
  steps: Step[];
  /** The server ends the connection after the last reply. */
  closes?: boolean;
  /** Changes the connection's RESP version: runs only where that is 2, on a connection of its own. */
  resp2?: boolean;
  /** Too long to be split at every byte: it is split at `COARSE_SPLITS` of them. */
  coarse?: boolean;
  /** Touches more than its own keys: runs alone. */
  alone?: boolean;
  /** How the real server answers instead (or `null`: cannot be asked), and why Ringstone differs. */
  differs?: { why: string; steps: Step[] | null; closes?: boolean };
}

/** The tables' protocol: how a connection is made ready and what shows that it is in step. */
export interface Dialect {
  /** Sent once on each new connection. */
  prepare?(wire: Wire): Promise<void>;
  /** A request whose reply is known and can be no part of another. */
  sentinel: { send: Buffer; reply: Buffer };
  version: 2 | 3;
}

/** How the bytes of a step are cut. */
export type Cut = 'whole' | 'bytes' | number;

let keys = 0;

/** A key that no run had before. */
export function freshKey(): string {
  keys += 1;
  return `k${keys.toString(36).padStart(KEY_BYTES - 1, '0')}`;
}

/** Puts the run's key and captured texts into a template. */
export function fill(template: string, run: Run): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) =>
    name === 'k' ? run.key : (run.captured[name] ?? whole),
  );
}

/** Runs one entry on a connection that is ready. */
export async function runEntry(wire: Wire, entry: Entry, dialect: Dialect, cut: Cut): Promise<void> {
  const run: Run = { key: freshKey(), version: dialect.version, captured: {} };
  let before = 0;
  for (const [index, step] of entry.steps.entries()) {
    const bytes = step.send(run);
    const closes = entry.closes === true && index === entry.steps.length - 1;
    const sent = closes ? bytes : Buffer.concat([bytes, dialect.sentinel.send]);
    const sending = wire.sendSplit(sent, positions(cut, before, bytes.length));
    before += bytes.length;
    await check(wire, step.expect(run), run, dialect, closes);
    if (!closes) await sending;
  }
}

/** Bytes that an entry sends, for its split positions. */
export function entryLength(entry: Entry): number {
  const run: Run = { key: 'k'.repeat(KEY_BYTES), version: 2, captured: {} };
  return entry.steps.reduce((sum, step) => sum + step.send(run).length, 0);
}

function positions(cut: Cut, before: number, length: number): number[] {
  if (cut === 'whole') return [];
  if (cut === 'bytes') return Array.from({ length }, (_, index) => index + 1);
  return cut > before && cut < before + length ? [cut - before] : [];
}

async function check(
  wire: Wire,
  expected: Buffer | RegExp,
  run: Run,
  dialect: Dialect,
  closes: boolean,
): Promise<void> {
  if (Buffer.isBuffer(expected)) {
    await wire.expect(closes ? expected : Buffer.concat([expected, dialect.sentinel.reply]));
    if (closes) {
      const rest = await wire.readToEnd();
      if (rest.length > 0) throw new Error(`nothing more was expected before the end, got ${show(rest)}`);
    }
    return;
  }
  const got = closes
    ? (await wire.readToEnd()).toString('latin1')
    : (await wire.readThrough(dialect.sentinel.reply)).toString('latin1').slice(0, -dialect.sentinel.reply.length);
  const match = expected.exec(got);
  if (!match) throw new Error(`expected ${expected}\n     got ${show(got)}`);
  Object.assign(run.captured, match.groups);
}

/** Split positions of an entry that is too long for all. */
const COARSE_SPLITS = 64;

/** Connections that run entries at once in `runEverySplit`. */
const LANES = 48;

/** Times that an entry which the server closes is tried again when the connection was reset. */
const MAX_RESETS = 10;

/**
 * Whether a run was ended by bytes that came after the server had closed: the kernel answers them with a reset, and what the
 * client has not read by then is lost to it, whatever the server sent.
 */
const wasReset = (entry: Entry, error: Error) => entry.closes === true && /ECONNRESET|EPIPE/.test(error.message);

/** A failed run. */
export interface Failure {
  entry: string;
  cut: Cut;
  message: string;
}

/** Runs every entry cut at each of its bytes, `lanes` at once; an entry stops at its first failure. */
export async function runEverySplit(
  address: Address,
  entries: readonly Entry[],
  dialect: Dialect,
  lanes = LANES,
): Promise<Failure[]> {
  const failed = new Map<string, Failure>();
  const jobs: { entry: Entry; cut: Cut; resets?: number }[] = [];
  for (const entry of entries) {
    const length = entryLength(entry);
    const stride = entry.coarse ? Math.ceil(length / COARSE_SPLITS) : 1;
    for (let cut = 1; cut < length; cut += stride) jobs.push({ entry, cut });
    if (!entry.coarse) jobs.push({ entry, cut: 'bytes' });
  }
  let next = 0;
  const lane = async () => {
    let wire: Wire | undefined;
    for (let job = jobs[next++]; job; job = jobs[next++]) {
      if (failed.has(job.entry.name)) continue;
      try {
        wire ??= await open(address, dialect);
        await runEntry(wire, job.entry, dialect, job.cut);
        if (job.entry.closes || job.entry.resp2) {
          wire.close();
          wire = undefined;
        }
      } catch (error) {
        const resets = (job.resets ?? 0) + 1;
        if (wasReset(job.entry, error as Error) && resets <= MAX_RESETS) jobs.push({ ...job, resets });
        else failed.set(job.entry.name, { entry: job.entry.name, cut: job.cut, message: (error as Error).message });
        wire?.close();
        wire = undefined;
      }
    }
    wire?.close();
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return [...failed.values()];
}

/** A connection made ready. */
export async function open(address: Address, dialect: Dialect): Promise<Wire> {
  const wire = await Wire.connect(address);
  await dialect.prepare?.(wire);
  return wire;
}
