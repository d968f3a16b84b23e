/** Random streams of commands to Ringstone and to the real servers; `npm run differential` is the long one. */
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { killLeftovers, run } from '../harness/children.ts';
import { missingMemcached, missingRedis, startRedis, type Target } from '../harness/oracles.ts';
import { describeWith } from '../harness/requirement.ts';
import { command } from '../harness/resp.ts';
import { root } from '../harness/ringstone.ts';
import { eachRuntime } from '../harness/runtimes.ts';
import { type Address, Wire } from '../harness/wire.ts';
import { Campaign } from './campaign.ts';
import { SIDES } from './duel.ts';
import { FAMILIES, NOT_COMPARED } from './families/index.ts';
import { joined, type Reply, takeResp, textOf } from './reply.ts';
import { RULES } from './rules.ts';
import { Servers } from './servers.ts';

/** Streams of each family on each runtime, and the first seed of each. */
const STREAMS = 18;
const FIRST_SEED = { mio: 1, uring: 1001 };
const TIMEOUT_MS = 120_000;

afterAll(async () => {
  await killLeftovers();
});

const items = (reply: Reply | undefined) => (typeof reply === 'object' ? reply.items : []);

/** The reply to one command on a connection of its own. */
async function ask(address: Address, ...words: readonly string[]): Promise<Reply> {
  const wire = await Wire.connect(address);
  try {
    await wire.send(command(...words));
    const { reply } = await wire.readParsed((bytes, _, need) => takeResp(bytes, 0, need));
    return reply;
  } finally {
    wire.close();
  }
}

async function commandNames(servers: Servers): Promise<string[]> {
  const names = items(await ask(servers.addresses('resp').ours, 'COMMAND', 'LIST')).map(textOf);
  expect(names.length).toBeGreaterThan(100);
  return names;
}

/** Commands that Redis 7.0 does not know. */
const NOT_IN_REDIS = ['put', 'delifeq', 'client|no-touch', 'client|setinfo'];
/** Where 7.0 counts one word more than newer ones. */
const OTHER_ARITY = ['command|getkeys', 'command|getkeysandflags'];

/** What COMMAND INFO tells: name, arity, flags, keys, categories, tips; the lists have no order. */
function described(name: string, row: Reply | undefined): readonly string[] {
  const columns = items(row)
    .slice(0, 8)
    .map(column => (typeof column === 'string' ? column : items(column).map(joined).sort().join('')));
  expect(columns.length).toBe(8);
  return OTHER_ARITY.includes(name) ? columns.toSpliced(1, 1) : columns;
}

describeWith(missingMemcached ?? missingRedis, 'random streams', () => {
  const used = new Set<string>();

  eachRuntime(runtime => {
    let servers: Servers;
    let campaign: Campaign;
    beforeAll(async () => {
      servers = await Servers.start(runtime);
      campaign = new Campaign(servers);
    });
    afterAll(async () => {
      for (const name of campaign.uses) used.add(name);
      await servers.stop();
    });

    test.each(FAMILIES.map(family => [family.name, family] as const))(
      '%s',
      async (_, family) => {
        const ready = await campaign.readiness(family);
        for (let number = 0; number < STREAMS; number++) {
          const report = await campaign.run(family, ready, FIRST_SEED[runtime] + number);
          if (report) throw new Error(report.text);
        }
      },
      TIMEOUT_MS,
    );

    test('the server has all commands of all families', async () => {
      const missing = await Promise.all(
        FAMILIES.map(async family => ({ family: family.name, missing: (await campaign.readiness(family)).missing })),
      );
      expect(missing.filter(one => one.missing.length > 0)).toEqual([]);
    });

    test('COMMAND INFO says of each command what redis-server says', async () => {
      const names = (await commandNames(servers)).filter(name => !NOT_IN_REDIS.includes(name));
      const [ours, theirs] = await Promise.all(
        SIDES.map(async side => items(await ask(servers.addresses('resp')[side], 'COMMAND', 'INFO', ...names))),
      );
      for (const [index, name] of names.entries()) {
        const known = (replies: readonly Reply[] | undefined) => described(name, replies?.[index]);
        expect([name, known(ours)]).toEqual([name, known(theirs)]);
      }
    });

    test('each command that the server has is in a family, or said not to be compared', async () => {
      const compared = FAMILIES.filter(({ protocol }) => protocol === 'resp').flatMap(({ productions }) =>
        productions.flatMap(({ needs }) => needs),
      );
      const names = await commandNames(servers);
      expect(names.filter(name => !compared.includes(name) && !name.endsWith('|help')).sort()).toEqual(
        Object.keys(NOT_COMPARED).sort(),
      );
    });
  });

  test('each rule was needed', () => {
    expect(RULES.filter(({ name, byChance }) => !byChance && !used.has(name)).map(({ name }) => name)).toEqual([]);
  });
});

