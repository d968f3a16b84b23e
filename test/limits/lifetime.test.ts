/** Times: beyond thirty days, negative, at the bounds of numbers; delayed flush; kept by arithmetic and append. */
import { expect, test } from '@jest/globals';
import { eventually } from '../harness/eventually.ts';
import { fixture } from '../harness/fixture.ts';
import { command, int, OK } from '../harness/resp.ts';
import { eachRuntime } from '../harness/runtimes.ts';
import { freshKey } from '../harness/table.ts';
import type { Wire } from '../harness/wire.ts';

const DAYS_30_S = 30 * 24 * 60 * 60;
const now = () => Math.floor(Date.now() / 1000);

async function ttl(resp: Wire, key: string): Promise<number> {
  await resp.send(command('TTL', key));
  return Number((await resp.readLine()).slice(1));
}

async function ask(wire: Wire, sent: string | Buffer): Promise<string> {
  await wire.send(sent);
  return wire.readLine();
}

eachRuntime(runtime => {
  const { connect } = fixture({ runtime });

  test('up to thirty days a time is relative, beyond it is absolute', async () => {
    const [text, resp] = [await connect(), await connect()];
    const key = freshKey();
    const store = async (time: number | string) =>
      expect(await ask(text, `set ${key} 0 ${time} 1\r\na\r\n`)).toBe('STORED\r\n');
    await store(DAYS_30_S);
    expect(await ttl(resp, key)).toBeGreaterThan(DAYS_30_S - 60);
    await store(now() + 1000);
    expect(await ttl(resp, key)).toBeGreaterThan(900);
    expect(await ttl(resp, key)).toBeLessThanOrEqual(1001);
    for (const past of [DAYS_30_S + 1, now() - 1, -1, -DAYS_30_S, -(2 ** 31)]) {
      await store(past);
      expect(await ttl(resp, key)).toBe(-2);
    }
    await store(0);
    expect(await ttl(resp, key)).toBe(-1);
  });

  test('durations do not overflow', async () => {
    const [text, resp] = [await connect(), await connect()];
    const key = freshKey();
    for (const time of [
      '9223372036854775807',
      '9223372036854775',
      '4611686018427387904',
      String(2 ** 53),
      String(2 ** 40),
    ]) {
      for (const line of [`set ${key} 0 ${time} 1\r\na\r\n`, `touch ${key} ${time}\r\n`])
        expect(await ask(text, line)).toMatch(/^(STORED|TOUCHED)\r\n$/);
      await text.send(`gat ${time} ${key}\r\n`);
      await text.expect(`VALUE ${key} 0 1\r\na\r\nEND\r\n`);
      expect(await ttl(resp, key)).toBeGreaterThan(DAYS_30_S);
    }
    for (const time of ['-9223372036854775808', '-9223372036854775807', '-1']) {
      expect(await ask(text, `set ${key} 0 ${time} 1\r\na\r\n`)).toBe('STORED\r\n');
      expect(await ttl(resp, key)).toBe(-2);
    }
    for (const options of [
      ['EX', '9223372036854775807'],
      ['PX', '9223372036854775807'],
      ['EX', '9223372036854775'],
      ['EXAT', '9223372036854775807'],
    ]) {
      expect(await ask(resp, command('SET', key, 'a', ...options))).toBe(
        "-ERR invalid expire time in 'set' command\r\n",
      );
    }
    expect(await ask(resp, command('SET', key, 'a', 'PXAT', '9223372036854775807'))).toBe(OK);
    expect(await ttl(resp, key)).toBeGreaterThan(DAYS_30_S);
    for (const words of [
      ['EXPIRE', '9223372036854775807'],
      ['PEXPIRE', '9223372036854775807'],
      ['EXPIRE', '-9223372036854775808'],
    ] as const) {
      expect(await ask(resp, command(words[0], key, words[1]))).toBe(
        `-ERR invalid expire time in '${words[0].toLowerCase()}' command\r\n`,
      );
    }
    expect(await ttl(resp, key)).toBeGreaterThan(DAYS_30_S);
  });

  test('incr, decr, append and prepend keep the time, over both protocols', async () => {
    const [text, resp] = [await connect(), await connect()];
    const key = freshKey();
    const kept = async () => {
      expect(await ttl(resp, key)).toBeGreaterThan(900);
      expect(await ttl(resp, key)).toBeLessThanOrEqual(1000);
    };
    await ask(text, `set ${key} 0 1000 2\r\n10\r\n`);
    for (const line of [
      `incr ${key} 90\r\n`,
      `decr ${key} 95\r\n`,
      `append ${key} 0 0 1\r\n7\r\n`,
      `prepend ${key} 0 0 1\r\n1\r\n`,
      `append ${key} 0 -1 1\r\n7\r\n`,
      `prepend ${key} 0 5 1\r\n1\r\n`,
    ]) {
      await ask(text, line);
      await kept();
    }
    for (const words of [
      ['INCR', key],
      ['DECR', key],
      ['INCRBY', key, '5'],
      ['DECRBY', key, '5'],
      ['APPEND', key, '1'],
      ['SET', key, '1', 'KEEPTTL'],
    ]) {
      await ask(resp, command(...words));
      await kept();
    }
  });

  test('a delayed flush leaves items alone until its time, takes them then, and spares later ones', async () => {
    const text = await connect();
    const [before, after] = [freshKey(), freshKey()];
    await ask(text, `set ${before} 0 0 1\r\na\r\n`);
    expect(await ask(text, 'flush_all 2\r\n')).toBe('OK\r\n');
    await text.send(`get ${before}\r\n`);
    await text.expect(`VALUE ${before} 0 1\r\na\r\nEND\r\n`);
    await eventually('the flush', async () =>
      (await ask(text, `touch ${before} 0\r\n`)) === 'NOT_FOUND\r\n' ? true : undefined,
    );
    await ask(text, `set ${after} 0 0 1\r\nb\r\n`);
    await text.send(`get ${after}\r\n`);
    await text.expect(`VALUE ${after} 0 1\r\nb\r\nEND\r\n`);
  });

  test('items expire at their time, read or not, and count no more', async () => {
    const resp = await connect();
    await ask(resp, command('FLUSHALL'));
    const key = freshKey();
    await ask(resp, command('SET', key, 'a', 'PX', 30));
    await eventually('expiry', async () => ((await ask(resp, command('EXISTS', key))) === int(0) ? true : undefined));
    expect(await ask(resp, command('SET', key, 'b', 'XX'))).toBe('$-1\r\n');
    expect(await ask(resp, command('PERSIST', key))).toBe(int(0));
    expect(await ask(resp, command('APPEND', key, 'c'))).toBe(int(1));
    expect(await ttl(resp, key)).toBe(-1);
  });
});
