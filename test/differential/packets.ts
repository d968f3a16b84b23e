/** Packets of memcached's binary protocol, with tokens where a server's own must stand. */
import type { Command, Part, Token } from './command.ts';
import { BINARY_HEADER_BYTES } from './reply.ts';

export const OPCODES = {
  get: 0x00,
  set: 0x01,
  add: 0x02,
  replace: 0x03,
  delete: 0x04,
  increment: 0x05,
  decrement: 0x06,
  quit: 0x07,
  flush: 0x08,
  getQ: 0x09,
  noop: 0x0a,
  version: 0x0b,
  getK: 0x0c,
  getKQ: 0x0d,
  append: 0x0e,
  prepend: 0x0f,
  setQ: 0x11,
  addQ: 0x12,
  replaceQ: 0x13,
  deleteQ: 0x14,
  incrementQ: 0x15,
  decrementQ: 0x16,
  quitQ: 0x17,
  flushQ: 0x18,
  appendQ: 0x19,
  prependQ: 0x1a,
  verbosity: 0x1b,
  touch: 0x1c,
  gat: 0x1d,
  gatQ: 0x1e,
  gatK: 0x23,
  gatKQ: 0x24,
} as const;

/** What a packet is made of. */
export interface Packet {
  readonly op: keyof typeof OPCODES | number;
  readonly key?: string;
  readonly extras?: Buffer;
  readonly value?: Buffer;
  readonly token?: Token;
  /** In all replies to it. */
  readonly opaque?: number;
}

/** Numbers of four or eight bytes one after the other. */
export function numbers(...parts: readonly (readonly [bytes: 4 | 8, value: number | bigint])[]): Buffer {
  return Buffer.concat(
    parts.map(([bytes, value]) => {
      const part = Buffer.alloc(bytes);
      if (bytes === 4) part.writeUInt32BE(Number(value) >>> 0);
      else part.writeBigUInt64BE(BigInt(value));
      return part;
    }),
  );
}

/** The command of a packet. */
export function packet({ op, key = '', extras, value, token, opaque = 0 }: Packet): Command {
  const keyBytes = Buffer.from(key, 'latin1');
  const body = Buffer.concat([extras ?? Buffer.alloc(0), keyBytes, value ?? Buffer.alloc(0)]);
  const header = Buffer.alloc(BINARY_HEADER_BYTES);
  header[0] = 0x80;
  header[1] = typeof op === 'number' ? op : OPCODES[op];
  header.writeUInt16BE(keyBytes.length, 2);
  header[4] = extras?.length ?? 0;
  header.writeUInt32BE(body.length, 8);
  header.writeUInt32BE(opaque, 12);
  const parts: Part[] = token ? [header.subarray(0, 16), { ...token, binary: true }, body] : [header, body];
  return { name: String(op), parts };
}