test('docs/compatibility.md says what each rule is for', () => {
  const page = readFileSync(join(root, 'docs', 'compatibility.md'), 'utf8');
  const section = page.split('\n## ').find(part => part.startsWith('What the random streams overlook\n')) ?? '';
  const rows = [...section.matchAll(/^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm)].slice(2);
  expect(rows.map(([, name, , reason]) => [name, reason])).toEqual(RULES.map(({ name, reason }) => [name, reason]));
});

describeWith(missingRedis, 'a wrong reply', () => {
  let redis: Target;
  let proxy: net.Server;
  let address: Address;
  beforeAll(async () => {
    redis = await startRedis();
    proxy = net.createServer(client => lie(client, redis.address)).listen(0, '127.0.0.1');
    await new Promise(resolve => proxy.once('listening', resolve));
    address = { host: '127.0.0.1', port: (proxy.address() as net.AddressInfo).port };
  });
  afterAll(async () => {
    proxy.close();
    await redis.stop();
  });

  /** Says of every string that it is one byte longer than it is. */
  function lie(client: net.Socket, target: Address): void {
    const server = net.connect({ ...target });
    client.pipe(server);
    let strlen = false;
    client.on('data', chunk => {
      strlen = /STRLEN/i.test(chunk.toString('latin1'));
    });
    server.on('data', chunk => {
      const text = chunk.toString('latin1');
      client.write(
        strlen ? text.replace(/^:([1-9]\d*)\r\n/m, (_, digits) => `:${Number(digits) + 1}\r\n`) : text,
        'latin1',
      );
    });
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.on('close', () => other.destroy());
      one.on('error', () => other.destroy());
    }
  }

  test(
    'is found, and the report is short',
    async () => {
      const both = { addresses: () => ({ ours: address, theirs: redis.address }) };
      const campaign = new Campaign(both);
      const family = FAMILIES.find(({ name }) => name === 'strings');
      if (!family) throw new Error('no family of strings');
      const report = await campaign.run(family, await campaign.readiness(family), 1);
      const text = report?.text ?? 'nothing found';
      expect(text).toMatch(/^strings, seed 1: Ringstone and the redis-server differ\n/);
      expect(text).toMatch(/^again: npm run differential -- --family strings --seed 1$/m);
      expect(text.split('\n').filter(line => /^ +(connection|\+)/.test(line)).length).toBeLessThanOrEqual(3);
    },
    TIMEOUT_MS,
  );
});

describe('npm run differential', () => {
  const differential = (...args: string[]) =>
    run(process.execPath, [join(root, 'scripts', 'differential.mjs'), ...args]);

  test('--help shows options and families', async () => {
    const { code, stdout } = await differential('--help');
    expect([code, stdout]).toEqual([0, expect.stringContaining('--seed N')]);
    for (const { name } of FAMILIES) expect(stdout).toMatch(new RegExp(`\\b${name}\\b`));
  });

  test.each([['--hours', '1'], ['--minutes', 'ten'], ['--family', 'lists'], ['--runtime', 'epoll'], ['extra']])(
    '%s %s is refused',
    async (...wrong) => {
      const { code, stderr } = await differential(...wrong);
      expect([code, stderr]).toEqual([2, expect.stringMatching(/^ringstone: .*--help/)]);
    },
  );
});
