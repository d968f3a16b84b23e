/** RESP as a speaker. */
import { command } from '../../harness/resp.ts';
import type { Wire } from '../../harness/wire.ts';
import { NotNumber, type Speaker, WrongType } from './speaker.ts';

type Value = string | bigint | Buffer | undefined;

/** One reply that is a simple string, an error (thrown), a number, a bulk or null. */
async function readReply(wire: Wire): Promise<Value> {
  const line = await wire.readLine();
  const rest = line.slice(1, -2);
  switch (line[0]) {
    case '+':
      return rest;
    case ':':
      return BigInt(rest);
    case '_':
      return undefined;
    case '$': {
      if (rest === '-1') return undefined;
      const bytes = await wire.read(Number(rest) + 2);
      return bytes.subarray(0, -2);
    }
    default:
      if (rest.startsWith('WRONGTYPE')) throw new WrongType(rest);
      if (rest.includes('not an integer')) throw new NotNumber(rest);
      throw new Error(`unexpected ${JSON.stringify(line)}`);
  }
}

/** RESP, of the version that the connection has. */
export function respSpeaker(wire: Wire, version: 2 | 3): Speaker {
  const ask = async (...words: (string | Buffer | number)[]) => {
    await wire.send(command(...words));
    return readReply(wire);
  };
  const milliseconds = (ttlS: number) => (ttlS > 0 ? ['PX', ttlS * 1000] : []);
  return {
    name: `RESP${version}`,
    async set(key, value, { ttlS = 0 } = {}) {
      if ((await ask('SET', key, value, ...milliseconds(ttlS))) !== 'OK') throw new Error('SET was refused');
    },
    async get(key) {
      return (await ask('GET', key)) as Buffer | undefined;
    },
    async facts(key) {
      const left = Number(await ask('PTTL', key));
      if (left === -2) return undefined;
      return { ttlS: left === -1 ? -1 : left / 1000 };
    },
    async add(key, value) {
      return (await ask('SET', key, value, 'NX')) === 'OK';
    },
    async append(key, value) {
      if ((await ask('EXISTS', key)) === 0n) return false;
      await ask('APPEND', key, value);
      return true;
    },
    async increment(key, by) {
      if ((await ask('EXISTS', key)) === 0n) return undefined;
      return (await ask('INCRBY', key, by)) as bigint;
    },
    async touch(key, ttlS) {
      if (ttlS === 0) return (await ask('EXISTS', key)) === 1n && (await ask('PERSIST', key)) !== undefined;
      return (await ask('PEXPIRE', key, ttlS * 1000)) === 1n;
    },
    async remove(key) {
      return (await ask('DEL', key)) === 1n;
    },
    async flush() {
      await ask('FLUSHALL');
    },
  };
}
