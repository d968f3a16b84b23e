/** One truth across the protocols: what each writes, each other reads: value, flags, times, tokens, and errors of type. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { killLeftovers } from '../harness/children.ts';
import { command } from '../harness/resp.ts';
import { type RingstoneServer, startRingstone } from '../harness/ringstone.ts';
import { eachRuntime } from '../harness/runtimes.ts';
import { freshKey } from '../harness/table.ts';
import type { Wire } from '../harness/wire.ts';
import { binarySpeaker } from './matrix/binary.ts';
import { classicSpeaker } from './matrix/classic.ts';
import { metaSpeaker } from './matrix/meta.ts';
import { respSpeaker } from './matrix/resp.ts';
import { NotNumber, type Speaker, WrongType } from './matrix/speaker.ts';
import { respDialect } from './resp/dialect.ts';

const NAMES = ['classic', 'meta', 'binary', 'RESP2', 'RESP3'] as const;
type Name = (typeof NAMES)[number];

const PAIRS = NAMES.flatMap(writer => NAMES.map(reader => [writer, reader] as const));

/** Client flags of the tests, which RESP has none of. */
const FLAGS = 4_000_000_007;
const hasFlags = (name: Name) => !name.startsWith('RESP');

/** None, one, the protocols' own line ends, one that lies in a segment, and one in extents. */
const VALUES = [
  Buffer.alloc(0),
  Buffer.from('1'),
  Buffer.from('\r\nEND\r\n\0\xff', 'latin1'),
  Buffer.alloc(1000, 'abc'),
  Buffer.alloc(50_001, '0123456789'),
];

/** A TTL that was given so long ago at most. */
const SLACK_S = 20;

