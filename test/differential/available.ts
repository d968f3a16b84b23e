/** Which commands the running server has: it is asked, so that a family grows with the server. */
import { HEADER_BYTES } from '../harness/packet.ts';
import { command } from '../harness/resp.ts';
import { type Address, Wire } from '../harness/wire.ts';
import type { Family, Production } from './family.ts';
import { joined, takeResp } from './reply.ts';

/** Text commands that every version has. */
const CLASSIC = new Set(
  'get gets gat gats set add replace append prepend cas delete incr decr touch flush_all quit'.split(' '),
);
const META = new Set('mg ms md ma mn me'.split(' '));

/** Asks whether commands are there, each once. */
export class Available {
  #address;
  #known = new Map<string, boolean>();

  constructor(address: Address) {
    this.#address = address;
  }

  /** The productions of a family that can be used, and names of commands that are missing. */
  async of({
    protocol,
    productions,
  }: Pick<Family, 'protocol' | 'productions'>): Promise<{ usable: Production[]; missing: string[] }> {
    const usable: Production[] = [];
    const missing = new Set<string>();
    for (const one of productions) {
      const absent: string[] = [];
      for (const need of one.needs) if (!(await this.#has(protocol, need))) absent.push(need);
      for (const need of absent) missing.add(need);
      if (absent.length === 0) usable.push(one);
    }
    return { usable, missing: [...missing] };
  }

  async #has(protocol: Family['protocol'], name: string): Promise<boolean> {
    const id = `${protocol} ${name}`;
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const found = await this.#ask(protocol, name);
    this.#known.set(id, found);
    return found;
  }

  async #ask(protocol: Family['protocol'], name: string): Promise<boolean> {
    if (protocol === 'memcached' && CLASSIC.has(name)) return true;
    const wire = await Wire.connect(this.#address);
    try {
      if (protocol === 'binary') return await hasBinary(wire);
      if (protocol === 'memcached') return META.has(name) && (await replies(wire, 'mn\r\n', 'MN\r\n'));
      return await hasResp(wire, name);
    } finally {
      wire.close();
    }
  }
}

async function replies(wire: Wire, sent: string, wanted: string): Promise<boolean> {
  await wire.send(sent);
  return (await wire.readLine()) === wanted;
}

const NOOP = Buffer.alloc(HEADER_BYTES);
NOOP.writeUInt16BE(0x800a, 0);
const RESPONSE = 0x81;

/** A no-op; what takes it for text must be told the end of a line to answer. */
async function hasBinary(wire: Wire): Promise<boolean> {
  await wire.send(Buffer.concat([NOOP, Buffer.from('\r\n')]));
  return (await wire.read(1))[0] === RESPONSE;
}

/** Sub-commands are asked for without arguments: an unknown one is called so. */
async function hasResp(wire: Wire, name: string): Promise<boolean> {
  const [container = '', sub] = name.split('|');
  await wire.send(sub === undefined ? command('COMMAND', 'INFO', container) : command(container, sub));
  const { reply } = await wire.readParsed(bytes => takeResp(bytes, 0));
  const answer = joined(reply);
  return sub === undefined ? !/^\*1\r\n(?:\*-1|\$-1|_)\r\n$/.test(answer) : !/unknown (?:sub)?command/i.test(answer);
}
