/** memjs (the binary protocol) and memcached (the text protocol) through their ordinary interfaces, on each runtime. */
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from '@jest/globals';
import Memcached from 'memcached';
import { Client } from 'memjs';
import { eventually } from '../harness/eventually.ts';
import { fixture } from '../harness/fixture.ts';
import { eachRuntime } from '../harness/runtimes.ts';

const LIMIT = 8 * 1024 * 1024;
const AT_ONCE = 1000;
const TIMEOUT_S = 15;

eachRuntime(runtime => {
  const { server } = fixture({ runtime, more: ['--max-memory', '128mb'] });

  describe('memjs', () => {
    const clients: Client[] = [];
    afterEach(() => {
      for (const client of clients.splice(0)) client.close();
    });
    const connect = () => {
      const options = { timeout: TIMEOUT_S, conntimeout: TIMEOUT_S, retries: 3, logger: { log: () => undefined } };
      const client = Client.create(`127.0.0.1:${server().port}`, options);
      clients.push(client);
      return client;
    };
    const text = async (client: Client, key: string) => (await client.get(key)).value?.toString();

    test('storage', async () => {
      const client = connect();
      expect(await client.set('mj', '1')).toBe(true);
      expect(await client.add('mj', '2')).toBe(false);
      expect(await client.replace('mj', '3')).toBe(true);
      expect(await client.replace('mj-absent', '3')).toBe(false);
      expect(await client.append('mj', '4')).toBe(true);
      // Its `prepend` sends the opcode of append.
      expect(await text(client, 'mj')).toBe('34');
      await expect(client.append('mj-absent', '1')).rejects.toThrow(/not stored/);
      expect((await client.get('mj-absent')).value).toBeNull();
      expect(await client.delete('mj')).toBe(true);
      expect(await client.delete('mj')).toBe(false);
    });
    test('counters, which it makes', async () => {
      const client = connect();
      await client.delete('mj-n');
      expect(await client.increment('mj-n', 1, { initial: 41 })).toEqual({ success: true, value: 41 });
      expect(await client.increment('mj-n', 1, {})).toEqual({ success: true, value: 42 });
      expect(await client.decrement('mj-n', 50, {})).toEqual({ success: true, value: 0 });
      // Written as text, as memcached does.
      expect(await text(client, 'mj-n')).toBe('0');
    });
    test('expiry', async () => {
      const client = connect();
      await client.set('mj-short', '1', { expires: 1 });
      await client.set('mj-long', '1', { expires: 1 });
      expect(await client.touch('mj-long', 100)).toBe(true);
      expect(await client.touch('mj-absent', 100)).toBe(false);
      await eventually('expiry', async () => ((await text(client, 'mj-short')) === undefined ? true : undefined));
      expect(await text(client, 'mj-long')).toBe('1');
    });
    test('many requests at once, and large binary values', async () => {
      const client = connect();
      const keys = Array.from({ length: AT_ONCE }, (_, index) => `mj-${index}`);
      await Promise.all(keys.map(key => client.set(key, key)));
      expect(await Promise.all(keys.map(key => text(client, key)))).toEqual(keys);
      const value = Buffer.alloc(LIMIT, 'ab\r\n\0');
      expect(await client.set('mj-large', value)).toBe(true);
      expect((await client.get('mj-large')).value?.equals(value)).toBe(true);
      await expect(client.set('mj-large', Buffer.alloc(LIMIT + 1))).rejects.toThrow(/TOO_LARGE|TOO LARGE|large/i);
      expect(await client.set('mj-after', '1')).toBe(true);
    });
    test('statistics and flush', async () => {
      const client = connect();
      await client.set('mj-flushed', '1');
      const stats = await new Promise<Record<string, string> | null>((resolve, reject) =>
        client.stats((error, _, found) => (error ? reject(error) : resolve(found))),
      );
      expect(Number(stats?.['curr_items'])).toBeGreaterThan(0);
      expect(stats?.['version']).toMatch(/^1\.6\.\d+/);
      expect(Object.values(await client.flush())).toEqual([true]);
      expect(await text(client, 'mj-flushed')).toBeUndefined();
    });
    test('goes on after CLIENT KILL', async () => {
      const client = connect();
      await client.set('mj-again', '1');
      const wire = await server().connect();
      await wire.send('*4\r\n$6\r\nCLIENT\r\n$4\r\nKILL\r\n$4\r\nTYPE\r\n$6\r\nnormal\r\n');
      expect(await wire.readLine()).toMatch(/^:[1-9]/);
      wire.close();
      // A request that is lost with its connection would wait for ever, whatever the server.
      const [connection] = client.servers as unknown as { _socket: unknown }[];
      await eventually('it saw the end', () => (connection?._socket === undefined ? true : undefined));
      expect(await text(client, 'mj-again')).toBe('1');
    });
  });

  describe('memcached', () => {
    const clients: Memcached[] = [];
    afterEach(() => {
      for (const client of clients.splice(0)) client.end();
    });
    /** Its commands as promises; what it tells of a command that did nothing is an error or `false`. */
    const connect = () => {
      const client = new Memcached(`127.0.0.1:${server().port}`, {
        timeout: TIMEOUT_S * 1000,
        maxValue: LIMIT,
        reconnect: 10,
        retry: 10,
        retries: 3,
      });
      clients.push(client);
      const command = <T>(name: string) => {
        const method = (client as unknown as Record<string, (...args: unknown[]) => void>)[name];
        if (!method) throw new Error(`no ${name}`);
        return promisify(method.bind(client)) as (...args: unknown[]) => Promise<T>;
      };
      return {
        set: command<boolean>('set'),
        add: command<boolean>('add'),
        cas: command<boolean>('cas'),
        append: command<boolean>('append'),
        get: command<unknown>('get'),
        gets: command<{ cas: string } & Record<string, unknown>>('gets'),
        getMulti: command<Record<string, unknown>>('getMulti'),
        incr: command<number | boolean>('incr'),
        touch: command<boolean>('touch'),
        del: command<boolean>('del'),
        version: command<{ version: string }[]>('version'),
        items: command<Record<string, unknown>[]>('items'),
        stats: command<Record<string, unknown>[]>('stats'),
      };
    };

    test('storage, with types in the flags', async () => {
      const client = connect();
      expect(await client.set('mc', 'text', 0)).toBe(true);
      expect(await client.get('mc')).toBe('text');
      expect(await client.get('mc-absent')).toBeUndefined();
      await expect(client.add('mc', 'other', 0)).rejects.toThrow(/not stored/);
      expect(await client.append('mc', '!')).toBe(true);
      expect(await client.get('mc')).toBe('text!');
      for (const value of [{ a: [1, 2.5, null] }, 42, Buffer.from('\0\r\n')]) {
        await client.set('mc', value, 0);
        expect(await client.get('mc')).toEqual(value);
      }
      expect(await client.del('mc')).toBe(true);
      expect(await client.del('mc')).toBe(false);
    });
    test('compare and swap', async () => {
      const client = connect();
      await client.set('mc', '1', 0);
      const { cas } = await client.gets('mc');
      expect(await client.cas('mc', '2', cas, 0)).toBe(true);
      expect(await client.cas('mc', '3', cas, 0)).toBe(false);
      expect(await client.get('mc')).toBe('2');
    });
    test('counters, expiry and what it tells of itself', async () => {
      const client = connect();
      await client.set('mc-n', 41, 0);
      expect(await client.incr('mc-n', 1)).toBe(42);
      expect(await client.incr('mc-absent', 1)).toBe(false);
      await client.set('mc-short', '1', 1);
      expect(await client.touch('mc-n', 100)).toBe(true);
      await eventually('expiry', async () => ((await client.get('mc-short')) === undefined ? true : undefined));
      expect(await client.get('mc-n')).toBe(42);
      expect((await client.version())[0]?.version).toMatch(/^1\.6\.\d+/);
      expect(Number((await client.stats())[0]?.['curr_items'])).toBeGreaterThan(0);
    });
    test('many at once, and large values', async () => {
      const client = connect();
      const keys = Array.from({ length: AT_ONCE }, (_, index) => `mc-${index}`);
      await Promise.all(keys.map(key => client.set(key, key, 0)));
      expect(await client.getMulti([...keys, 'mc-absent'])).toEqual(Object.fromEntries(keys.map(key => [key, key])));
      // It sends bytes as base64.
      const value = Buffer.alloc(LIMIT / 2, 'ab\r\n\0');
      await client.set('mc-large', value, 0);
      expect(((await client.get('mc-large')) as Buffer).equals(value)).toBe(true);
    });
  });
});