eachRuntime(runtime => {
  let server: RingstoneServer;
  let respWire: Wire;
  const speakers = {} as Record<Name, Speaker>;
  const wires: Wire[] = [];
  let key: string;

  beforeAll(async () => {
    server = await startRingstone({ runtime, workers: 4 });
    const connect = async () => {
      const wire = await server.connect();
      wires.push(wire);
      return wire;
    };
    speakers.classic = classicSpeaker(await connect());
    speakers.meta = metaSpeaker(await connect());
    speakers.binary = binarySpeaker(await connect());
    respWire = await connect();
    speakers.RESP2 = respSpeaker(respWire, 2);
    const third = await connect();
    await respDialect(3).prepare?.(third);
    speakers.RESP3 = respSpeaker(third, 3);
  });
  afterAll(async () => {
    for (const wire of wires) wire.close();
    await server?.stop();
    await killLeftovers();
  });
  beforeEach(() => {
    key = freshKey();
  });

  describe.each(PAIRS)('written by %s, read by %s', (writerName, readerName) => {
    const writer = () => speakers[writerName];
    const reader = () => speakers[readerName];

    test('values of every form', async () => {
      for (const value of VALUES) {
        await writer().set(key, value);
        expect(await reader().get(key)).toEqual(value);
      }
    });
    test('flags', async () => {
      await writer().set(key, Buffer.from('a'), { flags: FLAGS });
      const flags = (await reader().facts(key))?.flags;
      if (hasFlags(readerName)) expect(flags).toBe(hasFlags(writerName) ? FLAGS : 0);
      else expect(flags).toBeUndefined();
    });
    test('flags stay when the other appends, and go when it sets', async () => {
      await writer().set(key, Buffer.from('1'), { flags: FLAGS });
      await reader().append(key, Buffer.from('0'));
      expect((await speakers.classic.facts(key))?.flags).toBe(hasFlags(writerName) ? FLAGS : 0);
      await reader().set(key, Buffer.from('1'));
      expect((await speakers.classic.facts(key))?.flags).toBe(0);
    });
    test('times', async () => {
      const left = async () => {
        // Two of the protocols have no word for it.
        const { ttlS } = (await reader().facts(key)) ?? {};
        return ttlS ?? (await speakers.RESP2.facts(key))?.ttlS ?? Number.NaN;
      };
      await writer().set(key, Buffer.from('a'), { ttlS: 100 });
      expect(await left()).toBeGreaterThan(100 - SLACK_S);
      expect(await left()).toBeLessThanOrEqual(100);
      expect(await writer().touch(key, 500)).toBe(true);
      expect(await left()).toBeGreaterThan(500 - SLACK_S);
      expect(await reader().touch(key, 0)).toBe(true);
      expect(await left()).toBe(-1);
      await writer().set(key, Buffer.from('b'), { ttlS: 100 });
      await reader().append(key, Buffer.from('c'));
      expect(await left()).toBeGreaterThan(100 - SLACK_S);
    });
    test('every write makes the other’s token stale', async () => {
      const token = async () => (await reader().facts(key))?.cas;
      await writer().set(key, Buffer.from('1'));
      const { swap } = reader();
      const first = await token();
      if (!swap || first === undefined) return;
      expect(await swap(key, first, Buffer.from('2'))).toBe('stored');
      expect(await writer().get(key)).toEqual(Buffer.from('2'));
      const changes: (() => Promise<unknown>)[] = [
        () => writer().set(key, Buffer.from('3')),
        () => writer().append(key, Buffer.from('4')),
        () => writer().increment(key, 1),
      ];
      for (const change of changes) {
        const before = String(await token());
        await change();
        expect(await swap(key, before, Buffer.from('lost'))).toBe('exists');
        expect(await swap(key, String(await token()), Buffer.from('7'))).toBe('stored');
      }
      const last = String(await token());
      expect(await writer().remove(key)).toBe(true);
      expect(await swap(key, last, Buffer.from('lost'))).toBe('absent');
    });
    test('one that is there, and one that is not', async () => {
      expect(await reader().get(key)).toBeUndefined();
      expect(await writer().append(key, Buffer.from('a'))).toBe(false);
      expect(await writer().add(key, Buffer.from('a'))).toBe(true);
      expect(await reader().add(key, Buffer.from('b'))).toBe(false);
      expect(await reader().append(key, Buffer.from('b'))).toBe(true);
      expect(await writer().get(key)).toEqual(Buffer.from('ab'));
      expect(await reader().remove(key)).toBe(true);
      expect(await writer().remove(key)).toBe(false);
      expect(await reader().facts(key)).toBeUndefined();
    });
    test('numbers', async () => {
      await writer().set(key, Buffer.from('41'));
      expect(await reader().increment(key, 1)).toBe(42n);
      expect(await writer().increment(key, 100)).toBe(142n);
      expect(await reader().get(key)).toEqual(Buffer.from('142'));
      await writer().set(key, Buffer.from('no number'));
      await expect(reader().increment(key, 1)).rejects.toThrow(NotNumber);
      expect(await writer().get(key)).toEqual(Buffer.from('no number'));
    });
    test('a flush', async () => {
      await writer().set(key, Buffer.from('a'));
      await reader().flush();
      expect(await writer().get(key)).toBeUndefined();
      await writer().set(key, Buffer.from('b'));
      expect(await reader().get(key)).toEqual(Buffer.from('b'));
    });
  });

  describe.each(NAMES)('a hash, met by %s', name => {
    const other = () => speakers[name];
    const words = async (...sent: string[]) => {
      await respWire.send(command(...sent));
      return respWire.readLine();
    };
    beforeEach(async () => {
      expect(await words('HSET', key, 'field', 'value', 'n', '1')).toBe(':2\r\n');
    });

    test('is neither read, extended nor counted', async () => {
      await expect(other().get(key)).rejects.toThrow(WrongType);
      await expect(other().append(key, Buffer.from('x'))).rejects.toThrow(WrongType);
      await expect(other().increment(key, 1)).rejects.toThrow(WrongType);
      expect(await words('HSTRLEN', key, 'field')).toBe(':5\r\n');
      expect(await words('HLEN', key)).toBe(':2\r\n');
    });
    test('is there, has its times, and can be written over and removed', async () => {
      expect(await other().add(key, Buffer.from('x'))).toBe(false);
      expect(await other().touch(key, 100)).toBe(true);
      expect(await words('HINCRBY', key, 'n', '1')).toBe(':2\r\n');
      expect((await speakers.RESP2.facts(key))?.ttlS).toBeGreaterThan(100 - SLACK_S);
      expect(await words('TYPE', key)).toBe('+hash\r\n');
      await other().set(key, Buffer.from('x'));
      expect(await other().get(key)).toEqual(Buffer.from('x'));
      expect(await words('TYPE', key)).toBe('+string\r\n');
      expect(await words('HGET', key, 'field')).toMatch(/^-WRONGTYPE /);
      expect(await other().remove(key)).toBe(true);
      expect(await words('HLEN', key)).toBe(':0\r\n');
    });
  });
});
