/** memcached: the classic text commands. */
import type { Random } from '../../soak/random.mjs';
import { type Command, type Part, type Token, text } from '../command.ts';
import { type Family, production } from '../family.ts';
import { bytesOf, valueLength } from '../values.ts';

/**
 * Keys by what is stored in them. memcached pads a number that became shorter with spaces, which only the rule `shorter numbers`
 * can undo where nothing was appended since; so that what is decremented is never appended to, and texts are no numbers.
 */
const TEXTS = ['k1', 'k2', 'k3', 'k4', `k${'x'.repeat(249)}`, 'k\xff\x80'];
export const NUMBERS = ['n1', 'n2', 'n3'];
const GROWING = ['g1', 'g2'];
const BAD_KEYS = ['x'.repeat(251), 'x'.repeat(300)];

export const textKey = (random: Random) => random.of(TEXTS);
export const numberKey = (random: Random) => random.of(NUMBERS);
const growingKey = (random: Random) => random.of(GROWING);
export const goodKey = (random: Random) => random.of([textKey, textKey, numberKey, growingKey])(random);
export const anyKey = (random: Random) => (random.chance(0.02) ? random.of(BAD_KEYS) : goodKey(random));
const some = (random: Random, most: number, key = goodKey) =>
  Array.from({ length: 1 + random.below(most) }, () => key(random)).join(' ');

/** A text never begins like a number. */
export function textValue(random: Random): Buffer {
  const value = bytesOf(random, valueLength(random));
  if (value.length > 0) value.write('v');
  return value;
}

/** Below 2^63, and so far that adding does not reach it: above, memcached looks for a minus behind the number, in any memory. */
const UNSIGNED = ['0', '1', '5', '10', '99', '100', '1000', '4611686018427387904', '999999999999'];
export const number = (random: Random) => (random.chance(0.6) ? String(random.below(1200)) : random.of(UNSIGNED));
const MALFORMED = ['-1', 'abc', '', '1.5', '18446744073709551616', '99999999999999999999999', '+5', '05', '1x'];
/** What is added: little. */
export const delta = (random: Random) => String(random.below(1200));
const added = (random: Random) => (random.chance(0.3) ? random.of(MALFORMED) : delta(random));
const taken = (random: Random) =>
  random.chance(0.3) ? random.of(['18446744073709551615', ...UNSIGNED, ...MALFORMED]) : delta(random);

const FLAGS = ['0', '0', '0', '1', '65535', '4294967295'];
const BAD_FLAGS = ['-1', '4294967296', 'abc', '1.5'];

/** Times: none, so far away that they do not come, or passed. */
const TIMES = ['0', '0', '0', '0', '1000', '100000', '2592000', '2000000000', '-1', '-100', '2592001', '1000000000'];
const BAD_TIMES = ['abc', '9223372036854775808', '1.5', ''];
export const time = (random: Random, bad = random.chance(0.03)) => random.of(bad ? [...TIMES, ...BAD_TIMES] : TIMES);
const noreply = (random: Random) => (random.chance(0.12) ? ' noreply' : '');

/** What follows a bad line is lines too; they must not be longer than memcached bears. */
const LONGEST_AFTER_BAD = 200;

/** A line of storage and its value; sometimes the length is not the value's. */
function storage(random: Random, name: string, key: string, whole: Buffer, token?: Token): Command {
  const bad = random.chance(0.06);
  const value = bad ? whole.subarray(0, LONGEST_AFTER_BAD) : whole;
  const more: (string | Part)[] = token ? [' ', token] : [];
  const line = (length: number | string) => [
    `${name} ${key} ${bad ? random.of([...FLAGS, ...BAD_FLAGS]) : random.of(FLAGS)} ${time(random, bad)} ${length}`,
    ...more,
  ];
  if (bad && random.chance(0.7)) {
    switch (random.below(3)) {
      case 0:
        // Longer than it says: what is too much is a line of its own.
        return text(...line(Math.max(0, value.length - random.of([1, 2, 5]))), '\r\n', value, '\r\n\r\n');
      case 1: {
        // Shorter than it says: the filling makes up for it, and ends in lines that are in step again.
        const missing = 1 + random.below(6);
        return text(...line(value.length + missing), '\r\n', value, `\r\n${'y'.repeat(missing + 3)}\r\n`);
      }
      default:
        return text(
          ...line(random.of(['-1', 'abc', '', '2147483648', '4294967295', '-2147483649', '1.5'])),
          noreply(random),
          '\r\n',
        );
    }
  }
  return text(...line(value.length), noreply(random), '\r\n', value, '\r\n');
}

