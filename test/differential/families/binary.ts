/** memcached's binary protocol. */

import type { OPCODES } from '../../harness/packet.ts';
import type { Random } from '../../soak/random.mjs';
import type { Command } from '../command.ts';
import { type Family, production } from '../family.ts';
import { numbers, type Packet, packet } from '../packets.ts';
import { delta, number, numberKey, textKey, textValue } from './classic.ts';

/** The opaque says whose key it is, so that tokens are found again; replies repeat it. */
const KEYS = new Map<string, number>();
function opaque(key: string): number {
  const known = KEYS.get(key) ?? KEYS.size + 1;
  KEYS.set(key, known);
  return known;
}

const TIMES = [0, 0, 0, 1000, 100_000, 2_000_000_000, 2_592_001, 1_000_000_000];
const time = (random: Random) => random.of(TIMES);
const flags = (random: Random) => random.of([0, 0, 1, 65_535, 0xffffffff]);
const quiet = (random: Random, name: keyof typeof OPCODES): keyof typeof OPCODES =>
  random.chance(0.2) ? (`${name}Q` as keyof typeof OPCODES) : name;

/** A packet, at times with a token, or with parts that it must not have. */
function made(random: Random, packetOf: Packet, tokens = 0): Command {
  const { key = '' } = packetOf;
  const token = random.chance(tokens) ? { key: String(opaque(key)), back: random.below(3) } : undefined;
  const all: Packet = { ...packetOf, opaque: opaque(key), ...(token ? { token } : {}) };
  return packet(all);
}

const anyKey = (random: Random) => random.of([textKey, numberKey])(random);
const GETS = ['get', 'get', 'getQ', 'getK', 'getKQ'] as const;
const GATS = ['gat', 'gatQ', 'gatK', 'gatKQ'] as const;
const storing = (random: Random) => numbers([4, flags(random)], [4, time(random)]);
const counting = (random: Random) =>
  numbers([8, BigInt(delta(random))], [8, BigInt(number(random))], [4, random.of([0, 0, 0xffffffff, 1000])]);

export const binary: Family = {
  name: 'binary',
  protocol: 'binary',
  productions: [
    production('get', 16, random => made(random, { op: random.of(GETS), key: anyKey(random) })),
    production('gat', 5, random =>
      made(random, { op: random.of(GATS), key: anyKey(random), extras: numbers([4, time(random)]) }),
    ),
    production('touch', 4, random =>
      made(random, { op: 'touch', key: anyKey(random), extras: numbers([4, time(random)]) }),
    ),
    production('set', 14, random => {
      const op = quiet(random, random.of(['set', 'set', 'add', 'replace']));
      return made(random, { op, key: textKey(random), extras: storing(random), value: textValue(random) }, 0.2);
    }),
    production('set', 6, random => {
      const op = quiet(random, random.of(['set', 'set', 'add', 'replace']));
      return made(
        random,
        { op, key: numberKey(random), extras: storing(random), value: Buffer.from(number(random)) },
        0.2,
      );
    }),
    production('append', 6, random => {
      const op = quiet(random, random.of(['append', 'prepend']));
      return made(random, { op, key: textKey(random), value: textValue(random) }, 0.2);
    }),
    production('increment', 8, random => {
      const op = quiet(random, random.of(['increment', 'decrement']));
      return made(
        random,
        { op, key: random.chance(0.1) ? textKey(random) : numberKey(random), extras: counting(random) },
        0.1,
      );
    }),
    production('delete', 5, random => made(random, { op: quiet(random, 'delete'), key: anyKey(random) }, 0.2)),
    production('flush', 0.5, random =>
      packet({ op: quiet(random, 'flush'), ...random.of([{}, { extras: numbers([4, 0]) }]) }),
    ),
    production('noop', 2, () => packet({ op: 'noop' })),
    production('version', 1, () => packet({ op: 'version' })),
    // memcached skips the bytes of what it does not know twice, and so must these have none.
    production('noop', 0.5, random => packet({ op: random.of([0x1f, 0x40, 0x7f, 0xff]) })),
    production(
      'noop',
      0.3,
      random => packet({ op: random.of(['get', 'set', 'touch', 'increment', 'delete', 'append']) }),
      {
        alone: true,
      },
    ),
    production('quit', 0.3, random => ({ ...packet({ op: random.of(['quit', 'quitQ']) }), ends: true })),
  ],
};
