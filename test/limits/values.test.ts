/** Values from one byte to the limit, however they are written, and beyond it. */
import { expect, test } from '@jest/globals';
import { fixture } from '../harness/fixture.ts';
import { bulk, command, error, int, OK } from '../harness/resp.ts';
import { eachRuntime } from '../harness/runtimes.ts';
import { freshKey } from '../harness/table.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const LIMIT = 8 * MIB;
/** One byte, around each buffer size and extent that is likely, and the limit itself. */
const SIZES = [
  1,
  2,
  100,
  1000,
  4 * KIB - 1,
  4 * KIB,
  4 * KIB + 1,
  16 * KIB - 30,
  16 * KIB,
  16 * KIB + 1,
  64 * KIB - 1,
  64 * KIB,
  64 * KIB + 1,
  100_000,
  512 * KIB,
  MIB - 1,
  MIB + 1,
  3_333_333,
  LIMIT - 1,
  LIMIT,
];
const TOO_LARGE = 'SERVER_ERROR object too large for cache\r\n';

/** A value whose every part tells where it belongs. */
function pattern(length: number, seed: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let at = 0, word = seed; at < length; at += 4, word = (Math.imul(word, 1_103_515_245) + 12_345) >>> 0) {
    if (at + 4 <= length) bytes.writeUInt32LE(word, at);
    else bytes.fill(word & 0xff, at);
  }
  return bytes;
}

const lineEnd = Buffer.from('\r\n');
const setText = (key: string, value: Buffer, verb = 'set') =>
  Buffer.concat([Buffer.from(`${verb} ${key} 0 0 ${value.length}\r\n`), value, lineEnd]);
const gotText = (key: string, value: Buffer) =>
  Buffer.concat([Buffer.from(`VALUE ${key} 0 ${value.length}\r\n`), value, Buffer.from('\r\nEND\r\n')]);
const gotBulk = (value: Buffer) => Buffer.concat([Buffer.from(`$${value.length}\r\n`), value, lineEnd]);