const compared = (random: Random, key: string, value: Buffer) =>
  storage(random, 'cas', key, value, { key, back: random.below(3) });

const STORES = ['set', 'set', 'set', 'add', 'replace'];
const GETS = ['get', 'get', 'gets', 'gets'];

const LINES = [
  '',
  ' ',
  'nosuch',
  'GET k1',
  'get',
  'gets',
  'gat',
  'gat 0',
  'gats 100',
  'gat abc k1',
  'set',
  'set k1',
  'set k1 0',
  'set k1 0 0',
  'cas k1 0 0 1',
  'cas k1 0 0 1 abc',
  'delete',
  'delete k1 0',
  'delete k1 0 noreply',
  'delete k1 5',
  'delete k1 noreply x',
  'delete k1 0 x y',
  'incr',
  'incr n1',
  'incr n1 1 x',
  'incr n1 1 noreply x',
  'touch',
  'touch k1',
  'touch k1 abc',
  'touch k1 0 x',
  'flush_all abc',
  'flush_all 0 x',
  'flush_all x y',
  'verbosity',
  'verbosity 1',
  'verbosity 0 noreply',
  'verbosity abc',
  'verbosity 1 2 3',
  'version',
  'version x',
  'get  k1  k2 ',
  'get k1\tk2',
  ' get k1',
  'stats reset',
  'stats nosuch',
  'quit x',
];

export const classic: Family = {
  name: 'classic',
  protocol: 'memcached',
  productions: [
    production('get', 14, random => text(`${random.of(GETS)} ${some(random, 6)}\r\n`)),
    production('get', 3, random => text(`get ${some(random, 12)} ${Array(24).fill(textKey(random)).join(' ')}\r\n`)),
    production('gat', 5, random => text(`${random.of(['gat', 'gats'])} ${time(random)} ${some(random, 4)}\r\n`)),
    // At a key that is too long memcached forgets the replies to what came before in the same pipeline.
    production('get', 0.5, random => text(`${random.of(GETS)} ${some(random, 3, anyKey)} ${random.of(BAD_KEYS)}\r\n`), {
      alone: true,
    }),
    production('gat', 0.5, random => text(`gat 0 ${some(random, 3, anyKey)} ${random.of(BAD_KEYS)}\r\n`), {
      alone: true,
    }),
    production('set', 16, random => storage(random, random.of(STORES), textKey(random), textValue(random))),
    production('set', 6, random => storage(random, random.of(STORES), numberKey(random), Buffer.from(number(random)))),
    production('set', 4, random =>
      storage(random, random.of(STORES), growingKey(random), Buffer.from(String(random.below(1000)))),
    ),
    production('append', 7, random =>
      storage(random, random.of(['append', 'prepend']), textKey(random), textValue(random)),
    ),
    production('append', 3, random =>
      storage(random, random.of(['append', 'prepend']), growingKey(random), Buffer.from(String(1 + random.below(50)))),
    ),
    production('cas', 7, random => compared(random, textKey(random), textValue(random))),
    production('cas', 3, random => compared(random, numberKey(random), Buffer.from(number(random)))),
    production('delete', 5, random => text(`delete ${anyKey(random)}${noreply(random)}\r\n`)),
    production('incr', 6, random =>
      text(`incr ${random.of([numberKey, numberKey, textKey])(random)} ${added(random)}${noreply(random)}\r\n`),
    ),
    production('incr', 2, random => text(`incr ${growingKey(random)} ${random.below(100)}${noreply(random)}\r\n`)),
    production('decr', 6, random =>
      text(`decr ${random.of([numberKey, numberKey, textKey])(random)} ${taken(random)}${noreply(random)}\r\n`),
    ),
    production('touch', 5, random => text(`touch ${anyKey(random)} ${time(random)}${noreply(random)}\r\n`)),
    // Without a delay to come: until then memcached shows again what was flushed before.
    production('flush_all', 0.5, random =>
      text(`flush_all${random.of(['', ' 0', ' noreply', ' 0 noreply', ' -1'])}\r\n`),
    ),
    production('get', 4, random => text(`${random.of(LINES)}${random.of(['\r\n', '\r\n', '\n'])}`)),
    production('quit', 0.3, () => ({ ...text('quit\r\n'), ends: true })),
  ],
};
