/** memcached's meta commands as a speaker. */
import type { Wire } from '../../harness/wire.ts';
import { type Facts, NotNumber, type Speaker, type Swapped, WrongType } from './speaker.ts';

/** The meta protocol. */
export function metaSpeaker(wire: Wire): Speaker {
  const line = async () => (await wire.readLine()).slice(0, -2);
  const checked = (reply: string) => {
    if (reply === 'SERVER_ERROR the item is a hash') throw new WrongType(reply);
    if (reply.startsWith('CLIENT_ERROR cannot increment')) throw new NotNumber(reply);
    if (/^(CLIENT_|SERVER_)?ERROR/.test(reply)) throw new Error(`unexpected ${reply}`);
    return reply;
  };
  const ask = async (...words: string[]) => {
    await wire.send(`${words.join(' ')}\r\n`);
    return checked(await line());
  };
  const store = async (key: string, value: Buffer, ...flags: string[]) => {
    const head = ['ms', key, value.length, ...flags].join(' ');
    await wire.send(Buffer.concat([Buffer.from(`${head}\r\n`), value, Buffer.from('\r\n')]));
    return checked(await line());
  };
  return {
    name: 'meta',
    async set(key, value, { flags = 0, ttlS = 0 } = {}) {
      if ((await store(key, value, `F${flags}`, `T${ttlS}`)) !== 'HD') throw new Error('ms was refused');
    },
    async get(key) {
      const reply = await ask('mg', key, 'v');
      if (reply === 'EN') return undefined;
      const [, length] = reply.split(' ');
      return (await wire.read(Number(length) + 2)).subarray(0, -2);
    },
    async facts(key) {
      const reply = await ask('mg', key, 'f', 't', 'c');
      if (reply === 'EN') return undefined;
      const facts: Facts = {};
      for (const word of reply.split(' ').slice(1)) {
        const rest = word.slice(1);
        if (word[0] === 'f') facts.flags = Number(rest);
        if (word[0] === 't') facts.ttlS = Number(rest);
        if (word[0] === 'c') facts.cas = rest;
      }
      return facts;
    },
    async add(key, value) {
      return (await store(key, value, 'ME')) === 'HD';
    },
    async append(key, value) {
      return (await store(key, value, 'MA')) === 'HD';
    },
    async increment(key, by) {
      const reply = await ask('ma', key, `D${by}`, 'v');
      if (reply === 'NF') return undefined;
      const [, length] = reply.split(' ');
      return BigInt((await wire.read(Number(length) + 2)).subarray(0, -2).toString());
    },
    async touch(key, ttlS) {
      return (await ask('mg', key, `T${ttlS}`)) === 'HD';
    },
    async remove(key) {
      return (await ask('md', key)) === 'HD';
    },
    async swap(key, token, value) {
      const reply = await store(key, value, `C${token}`);
      const outcomes: Record<string, Swapped> = { HD: 'stored', EX: 'exists', NF: 'absent' };
      return outcomes[reply] as Swapped;
    },
    async flush() {
      await ask('flush_all');
    },
  };
}
