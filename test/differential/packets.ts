/** Packets of memcached's binary protocol, with tokens where a server's own must stand. */
import { HEADER_BYTES, OPCODES } from '../harness/packet.ts';
import type { Command, Part, Token } from './command.ts';

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
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = 0x80;
  header[1] = typeof op === 'number' ? op : OPCODES[op];
  header.writeUInt16BE(keyBytes.length, 2);
  header[4] = extras?.length ?? 0;
  header.writeUInt32BE(body.length, 8);
  header.writeUInt32BE(opaque, 12);
  const parts: Part[] = token ? [header.subarray(0, 16), { ...token, binary: true }, body] : [header, body];
  return { name: String(op), parts };
}
