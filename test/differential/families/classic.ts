/** memcached: the classic text commands. */
import type { Random } from '../../soak/random.mjs';
import { type Command, type Part, text } from '../command.ts';
import { type Family, production } from '../family.ts';
import { bytesOf, valueLength } from '../values.ts';

/**
 * Keys by what is stored in them. memcached pads a number that became shorter with spaces, which only the rule `shorter numbers`
 * can undo where nothing was appended since; so that what is decremented is never appended to, and texts are no numbers.
 */
const TEXTS = ['k1', 'k2', 'k3', 'k4', `k${'x'.repeat(249)}`, 'k\xff\x80'];
const NUMBERS = ['n1', 'n2', 'n3'];
const GROWING = ['g1', 'g2'];
const BAD_KEYS = ['x'.repeat(251), 'x'.repeat(300)];

export const textKey = (random: Random) => random.of(TEXTS);
export const numberKey = (random: Random) => random.of(NUMBERS);
const growingKey = (random: Random) => random.of(GROWING);
export const anyKey = (random: Random) =>
  random.chance(0.02) ? random.of(BAD_KEYS) : random.of([textKey, textKey, numberKey, growingKey])(random);

/** A text never begins like a number. */
export function textValue(random: Random): Buffer {
  const length = valueLength(random);
  const value = bytesOf(random, length);
  if (length > 0) value.write('v');
  return value;
}

const UNSIGNED = [
  '0',
  '1',
  '5',
  '10',
  '99',
  '100',
  '1000',
  '18446744073709551615',
  '18446744073709551614',
  '9223372036854775808',
];
export const number = (random: Random) => (random.chance(0.6) ? String(random.below(1200)) : random.of(UNSIGNED));
const DELTAS = [
  ...UNSIGNED,
  '-1',
  'abc',
  '',
  '1.5',
  '18446744073709551616',
  '99999999999999999999999',
  '+5',
  '05',
  '1x',
];

const FLAGS = ['0', '0', '0', '1', '65535', '4294967295'];
const BAD_FLAGS = ['-1', '4294967296', 'abc', '1.5'];
const flags = (random: Random) => (random.chance(0.03) ? random.of(BAD_FLAGS) : random.of(FLAGS));

/** Times: none, so far away that they do not come, or passed. */
const TIMES = ['0', '0', '0', '0', '1000', '100000', '2592000', '2000000000', '-1', '-100', '2592001', '1000000000'];
const BAD_TIMES = ['abc', '99999999999', '9223372036854775808', '1.5', ''];
export const time = (random: Random) => (random.chance(0.03) ? random.of(BAD_TIMES) : random.of(TIMES));
const noreply = (random: Random) => (random.chance(0.12) ? ' noreply' : '');

/** A line of storage and its value; sometimes the length is not the value's. */
function storage(random: Random, name: string, key: string, value: Buffer, token?: Part): Command {
  const line = `${name} ${key} ${flags(random)} ${time(random)}`;
  const more: (string | Part)[] = token ? [' ', token] : [];
  if (random.chance(0.02)) {
    // Longer than it says: what is too much is a line of its own.
    const length = random.of([value.length - 1, value.length - 2, Math.max(0, value.length - 5)]);
    if (length >= 0 && value.length < 200) return text(`${line} ${length}`, ...more, '\r\n', value, '\r\n\r\n');
  }
  if (random.chance(0.01)) {
    // Shorter than it says: the filling makes up for it, and ends in lines that are in step again.
    const missing = 1 + random.below(6);
    return text(`${line} ${value.length + missing}`, ...more, '\r\n', value, `\r\n${'y'.repeat(missing + 3)}\r\n`);
  }
  if (random.chance(0.01)) {
    const length = random.of(['-1', 'abc', '', '2147483648', '4294967295', '-2147483649', '1.5']);
    return text(`${line} ${length}`, ...more, noreply(random), '\r\n');
  }
  return text(`${line} ${value.length}`, ...more, noreply(random), '\r\n', value, '\r\n');
}

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
  'mn x',
];

export const classic: Family = {
  name: 'classic',
  protocol: 'memcached',
  productions: [
    production('get', 14, random =>
      text(`${random.of(GETS)} ${Array.from({ length: 1 + random.below(6) }, () => anyKey(random)).join(' ')}\r\n`),
    ),
    production('get', 3, random =>
      text(
        `get ${Array.from({ length: 24 + random.below(12) }, () => random.of([...TEXTS.slice(0, 4), ...NUMBERS])).join(' ')}\r\n`,
      ),
    ),
    production('gat', 5, random =>
      text(
        `${random.of(['gat', 'gats'])} ${time(random)} ${Array.from({ length: 1 + random.below(4) }, () => anyKey(random)).join(' ')}\r\n`,
      ),
    ),
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
    production('cas', 7, random =>
      storage(random, 'cas', textKey(random), textValue(random), { back: random.below(3) }),
    ),
    production('cas', 3, random =>
      storage(random, 'cas', numberKey(random), Buffer.from(number(random)), { back: random.below(3) }),
    ),
    production('delete', 5, random => text(`delete ${anyKey(random)}${noreply(random)}\r\n`)),
    production('incr', 6, random =>
      text(`incr ${random.of([numberKey, numberKey, textKey])(random)} ${random.of(DELTAS)}${noreply(random)}\r\n`),
    ),
    production('incr', 2, random => text(`incr ${growingKey(random)} ${random.below(100)}${noreply(random)}\r\n`)),
    production('decr', 6, random =>
      text(`decr ${random.of([numberKey, numberKey, textKey])(random)} ${random.of(DELTAS)}${noreply(random)}\r\n`),
    ),
    production('touch', 5, random => text(`touch ${anyKey(random)} ${time(random)}${noreply(random)}\r\n`)),
    production('flush_all', 0.5, random =>
      text(`flush_all${random.of(['', ' 0', ' noreply', ' 0 noreply', ' 100000', ' -1'])}\r\n`),
    ),
    production('get', 4, random => text(`${random.of(LINES)}${random.of(['\r\n', '\r\n', '\n'])}`)),
    production('quit', 0.3, () => ({ ...text('quit\r\n'), ends: true })),
  ],
};
