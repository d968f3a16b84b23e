/** COMMAND INFO of every command that redis-server has too: arity, flags, keys, categories and tips are the same. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Reply, takeResp } from '../differential/reply.ts';
import { fixture } from '../harness/fixture.ts';
import { missingRedis, startRedis, type Target } from '../harness/oracles.ts';
import { describeWith } from '../harness/requirement.ts';
import { command } from '../harness/resp.ts';
import { Wire } from '../harness/wire.ts';

/** A reply as values: texts, and lists of them. */
type Value = string | Value[];

const SENTINEL = 'end of reply';

function plain(reply: Reply): Value {
  if (typeof reply !== 'string') return reply.items.map(plain);
  const [head = '', body = ''] = reply.split('\r\n');
  return head.startsWith('$') ? body : head.replace(/^[+:]/, '');
}

async function ask(wire: Wire, ...words: string[]): Promise<Value> {
  await wire.send(Buffer.concat([command(...words), command('ECHO', SENTINEL)]));
  const taken = takeResp(await wire.readThrough(`\r\n${SENTINEL}\r\n`), 0);
  if (!taken) throw new Error(`no reply to ${words.join(' ')}`);
  return plain(taken.reply);
}

/** What is compared; of sets the order does not matter. */
interface Info {
  arity: Value;
  flags: Value;
  keys: Value;
  categories: Value;
  tips: Value;
  specifications: Value;
}

const sorted = (value: Value | undefined) => (Array.isArray(value) ? value.map(String).sort() : []);

/** A specification of keys without its notes, which are prose. */
function specification(value: Value): Value {
  const pairs = value as string[];
  const fields = new Map(pairs.flatMap((name, at) => (at % 2 === 0 ? [[name, pairs[at + 1] as Value] as const] : [])));
  return [sorted(fields.get('flags')), fields.get('begin_search') ?? '', fields.get('find_keys') ?? ''];
}

/** The command's row and those of its subcommands, by their names. */
function infos(value: Value): [name: string, info: Info][] {
  const [name, arity = '', flags, first = '', last = '', step = '', categories, tips, keys = [], subcommands = []] =
    value as Value[];
  const info: Info = {
    arity,
    flags: sorted(flags),
    keys: [first, last, step],
    categories: sorted(categories),
    tips: sorted(tips),
    specifications: (keys as Value[]).map(specification),
  };
  return [[String(name), info], ...(subcommands as Value[]).flatMap(infos)];
}

/** What redis-server 7.0 says otherwise, and why Ringstone does not. */
const DIFFERENT: Readonly<Record<string, { fields: readonly (keyof Info)[]; why: string }>> = {
  'command|getkeys': { fields: ['arity'], why: 'Valkey takes a command without arguments, Redis 7.0 does not' },
  'command|getkeysandflags': { fields: ['arity'], why: 'the same' },
};

describeWith(missingRedis, 'COMMAND INFO', () => {
  const { connect } = fixture({ listen: ['resp://127.0.0.1:0'] });
  let redis: Target;
  let oracle: Wire;
  beforeAll(async () => {
    redis = await startRedis();
    oracle = await Wire.connect(redis.address);
  });
  afterAll(async () => {
    oracle?.close();
    await redis?.stop();
  });

  test('is that of redis-server but for what is listed', async () => {
    const wire = await connect();
    const names = (await ask(wire, 'COMMAND', 'LIST')) as string[];
    expect(names.length).toBeGreaterThan(60);
    const known = ((await ask(oracle, 'COMMAND', 'INFO', ...names)) as Value[]).filter(Array.isArray).flatMap(infos);
    const theirs = new Map(known);
    const found: Record<string, (keyof Info)[]> = {};
    for (const [name, info] of ((await ask(wire, 'COMMAND', 'INFO', ...names)) as Value[]).flatMap(infos)) {
      const other = theirs.get(name);
      if (!other) continue;
      const fields = (Object.keys(info) as (keyof Info)[]).filter(
        field => JSON.stringify(info[field]) !== JSON.stringify(other[field]),
      );
      if (fields.length > 0) found[name] = fields;
    }
    expect(found).toEqual(Object.fromEntries(Object.entries(DIFFERENT).map(([name, { fields }]) => [name, fields])));
  });

  test('keys are where redis-server finds them', async () => {
    const wire = await connect();
    for (const line of [
      'GET a',
      'SET a b EX 1',
      'MSET a 1 b 2',
      'MSETNX a 1 b 2',
      'GETRANGE a 0 1',
      'SETEX a 1 b',
      'RENAME a b',
      'RENAMENX a b',
      'COPY a b REPLACE',
      'TOUCH a b c',
      'OBJECT ENCODING a',
      'OBJECT FREQ a',
      'EXPIREAT a 1',
      'INCRBYFLOAT a 1',
      'HSET a b c',
    ]) {
      const words = ['COMMAND', 'GETKEYS', ...line.split(' ')];
      expect([line, await ask(wire, ...words)]).toEqual([line, await ask(oracle, ...words)]);
    }
    for (const line of ['KEYS a', 'SCAN 0', 'WAIT 0 0', 'OBJECT HELP']) {
      const words = ['COMMAND', 'GETKEYS', ...line.split(' ')];
      expect([line, await ask(wire, ...words)]).toEqual([line, await ask(oracle, ...words)]);
    }
  });
});
