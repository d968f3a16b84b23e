/** memcached's classic commands as a speaker. */
import type { Wire } from '../../harness/wire.ts';
import { NotNumber, type Speaker, type Swapped, WrongType } from './speaker.ts';

/** The classic text protocol. */
export function classicSpeaker(wire: Wire): Speaker {
  const line = async () => (await wire.readLine()).slice(0, -2);
  const checked = (reply: string) => {
    if (reply === 'SERVER_ERROR the item is a hash') throw new WrongType(reply);
    if (reply.startsWith('CLIENT_ERROR cannot increment')) throw new NotNumber(reply);
    if (/^(CLIENT_|SERVER_)?ERROR/.test(reply)) throw new Error(`unexpected ${reply}`);
    return reply;
  };
  const ask = async (...words: (string | number)[]) => {
    await wire.send(`${words.join(' ')}\r\n`);
    return checked(await line());
  };
  const store = async (verb: string, key: string, value: Buffer, flags = 0, ttlS = 0, token?: string) => {
    const head = [verb, key, flags, ttlS, value.length, ...(token ? [token] : [])].join(' ');
    await wire.send(Buffer.concat([Buffer.from(`${head}\r\n`), value, Buffer.from('\r\n')]));
    return checked(await line());
  };
  const gets = async (key: string) => {
    const head = await ask('gets', key);
    if (head === 'END') return undefined;
    const [, , flags, length, cas] = head.split(' ');
    const value = (await wire.read(Number(length) + 2)).subarray(0, -2);
    await wire.expect('END\r\n');
    return { value, flags: Number(flags), cas: String(cas) };
  };
  return {
    name: 'classic',
    async set(key, value, { flags, ttlS } = {}) {
      if ((await store('set', key, value, flags, ttlS)) !== 'STORED') throw new Error('set was refused');
    },
    async get(key) {
      return (await gets(key))?.value;
    },
    async facts(key) {
      const found = await gets(key);
      return found && { flags: found.flags, cas: found.cas };
    },
    async add(key, value) {
      return (await store('add', key, value)) === 'STORED';
    },
    async append(key, value) {
      return (await store('append', key, value)) === 'STORED';
    },
    async increment(key, by) {
      const reply = await ask('incr', key, by);
      return reply === 'NOT_FOUND' ? undefined : BigInt(reply);
    },
    async touch(key, ttlS) {
      return (await ask('touch', key, ttlS)) === 'TOUCHED';
    },
    async remove(key) {
      return (await ask('delete', key)) === 'DELETED';
    },
    async swap(key, token, value) {
      const reply = await store('cas', key, value, 0, 0, token);
      const outcomes: Record<string, Swapped> = { STORED: 'stored', EXISTS: 'exists', NOT_FOUND: 'absent' };
      return outcomes[reply] as Swapped;
    },
    async flush() {
      await ask('flush_all');
    },
  };
}
