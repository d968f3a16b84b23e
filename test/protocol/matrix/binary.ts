/** memcached's binary protocol as a speaker. */
import { HEADER_BYTES, OPCODES, REPLY_MAGIC, REQUEST_MAGIC } from '../../harness/packet.ts';
import type { Wire } from '../../harness/wire.ts';
import { NotNumber, type Speaker, WrongType } from './speaker.ts';

const SUCCESS = 0x00;
const NOT_FOUND = 0x01;
const EXISTS = 0x02;
const NOT_STORED = 0x05;
const NON_NUMERIC = 0x06;

interface Response {
  status: number;
  cas: bigint;
  extras: Buffer;
  value: Buffer;
}

interface Request {
  key?: string;
  extras?: Buffer;
  value?: Buffer;
  cas?: string;
}

function encode(opcode: number, { key = '', extras = Buffer.alloc(0), value = Buffer.alloc(0), cas = '0' }: Request) {
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = REQUEST_MAGIC;
  header[1] = opcode;
  header.writeUInt16BE(key.length, 2);
  header[4] = extras.length;
  header.writeUInt32BE(extras.length + key.length + value.length, 8);
  header.writeBigUInt64BE(BigInt(cas), 16);
  return Buffer.concat([header, extras, Buffer.from(key, 'latin1'), value]);
}

function numbers(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, 4 * index);
  return bytes;
}

/** `by`, the initial value and "do not create" as a time. */
function incrementExtras(by: number): Buffer {
  const extras = Buffer.alloc(20, 0xff);
  extras.writeBigUInt64BE(BigInt(by), 0);
  extras.writeBigUInt64BE(0n, 8);
  return extras;
}

/** The binary protocol. */
export function binarySpeaker(wire: Wire): Speaker {
  const ask = async (opcode: number, request: Request, ...expected: number[]): Promise<Response> => {
    await wire.send(encode(opcode, request));
    const header = await wire.read(HEADER_BYTES);
    const body = await wire.read(header.readUInt32BE(8));
    const extras = header[4] as number;
    if (header[0] !== REPLY_MAGIC || header[1] !== opcode) throw new Error(`out of step: ${header.toString('hex')}`);
    const status = header.readUInt16BE(6);
    const value = body.subarray(extras + header.readUInt16BE(2));
    if (!expected.includes(status)) {
      if (value.toString() === 'the item is a hash') throw new WrongType(value.toString());
      if (status === NON_NUMERIC) throw new NotNumber(value.toString());
      throw new Error(`unexpected status ${status}: ${value}`);
    }
    return { status, cas: header.readBigUInt64BE(16), extras: body.subarray(0, extras), value };
  };
  return {
    name: 'binary',
    async set(key, value, { flags = 0, ttlS = 0 } = {}) {
      await ask(OPCODES.set, { key, value, extras: numbers(flags, ttlS) }, SUCCESS);
    },
    async get(key) {
      const { status, value } = await ask(OPCODES.get, { key }, SUCCESS, NOT_FOUND);
      return status === SUCCESS ? value : undefined;
    },
    async facts(key) {
      const { status, cas, extras } = await ask(OPCODES.get, { key }, SUCCESS, NOT_FOUND);
      return status === SUCCESS ? { flags: extras.readUInt32BE(0), cas: String(cas) } : undefined;
    },
    async add(key, value) {
      return (await ask(OPCODES.add, { key, value, extras: numbers(0, 0) }, SUCCESS, EXISTS)).status === SUCCESS;
    },
    async append(key, value) {
      return (await ask(OPCODES.append, { key, value }, SUCCESS, NOT_STORED)).status === SUCCESS;
    },
    async increment(key, by) {
      const { status, value } = await ask(OPCODES.increment, { key, extras: incrementExtras(by) }, SUCCESS, NOT_FOUND);
      return status === SUCCESS ? value.readBigUInt64BE(0) : undefined;
    },
    async touch(key, ttlS) {
      return (await ask(OPCODES.touch, { key, extras: numbers(ttlS) }, SUCCESS, NOT_FOUND)).status === SUCCESS;
    },
    async remove(key) {
      return (await ask(OPCODES.delete, { key }, SUCCESS, NOT_FOUND)).status === SUCCESS;
    },
    async swap(key, token, value) {
      const request = { key, value, cas: token, extras: numbers(0, 0) };
      const { status } = await ask(OPCODES.set, request, SUCCESS, EXISTS, NOT_FOUND);
      return status === SUCCESS ? 'stored' : status === EXISTS ? 'exists' : 'absent';
    },
    async flush() {
      await ask(OPCODES.flush, {}, SUCCESS);
    },
  };
}
