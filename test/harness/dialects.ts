/** One key read in every protocol, from a raw connection, so that a test says once what all clients see. */
import { HEADER_BYTES, OPCODES, REQUEST_MAGIC } from './packet.ts';
import { command } from './resp.ts';
import type { Wire } from './wire.ts';

/** A way to ask for a key. */
export interface Dialect {
  /** The request. */
  get(key: string): Buffer;
  /** The value, `undefined` for a miss; a failure that the server tells of is thrown with its text. */
  read(wire: Wire, key: string): Promise<string | undefined>;
}

/** The text of an error that the server answered. */
export class Refusal extends Error {}

const latin1 = (text: string) => Buffer.from(text, 'latin1');

async function readLine(wire: Wire): Promise<string> {
  const line = (await wire.readLine()).slice(0, -2);
  if (/^(?:SERVER_ERROR|CLIENT_ERROR|ERROR|-)/.test(line)) throw new Refusal(line);
  return line;
}

async function readValue(wire: Wire, length: number, end: string): Promise<string> {
  const value = (await wire.read(length)).toString('latin1');
  await wire.expect(end);
  return value;
}

/** Opcode, key and extras as a packet. */
export function packet(opcode: number, key: string, extras = Buffer.alloc(0), value = ''): Buffer {
  const body = Buffer.concat([extras, latin1(key), latin1(value)]);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(REQUEST_MAGIC, 0);
  header.writeUInt8(opcode, 1);
  header.writeUInt16BE(Buffer.byteLength(key, 'latin1'), 2);
  header.writeUInt8(extras.length, 4);
  header.writeUInt32BE(body.length, 8);
  return Buffer.concat([header, body]);
}

const NOT_FOUND = 1;

async function readPacket(wire: Wire): Promise<string | undefined> {
  const header = await wire.read(HEADER_BYTES);
  const body = await wire.read(header.readUInt32BE(8));
  const text = body.subarray(header.readUInt8(4) + header.readUInt16BE(2)).toString('latin1');
  const status = header.readUInt16BE(6);
  if (status === 0) return text;
  if (status === NOT_FOUND) return undefined;
  throw new Refusal(text);
}

/** All of them. */
export const DIALECTS: Readonly<Record<string, Dialect>> = {
  classic: {
    get: key => latin1(`get ${key}\r\n`),
    async read(wire, key) {
      const line = await readLine(wire);
      if (line === 'END') return undefined;
      const [, name, , length] = line.split(' ');
      if (name !== key) throw new Error(`asked for ${key}, got ${line}`);
      return readValue(wire, Number(length), '\r\nEND\r\n');
    },
  },
  meta: {
    get: key => latin1(`mg ${key} v k\r\n`),
    async read(wire, key) {
      const line = await readLine(wire);
      if (line === `EN k${key}`) return undefined;
      const [, length, name] = line.split(' ');
      if (name !== `k${key}`) throw new Error(`asked for ${key}, got ${line}`);
      return readValue(wire, Number(length), '\r\n');
    },
  },
  binary: {
    get: key => packet(OPCODES.get, key),
    read: readPacket,
  },
  resp: {
    get: key => command('GET', key),
    async read(wire) {
      const line = await readLine(wire);
      return line === '$-1' ? undefined : readValue(wire, Number(line.slice(1)), '\r\n');
    },
  },
};
