/** How the tables of memcached's binary protocol are written: packets of templates, bytes as latin1. */
import { HEADER_BYTES, OPCODES, REPLY_MAGIC, REQUEST_MAGIC } from '../../harness/packet.ts';
import { type Dialect, type Entry, fill, type Run, type Step } from '../../harness/table.ts';

/** In what the client calls its own, to be found again in each reply. */
const OPAQUE = 0x1234abcd;
const SENTINEL_OPAQUE = 0x73656e74;

export type Opcode = keyof typeof OPCODES;

/** Failures: status and text. */
export const failures = {
  notFound: [0x01, 'Not found'],
  exists: [0x02, 'Data exists for key.'],
  tooLarge: [0x03, 'Too large.'],
  invalid: [0x04, 'Invalid arguments'],
  notStored: [0x05, 'Not stored.'],
  nonNumeric: [0x06, 'Non-numeric server-side value for incr or decr'],
  authFailure: [0x20, 'Auth failure.'],
  unknown: [0x81, 'Unknown command'],
} as const;

/** A request; texts are templates. */
export interface Request {
  op: Opcode | number;
  key?: string;
  extras?: Buffer;
  value?: string;
  /** Eight bytes, usually `{name}` of a captured token. */
  cas?: string;
  /** Lengths that are not those of the parts. */
  lengths?: { key?: number; extras?: number; body?: number };
  magic?: number;
}

/** A reply; texts are templates. */
export interface Reply {
  op: Opcode | number;
  failure?: keyof typeof failures;
  /** Where it is not that of `failure`. */
  status?: number;
  key?: string;
  extras?: Buffer;
  value?: string;
  /** `0` unless it says that there is one, or captures it, or names a captured one. */
  cas?: 'any' | { capture: string } | { same: string };
}

const codeOf = (op: Opcode | number) => (typeof op === 'number' ? op : OPCODES[op]);
const bytesOf = (template: string | undefined, run: Run) => Buffer.from(fill(template ?? '', run), 'latin1');

export function numbers(...parts: (readonly [bytes: 4 | 8, value: number | bigint])[]): Buffer {
  return Buffer.concat(
    parts.map(([bytes, value]) => {
      const part = Buffer.alloc(bytes);
      if (bytes === 4) part.writeUInt32BE(Number(value));
      else part.writeBigUInt64BE(BigInt(value));
      return part;
    }),
  );
}

/** Extras of set, add and replace. */
export const storing = (flags = 0, exptime = 0) => numbers([4, flags], [4, exptime]);
/** Extras of touch and gat. */
export const touching = (exptime: number) => numbers([4, exptime]);
/** Extras of increment and decrement; an item that is not there is not created unless there is an expiration. */
export const counting = (delta: number | bigint, initial: number | bigint = 0, exptime = 0xffffffff) =>
  numbers([8, delta], [8, initial], [4, exptime]);
/** The value of a reply to increment and decrement. */
export const number = (value: number | bigint) => numbers([8, value]).toString('latin1');

function encode(request: Request, run: Run, opaque: number): Buffer {
  const [key, value, extras] = [bytesOf(request.key, run), bytesOf(request.value, run), request.extras];
  const body = Buffer.concat([extras ?? Buffer.alloc(0), key, value]);
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = request.magic ?? REQUEST_MAGIC;
  header[1] = codeOf(request.op);
  header.writeUInt16BE(request.lengths?.key ?? key.length, 2);
  header[4] = request.lengths?.extras ?? extras?.length ?? 0;
  header.writeUInt32BE(request.lengths?.body ?? body.length, 8);
  header.writeUInt32BE(opaque, 12);
  bytesOf(request.cas, run).copy(header, 16);
  return Buffer.concat([header, body]);
}

/** As a pattern, in which a byte that is repeated is written once: a value may be long. */
const hex = (bytes: Buffer) =>
  bytes
    .toString('latin1')
    .replace(/([\s\S])\1*/g, run => `\\x${run.charCodeAt(0).toString(16).padStart(2, '0')}{${run.length}}`);

function pattern(reply: Reply, run: Run): string {
  const [status, text] = reply.failure ? failures[reply.failure] : [0, ''];
  const key = bytesOf(reply.key, run);
  const value = bytesOf(reply.value ?? (reply.key === undefined ? text : ''), run);
  const extras = reply.extras ?? Buffer.alloc(0);
  const header = Buffer.alloc(16);
  header[0] = REPLY_MAGIC;
  header[1] = codeOf(reply.op);
  header.writeUInt16BE(key.length, 2);
  header[4] = extras.length;
  header.writeUInt16BE(reply.status ?? status, 6);
  header.writeUInt32BE(extras.length + key.length + value.length, 8);
  header.writeUInt32BE(OPAQUE, 12);
  return hex(header) + token(reply.cas, run) + hex(Buffer.concat([extras, key, value]));
}

function token(cas: Reply['cas'], run: Run): string {
  const any = '(?!\\0{8})[\\s\\S]{8}';
  if (cas === undefined) return '\\0{8}';
  if (cas === 'any') return any;
  if ('same' in cas) return hex(bytesOf(`{${cas.same}}`, run));
  return `(?<${cas.capture}>${any})`;
}

/** Requests sent at once, and all that must come back. */
export function exchange(requests: readonly Request[], replies: readonly Reply[]): Step {
  return {
    send: run => Buffer.concat(requests.map(request => encode(request, run, OPAQUE))),
    expect: run => new RegExp(`^${replies.map(reply => pattern(reply, run)).join('')}$`),
  };
}

/** A row of one exchange. */
export function packets(
  name: string,
  requests: readonly Request[],
  replies: readonly Reply[],
  more: Partial<Entry> = {},
): Entry {
  return { name, steps: [exchange(requests, replies)], ...more };
}

const nobody: Run = { key: '', version: 2, captured: {} };

/** The sentinel is a no-op with an opaque of its own. */
export const binaryDialect: Dialect = {
  sentinel: {
    send: encode({ op: 'noop' }, nobody, SENTINEL_OPAQUE),
    reply: Buffer.concat([
      Buffer.from([REPLY_MAGIC, OPCODES.noop, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
      numbers([4, SENTINEL_OPAQUE], [8, 0]),
    ]),
  },
  version: 2,
};