eachRuntime(runtime => {
  const { connect } = fixture({ runtime, more: ['--max-memory', '256mb'] });

  test.each(SIZES)('%d bytes over memcached', async length => {
    const key = freshKey();
    const value = pattern(length, length);
    const wire = await connect();
    void wire.send(Buffer.concat([setText(key, value), Buffer.from(`get ${key}\r\n`)]));
    await wire.expect(Buffer.concat([Buffer.from('STORED\r\n'), gotText(key, value)]));
  });

  test.each(SIZES)('%d bytes over RESP', async length => {
    const key = freshKey();
    const value = pattern(length, length);
    const wire = await connect();
    void wire.send(Buffer.concat([command('SET', key, value), command('GET', key), command('STRLEN', key)]));
    await wire.expect(Buffer.concat([Buffer.from(OK), gotBulk(value), Buffer.from(int(length))]));
  });

  test('a value grows by append and prepend, byte by byte and by megabytes, to the limit', async () => {
    const key = freshKey();
    const wire = await connect();
    let value = pattern(1, 1);
    await wire.send(setText(key, value));
    await wire.expect('STORED\r\n');
    for (const [index, length] of [1, 1, 10, 1000, 20_000, 64 * KIB, 500_000, 3 * MIB, 4 * MIB].entries()) {
      const more = pattern(length, length + index);
      const front = index % 2 === 1;
      void wire.send(setText(key, more, front ? 'prepend' : 'append'));
      await wire.expect('STORED\r\n');
      value = front ? Buffer.concat([more, value]) : Buffer.concat([value, more]);
      await wire.send(`get ${key}\r\n`);
      await wire.expect(gotText(key, value));
    }
    const resp = await connect();
    const rest = pattern(LIMIT - value.length, 7);
    void resp.send(command('APPEND', key, rest));
    await resp.expect(int(LIMIT));
    await resp.send(command('GET', key));
    await resp.expect(gotBulk(Buffer.concat([value, rest])));
  });

  test('append and APPEND beyond the limit are refused and keep the value', async () => {
    const key = freshKey();
    const value = pattern(LIMIT - 10, 3);
    const wire = await connect();
    void wire.send(setText(key, value));
    await wire.expect('STORED\r\n');
    await wire.send(setText(key, pattern(11, 1), 'append'));
    expect(await wire.readLine()).toMatch(/^(SERVER_ERROR|NOT_STORED)/);
    const resp = await connect();
    await resp.send(command('APPEND', key, pattern(11, 1)));
    expect(await resp.readLine()).toMatch(/^-ERR /);
    await wire.send(`get ${key}\r\n`);
    await wire.expect(gotText(key, value));
  });

  test('large values in a pipeline with small ones, both protocols', async () => {
    const keys = Array.from({ length: 12 }, freshKey);
    const values = keys.map((_, index) => pattern(index % 3 === 0 ? 2 * MIB + index : 10 ** (index % 5), index + 1));
    const value = (index: number) => values[index] ?? Buffer.alloc(0);
    const wire = await connect();
    void wire.send(
      Buffer.concat(keys.flatMap((key, index) => [setText(key, value(index)), Buffer.from(`get ${key}\r\n`)])),
    );
    await wire.expect(
      Buffer.concat(keys.flatMap((key, index) => [Buffer.from('STORED\r\n'), gotText(key, value(index))])),
    );
    await wire.send(`get ${keys.join(' ')}\r\n`);
    const heads = keys.map((key, index) =>
      Buffer.concat([Buffer.from(`VALUE ${key} 0 ${value(index).length}\r\n`), value(index), lineEnd]),
    );
    await wire.expect(Buffer.concat([...heads, Buffer.from('END\r\n')]));

    const resp = await connect();
    void resp.send(
      Buffer.concat([
        command('MSET', ...keys.flatMap((key, index) => [key, value(keys.length - 1 - index)])),
        command('MGET', ...keys),
      ]),
    );
    await resp.expect(
      Buffer.concat([
        Buffer.from(`${OK}*${keys.length}\r\n`),
        ...keys.map((_, index) => gotBulk(value(keys.length - 1 - index))),
      ]),
    );
  });

  test('a large value is replaced while others read it, and each reads one whole value', async () => {
    const key = freshKey();
    const values = [1, 2, 3].map(seed => pattern(2 * MIB, seed));
    const writer = await connect();
    void writer.send(setText(key, values[0] ?? Buffer.alloc(0)));
    await writer.expect('STORED\r\n');
    const rounds = 12;
    const readers = Array.from({ length: 4 }, async () => {
      const wire = await connect();
      for (let round = 0; round < rounds; round += 1) {
        await wire.send(`get ${key}\r\n`);
        await wire.expect(`VALUE ${key} 0 ${2 * MIB}\r\n`);
        const got = await wire.read(2 * MIB);
        expect(values.some(value => value.equals(got))).toBe(true);
        await wire.expect('\r\nEND\r\n');
      }
    });
    for (let round = 0; round < rounds; round += 1) {
      void writer.send(setText(key, values[round % 3] ?? Buffer.alloc(0)));
      await writer.expect('STORED\r\n');
    }
    await Promise.all(readers);
  });

  test('a declared length over the limit is refused before the body, and the connection lives on', async () => {
    const key = freshKey();
    const wire = await connect();
    const length = LIMIT + 1;
    await wire.send(`set ${key} 0 0 ${length}\r\n`);
    await wire.expect(TOO_LARGE);
    void wire.send(Buffer.concat([Buffer.alloc(length, 'x'), Buffer.from(`\r\nget ${key}\r\n`)]));
    await wire.expect('END\r\n');
    for (const verb of ['add', 'replace', 'append', 'prepend']) {
      void wire.send(
        Buffer.concat([
          Buffer.from(`${verb} ${key} 0 0 ${length}\r\n`),
          Buffer.alloc(length, 'x'),
          Buffer.from('\r\nget absent\r\n'),
        ]),
      );
      await wire.expect(`${TOO_LARGE}END\r\n`);
    }
  });

  test('a RESP value over the limit is refused and the connection lives on', async () => {
    const key = freshKey();
    const wire = await connect();
    void wire.send(
      Buffer.concat([
        command('SET', key, Buffer.alloc(LIMIT + 1, 'x')),
        command('GET', key),
        command('SET', key, 'small'),
        command('GET', key),
      ]),
    );
    expect(await wire.readLine()).toMatch(/^-ERR .*\r\n$/);
    await wire.expect(`$-1\r\n${OK}${bulk('small')}`);
    void wire.send(
      Buffer.concat([command('MSET', key, 'a', `${key}2`, Buffer.alloc(LIMIT + 1, 'x')), command('GET', key)]),
    );
    expect(await wire.readLine()).toMatch(/^-ERR .*\r\n$/);
    await wire.expect(bulk('small'));
  });

  test('keys over RESP up to 64 KiB, and not beyond', async () => {
    const wire = await connect();
    const key = `${freshKey()}${'k'.repeat(64 * KIB - 1 - 8)}`;
    await wire.send(Buffer.concat([command('SET', key, 'v'), command('GET', key)]));
    await wire.expect(`${OK}${bulk('v')}`);
    const longer = `${key}kk`;
    void wire.send(Buffer.concat([command('SET', longer, 'v'), command('PING')]));
    expect(await wire.readLine()).toMatch(/^-ERR /);
    await wire.expect('+PONG\r\n');
  });

  test('keys never collide: every binary key keeps its own value', async () => {
    const wire = await connect();
    const alphabet = ['\0', '\r', '\n', ' ', '\xff', '\\', 'a', 'A'];
    const prefix = freshKey();
    const keys = alphabet
      .flatMap(a => alphabet.flatMap(b => [a + b, `${a}${b}\0`, ...alphabet.map(c => a + b + c)]))
      .map(text => prefix + text);
    const distinct = [...new Set(keys)];
    const long = Array.from(
      { length: 200 },
      (_, index) => `${prefix}${'z'.repeat(300)}${String.fromCharCode(index)}${'z'.repeat(300)}`,
    );
    const all = [...distinct, ...long];
    void wire.send(
      Buffer.concat([
        ...all.map((key, index) => command('SET', key, `value-${index}`)),
        ...all.map(key => command('GET', key)),
      ]),
    );
    await wire.expect(all.map(() => OK).join(''));
    await wire.expect(all.map((_, index) => bulk(`value-${index}`)).join(''));
  });

  test('SET options are never ignored: an unknown one stores nothing', async () => {
    const wire = await connect();
    const key = freshKey();
    for (const options of [
      ['FOREVER'],
      ['EX'],
      ['EX', '10', 'FOO'],
      ['NX', 'EX', '10', 'GETX'],
      ['0', '60'],
      ['IFEQ'],
    ]) {
      await wire.send(Buffer.concat([command('SET', key, 'v', ...options), command('EXISTS', key)]));
      await wire.expect(`${error('ERR syntax error')}${int(0)}`);
    }
  });
});
